"""An endpoint that refuses, does not answer or fails its TLS handshake has heard nothing of the
request: it goes to the next one, whatever its method. When all fail it is 502; a service that has
no address at all is 503."""

import sys

sys.path.append(sys.path[0] + "/..")
import socket

from support.backends import Backend, silent
from support.channel import server_context
from support.http_backend import WebBackend
from support.http_front import WAYS, Front, account
from support.scenario import main


class Full:
    """A port whose backlog is full: connecting to it is neither refused nor completed."""

    def __init__(self):
        self._sockets = [socket.socket()]
        self._sockets[0].bind(("127.0.0.1", 0))
        self._sockets[0].listen(0)
        self.address = "127.0.0.1:%d" % self._sockets[0].getsockname()[1]
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(self._sockets[0].getsockname())
            self._sockets.append(client)

    def close(self):
        for one in self._sockets:
            one.close()


def test(t):
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    dead = "127.0.0.1:%d" % closed.getsockname()[1]
    full = t.keep(Full()).address
    wrong = t.keep(Backend(silent, tls=server_context(t.other_authority().issue("backend.test"))))
    good = t.keep(WebBackend(name="good"))
    good_tls = t.keep(WebBackend(name="good", tls=t.backend_tls()))
    front = Front(
        t, plain=Several(dead, full, good.address), settings="limits: {connect_timeout: 500ms}\n",
        tls=Several(dead, wrong.address, good_tls.address),
        sites="""
  - {host: dead.test, listeners: [http], scenario: offload, service: dead}
  - {host: no-address.test, listeners: [http], scenario: offload, service: nowhere}
""", services=f"""
  - {{name: dead, endpoints: ["{dead}"]}}
  - {{name: nowhere, endpoints: ["no-such-name.invalid:80"]}}
""")
    for way in WAYS:
        for i in range(9):
            method = ("GET", "POST", "PATCH")[i % 3]
            told = account(front.ask(way, f"/{i}", method=method,
                                     body=b"body" if method != "GET" else None))
            assert told["backend"] == "good" and told["method"] == method, (way, told)
            assert told["body"] == ("body" if method != "GET" else ""), (way, told)
    backend_counts = len(good.requests), len(good_tls.requests)
    assert backend_counts == (18, 9), backend_counts
    assert not any(seen.received for seen in wrong.seen), "it could not be verified"
    assert front.ask("plain", host="dead.test").status == 502
    assert front.ask("plain", host="dead.test", method="POST", body=b"x").status == 502
    assert front.ask("plain", host="no-address.test").status == 503
    closed.close()


class Several:
    """Addresses of a service, for Front."""

    def __init__(self, *addresses):
        self.address = '", "'.join(addresses)


if __name__ == "__main__":
    main(test)
