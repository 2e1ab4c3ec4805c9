"""`header_size` and `header_count`: a request whose head is larger, or has more fields, is 431, the
connection is closed, and the backend hears nothing. It counts in pieces too: nobody can make the
proxy hold more. From a backend the same is 502."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.channel import Cut
from support.http import head
from support.http_backend import echo
from support.http_front import WAYS, Front
from support.scenario import main

SIZE, COUNT = 32 * 1024, 100


def respond(request, answer):
    if request.target == "/many-fields":
        answer.whole(b"x", fields=[(f"X-{i}", "y") for i in range(200)])
    elif request.target == "/large-head":
        answer.whole(b"x", fields=[("X-Large", "y" * 100_000)])
    else:
        echo(request, answer)


def test(t):
    defaults = Front(t, respond, name="defaults")
    small = Front(t, respond, settings="limits: {header_size: 1KiB, header_count: 10}\n",
                  name="small")
    for front, size, count in ((defaults, SIZE, COUNT), (small, 1024, 10)):
        for way in WAYS:
            accepts(front, way, size, count)
            refuses(front, way, size, count)
    for way in WAYS:
        for target in ("/many-fields", "/large-head"):
            response = defaults.ask(way, target)
            assert response.status == 502, (way, target, response)


def accepts(front, way, size, count):
    with front.client(way) as client:
        client.send(padded(way, size))
        assert client.response().status == 200, (way, size)
        client.request(fields=[(f"X-{i}", "y") for i in range(count - 1)])  # and Host
        assert client.response().status == 200, (way, count)


def refuses(front, way, size, count):
    backend = front.backend(way)
    known = len(backend.received())
    long_target = head("GET /" + "a" * (size + 1) + " HTTP/1.1", [("Host", f"{way}.test")])
    many = head("GET / HTTP/1.1", [("Host", f"{way}.test")] + [("X", "y")] * count)
    for what, data in (("size", padded(way, size + 1)), ("far too large", padded(way, 50 * size)),
                       ("target", long_target), ("count", many), ("tiny", many + many),
                       ("without an end", padded(way, 50 * size)[:-4])):
        with front.client(way) as client:
            try:
                client.send(data)
            except Cut:
                pass
            response = client.response()
            assert response.status in ((431, 414) if what == "target" else (431,)), \
                (way, what, response)
            client.ended()
    with front.client(way) as client:
        client.send_in_pieces(many)
        assert client.response().status == 431, way
        client.ended()
    assert len(backend.received()) == known, (way, "the backend heard of it")


def padded(way, size):
    """A request whose head is just so large."""
    without = head("GET / HTTP/1.1", [("Host", f"{way}.test"), ("X-Pad", "")])
    return without[:-4] + b"p" * (size - len(without)) + b"\r\n\r\n"


if __name__ == "__main__":
    main(test)
