"""The race that keep-alive brings: the backend closes a connection as it is used again. If not a
byte of the response had come, the request is sent once more on a fresh connection, if it may be
repeated; a POST gets 502. One death on a fresh connection is the backend's answer."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.http_backend import echo
from support.http_front import WAYS, Front
from support.scenario import main

REPEATABLE = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS")


def respond(request, answer):
    """What dies does so without a word, once it has been asked."""
    kind = request.target.split("/")[1]
    if kind == "dies" or (kind == "dies-if-old" and request.number > 1):
        die(request, answer)
    elif kind == "half" and request.number > 1:
        answer.send(b"HTTP/1.1 200 O")
        answer.reset()
    else:
        echo(request, answer)


def die(request, answer):
    answer.read_body()
    {"end": answer.end, "cut": answer.cut, "reset": answer.reset}[
        request.target.rpartition("/")[2]]()


def test(t):
    front = Front(t, respond)
    for way in WAYS:
        for how in ("end", "cut", "reset"):
            for method in REPEATABLE:
                is_repeated(front, way, method, how)
            is_not_repeated(front, way, "POST", how)
            is_not_repeated(front, way, "PATCH", how)
            fails_when_fresh(front, way, how)
        with front.client(way) as client:
            assert client.get().status == 200
            known = len(front.backend(way).requests)
            assert client.get("/half").status == 502, "the response had begun"
            assert len(front.backend(way).requests) == known + 1, way


def is_repeated(front, way, method, how):
    backend = front.backend(way)
    with front.client(way) as client:
        assert client.get("/warm").status == 200
        known = len(backend.requests)
        response = client.get(f"/dies-if-old/{how}", method=method)
        assert response.status == 200, (way, method, how, response)
        asked = backend.requests[known:]
        assert len(asked) == 2 and asked[0].number > 1 and asked[1].number == 1, \
            (way, method, how, asked)
        assert asked[0]["X-Request-ID"] == asked[1]["X-Request-ID"], (way, method, how)
        assert client.get("/warm").status == 200


def is_not_repeated(front, way, method, how):
    backend = front.backend(way)
    with front.client(way) as client:
        assert client.get("/warm").status == 200
        known = len(backend.requests)
        response = client.get(f"/dies-if-old/{how}", method=method, body=b"x")
        assert response.status == 502, (way, method, how, response)
        assert len(backend.requests) == known + 1, (way, method, how, "it was sent twice")
        assert client.get("/warm").status == 200, way


def fails_when_fresh(front, way, how):
    backend = front.backend(way)
    known = len(backend.requests)
    response = front.ask(way, f"/dies/{how}")
    assert response.status == 502, (way, how, response)
    assert len(backend.requests) - known <= 3, (way, how, "asked again and again")
    assert backend.requests[-1].number == 1, (way, how)


if __name__ == "__main__":
    main(test)
