"""WebSockets of npm's `ws`, through offload and reencrypt, with and without compression: 10 000
messages of text and bytes come back as they were, and the backend sends 10 000 by itself. A reload
that takes the site away and a silence longer than any timeout of requests, but shorter than
`tunnel_idle_timeout`, change nothing: then all of it works again. The end is the clients' own
close frame, and the log calls it a tunnel that ended as it should."""

import sys

sys.path.append(sys.path[0] + "/..")
import signal
import time

from support.http_front import TLS_WAYS, Front
from support.node import install, node, node_server
from support.scenario import main
from support.waiting import eventually

TIMEOUT = 120
MESSAGES = 10_000
IDLE_SECONDS = 2.5
SETTINGS = """limits:
  tunnel_idle_timeout: 30s
  keep_alive_timeout: 1s
  response_timeout: 1s
  response_idle_timeout: 1s
  body_timeout: 1s
  header_timeout: 1s
"""


class NodeBackend:
    def __init__(self, t, tls):
        self.address = node_server(t, "websocket_server.js", tls)


def test(t):
    install()
    front = Front(t, plain=NodeBackend(t, False), tls=NodeBackend(t, True), settings=SETTINGS,
                  hosts=("gone.test", "gone-too.test"), workers=2)
    count = MESSAGES if not t.sanitizer else MESSAGES // 5
    clients = {(way, mode): node(t, "websocket_client.js", front.port(way), f"{way}.test",
                                 t.authority.file, count, mode, name=f"client-{way}-{mode}")
               for way in TLS_WAYS for mode in ("plain", "deflate")}
    for client in clients.values():
        client.wait_for_output("round 1", 60)
    assert open_tunnels(front) == len(clients)

    without = front.body.replace("host: offload.test", "host: gone.test") \
        .replace("host: reencrypt.test", "host: gone-too.test")
    assert front.proxy.reload(without) == "applied", front.proxy.process.output
    time.sleep(IDLE_SECONDS)  # being silent is what is tested
    for client in clients.values():
        assert client.alive, client.output
        client.signal(signal.SIGUSR2)
    for client in clients.values():
        client.wait_for_output("round 2", 60)

    for client in clients.values():
        assert client.stop() == 0, client.output
        assert "closed 1000 enough" in client.output, client.output
    eventually("all tunnels have ended", lambda: open_tunnels(front) == 0)
    for way in TLS_WAYS:
        eventually("each has its line in the log", lambda w=way: len(front.proxy.access_lines(
            site=f"{w}.test", upgraded=True, status=101, end="tunnelled", path="/socket")) == 2)


def open_tunnels(front):
    return front.proxy.metrics().sum("sallyport_http_tunnels_open")


if __name__ == "__main__":
    main(test)
