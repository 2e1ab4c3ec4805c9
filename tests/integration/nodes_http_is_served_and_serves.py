"""Node's https with an agent of 16 kept connections before the proxy, Node's http and https behind
it: GETs, POSTs with a length and in chunks, and bodies that come back while they are being sent."""

import sys

sys.path.append(sys.path[0] + "/..")
import json

from support.http_front import TLS_WAYS, Front
from support.node import node, node_server
from support.scenario import main

TIMEOUT = 120
REQUESTS = 800


class NodeBackend:
    def __init__(self, t, tls):
        self.address = node_server(t, "http_server.js", tls)


def test(t):
    front = Front(t, plain=NodeBackend(t, False), tls=NodeBackend(t, True), workers=2)
    count = REQUESTS if not t.sanitizer else REQUESTS // 4
    for way in TLS_WAYS:
        client = node(t, "http_client.js", front.port(way), f"{way}.test", t.authority.file, count,
                      name=f"node-client-{way}")
        assert client.wait(60) == 0, (way, client.output)
        told = json.loads(client.output)
        print(way, told)
        assert [told[k] for k in ("get", "sum", "stream", "echo")] == [count // 4] * 4, (way, told)
        # An exchange in which the response came before the request was over may end a connection;
        # all others keep it.
        assert told["connections"] <= 16 + told["echo"], (way, told)


if __name__ == "__main__":
    main(test)
