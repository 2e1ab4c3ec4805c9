"""`response_timeout` until the first byte of a response: 504. `response_idle_timeout` between reads
of its body, and `request_timeout` over all: the transfer is broken, for there is no other way to
say it. A response that keeps coming, however slowly, is not touched by the former two."""

import sys

sys.path.append(sys.path[0] + "/..")
import time

from support.http import Broken
from support.http_backend import echo
from support.http_front import WAYS, Front
from support.scenario import main
from support.waiting import at_once, eventually

LIMITS = "limits: {response_timeout: 2s, response_idle_timeout: 2s, request_timeout: 7s}\n"
LEAST, MOST = 1.5, 9


def respond(request, answer):
    kind = request.target.strip("/")
    if kind == "never":
        answer.read_body()
        answer.wait_for_end()
    elif kind == "half-a-head":
        answer.send(b"HTTP/1.1 200 OK\r\nContent-Le")
        answer.wait_for_end()
    elif kind == "only-interim":
        answer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        answer.wait_for_end()
    elif kind == "stalls":
        answer.start(length=1000)
        answer.send(b"x" * 10)
        answer.wait_for_end()
    elif kind == "slowly":
        answer.start(length=5)
        for _ in range(5):
            time.sleep(0.8)
            answer.send(b"x")
    elif kind == "endless":
        answer.start()
        try:
            while True:
                answer.send(b"1\r\nx\r\n")
                time.sleep(0.3)
        finally:
            answer.over = True
    else:
        echo(request, answer)


def test(t):
    fronts = [Front(t, respond, name=way, settings=LIMITS) for way in WAYS]
    at_once(each_way, fronts, WAYS)


def each_way(front, way):
    backend = front.backend(way)
    for method, kind in (("GET", "never"), ("POST", "never"), ("GET", "half-a-head"),
                         ("GET", "only-interim")):
        with front.client(way) as client:
            began, known = time.monotonic(), len(backend.requests)
            response = client.get(f"/{kind}", method=method,
                                  body=b"posted" if method == "POST" else None)
            assert response.status == 504, (way, kind, response)
            check_time(began, (way, method, kind))
            assert client.get("/after").status == 200, "the client is not to blame"
        asked = [r for r in backend.requests[known:] if r.target == f"/{kind}"]
        assert len(asked) == 1, (way, kind, "it was asked again")
        eventually("it is told that nobody waits", lambda: backend.seen[asked[0].index].over)
    with front.client(way) as client:
        assert client.get("/slowly").body == b"xxxxx", way
    for kind, least in (("stalls", LEAST), ("endless", 6)):
        with front.client(way) as client:
            began = time.monotonic()
            try:
                response = client.get(f"/{kind}")
                raise AssertionError((way, kind, "ended as if it were whole", response))
            except Broken as broken:
                assert broken.body.startswith(b"x"), (way, kind, broken)
            assert least < time.monotonic() - began < 15, (way, kind)


def check_time(began, where):
    took = time.monotonic() - began
    assert LEAST < took < MOST, (where, took)


if __name__ == "__main__":
    main(test)
