"""`protocol: auto`: HTTP/2 with a backend that agrees to it, HTTP/1.1 with one that does not, over
connections that are kept; `protocol: http2` with the latter is 502, and told why."""

import sys

sys.path.append(sys.path[0] + "/..")
import json

from support.http_backend import WebBackend
from support.http_front import Front
from support.node import node_server
from support.scenario import main

TIMEOUT = 60


class NodeBackend:
    def __init__(self, t):
        self.address = node_server(t, "http2_server.js", True)


def test(t):
    old = t.keep(WebBackend(lambda request, answer: answer.whole(b"old"), name="old",
                            tls=t.backend_tls()))
    tls = "tls: {name: backend.test, secret: authority}"
    front = Front(t, tls=NodeBackend(t), hosts=("old.test", "strict.test"), sites=f"""
  - {{host: old.test, listeners: [https], scenario: reencrypt, secret: site, service: old}}
  - {{host: strict.test, listeners: [https], scenario: reencrypt, secret: site, service: strict}}
  - {{host: new.test, listeners: [http], scenario: reencrypt, service: new}}
""", services=f"""  - {{name: old, endpoints: ["{old.address}"], {tls}, protocol: auto}}
  - {{name: strict, endpoints: ["{old.address}"], {tls}, protocol: http2}}
  - {{name: new, endpoints: ["{node_server(t, 'http2_server.js', True)}"], {tls}, protocol: auto}}
""")
    for _ in range(5):
        told = json.loads(front.ask("plain", "/who", host="new.test").body)
        assert told["version"] == "2.0" and told["sessions"] == 1, told
    for _ in range(5):
        assert front.ask("offload", host="old.test").body == b"old"
    opened = front.proxy.metrics().sum("sallyport_backend_connections_opened_total")
    assert opened == 2, opened  # one to each
    assert front.ask("offload", host="strict.test").status == 502
    line = front.proxy.access_line(host="strict.test")
    assert line["detail"] == "the backend does not agree to HTTP/2", line


if __name__ == "__main__":
    main(test)
