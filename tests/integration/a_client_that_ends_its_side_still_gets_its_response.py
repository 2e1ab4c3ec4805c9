"""A client may say close_notify, FIN, or both, once its request is complete: on its way is still
the whole response, however late and large it is, and every pipelined one. That its TLS stream ends
without close_notify is no reason either: the request was complete before."""

import sys

sys.path.append(sys.path[0] + "/..")
import socket
import threading

from support.http import head
from support.http_backend import echo, pattern
from support.http_front import WAYS, Front
from support.scenario import main

SIZE = 3_000_000


class Gate:
    """Answers under /late come only when it is opened."""

    def __init__(self):
        self.opened = threading.Event()

    def respond(self, request, answer):
        if request.target.startswith("/late"):
            answer.read_body()
            assert self.opened.wait(20)
            answer.start(length=SIZE)
            answer.send(pattern(SIZE))
        else:
            echo(request, answer)


ENDINGS = {
    "close_notify and FIN": lambda c: c.end(),
    "close_notify": lambda c: c.end(fin=False),
    "FIN": lambda c: c.channel.socket.shutdown(socket.SHUT_WR),
}


def test(t):
    gate = Gate()
    front = Front(t, gate.respond)
    for way in WAYS:
        for what, end in ENDINGS.items():
            if way == "plain" and what != "FIN":
                continue
            for method, body in (("GET", None), ("POST", b"x" * 10_000), ("PUT", [b"in", b"chunks"])):
                gate.opened.clear()
                with front.client(way) as client:
                    client.request(method, "/late", body=body)
                    known = len(front.backend(way).requests)
                    end(client)
                    # The only worker has had a turn since: it knows of the end.
                    assert front.ask(way).status == 200
                    assert front.ask(way).status == 200
                    gate.opened.set()
                    response = client.response()
                    assert response.status == 200, (way, what, method, response)
                    assert response.body == pattern(SIZE), (way, what, method, len(response.body))
                    client.ended()
                assert len(front.backend(way).requests) <= known + 3, (way, what, method)
        pipelined(front, way)


def pipelined(front, way):
    for what, end in ENDINGS.items():
        if way == "plain" and what != "FIN":
            continue
        with front.client(way) as client:
            client.send(b"".join(head(f"GET /bytes/{i}000 HTTP/1.1", [("Host", f"{way}.test")])
                                 for i in range(20)))
            end(client)
            for i in range(20):
                response = client.response()
                assert len(response.body) == i * 1000, (way, what, i, response)
            client.ended()


if __name__ == "__main__":
    main(test)
