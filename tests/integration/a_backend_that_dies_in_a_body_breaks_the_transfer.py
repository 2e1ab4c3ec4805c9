"""A body that a backend did not finish must not look finished: not by Content-Length, not in chunks,
not under TLS without close_notify, not after a reset; and least of all to a client of HTTP/1.0,
for whom the end of the connection is the end of the body. An end that is as it should be, is one."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.channel import Cut
from support.http import Broken
from support.http_backend import echo
from support.http_front import WAYS, Front
from support.scenario import main
from support.waiting import eventually

PART = b"the first half of a body, " * 1000


def respond(request, answer):
    parts = request.target.strip("/").split("/")
    if parts[0] != "dies":
        return echo(request, answer)
    _, framing, how = parts
    if framing == "length":
        answer.start(length=2 * len(PART))
        answer.send(PART)
    elif framing == "one-byte-short":
        answer.start(length=len(PART) + 1)
        answer.send(PART)
    elif framing == "chunks":
        answer.start()
        answer.send(b"%x\r\n%s\r\n" % (len(PART), PART))
    elif framing == "in-a-chunk":
        answer.start()
        answer.send(b"%x\r\n%s" % (2 * len(PART), PART))
    elif framing == "before-the-last-line":
        answer.start()
        answer.send(b"%x\r\n%s\r\n0\r\n" % (len(PART), PART))
    elif framing == "bad-chunk":
        answer.start()
        answer.send(b"%x\r\n%s\r\nnonsense\r\n" % (len(PART), PART))
    else:  # until the end of the connection
        answer.send(b"HTTP/1.1 200 OK\r\nX-Framing: none\r\n\r\n" + PART)
    {"end": answer.end, "cut": answer.cut, "reset": answer.reset}[how]()


FRAMINGS = ("length", "one-byte-short", "chunks", "in-a-chunk", "before-the-last-line", "bad-chunk",
            "close")


def test(t):
    front = Front(t, respond)
    for way in WAYS:
        for framing in FRAMINGS:
            for how in ("end", "cut", "reset"):
                for minor in (1, 0):
                    where = (way, framing, how, f"HTTP/1.{minor}")
                    # Plain TCP has one kind of end; only a reset can say that it is none.
                    whole = framing == "close" and (
                        how == "end" or (how == "cut" and way != "reencrypt"))
                    check(front, way, f"/dies/{framing}/{how}", minor, whole, where)
        assert front.ask(way).status == 200
    for backend in (front.plain, front.tls):
        eventually("none of those connections is used again",
                   lambda b=backend: b.open() <= 1)


def check(front, way, target, minor, whole, where):
    backend = front.backend(way)
    known = len(backend.requests)
    with front.client(way) as client:
        client.request("GET", target, minor=minor)
        try:
            response = client.reader.response()
            if response.status == 502:  # nobody had been told of the head yet
                assert not whole, where
                return
            assert response.status == 200, (where, response)
            client.reader.body_of_response(response)
            assert whole, (where, "ended as if it were whole", len(response.body))
            assert response.body == PART, (where, len(response.body))
        except Broken as broken:
            assert not whole, (where, broken)
            assert PART.startswith(broken.body), (where, broken)
        except Cut as cut:  # it overtook even the head
            assert not whole, (where, cut)
    assert len(backend.requests) == known + 1, (where, "it was asked again")


if __name__ == "__main__":
    main(test)
