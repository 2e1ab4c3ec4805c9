"""A backend takes a request on a fresh connection and ends it without an answer. The request is
sent to the next endpoint, where a kept connection is waiting, and the client gets that answer:
neither a failure, nor an end without a word."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.http_backend import WebBackend
from support.http_front import TLS_WAYS, Front
from support.scenario import main
from support.waiting import eventually


class Dying:
    """Never keeps a connection; ends those of "/die" without a word."""

    def __init__(self):
        self.taken = 0

    def __call__(self, request, answer):
        if request.target == "/die":
            self.taken += 1
        else:
            answer.read_body()
            answer.whole(b"dying", fields=[("Connection", "close")])
        answer.end()


def respond(request, answer):
    answer.read_body()
    answer.whole(b"well")


class Pair:
    """Two backends with one behaviour each, as Front wants them: addresses of both."""

    def __init__(self, t, tls):
        self.dying = Dying()
        backends = [t.keep(WebBackend(r, tls=t.backend_tls() if tls else None))
                    for r in (self.dying, respond)]
        self.address = '", "'.join(b.address for b in backends)
        self.well = backends[1]


def test(t):
    front = Front(t, plain=Pair(t, False), tls=Pair(t, True))
    for way in TLS_WAYS:
        pair = front.backend(way)
        with front.client(way) as client:
            for _ in range(4):  # both have had a request, and one has kept its connection
                assert client.get().status == 200, way
            connections = len(pair.well.seen)
            taken = pair.dying.taken
            for _ in range(2):  # one of them meets the dying one first
                response = client.get("/die")
                assert (response.status, response.body) == (200, b"well"), (way, response)
            assert pair.dying.taken == taken + 1, (way, pair.dying.taken)
            assert len(pair.well.seen) == connections, (way, "the kept connection will do")
        eventually("the log says that it was retried", lambda w=way: front.proxy.access_lines(
            path="/die", host=f"{w}.test", retried=True, reused_connection=True, status=200))


if __name__ == "__main__":
    main(test)
