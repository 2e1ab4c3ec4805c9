"""`header_timeout` runs over the whole head, however often a byte comes; `body_timeout` from one
read of the body to the next. Both end in 408 and the end of the connection. Before its first byte a
client owes nothing: then it is only idle, and closed without a word."""

import sys

sys.path.append(sys.path[0] + "/..")
import time

from support.channel import Cut
from support.http import Ended, head
from support.http_front import WAYS, Front
from support.scenario import main
from support.waiting import at_once, eventually

SETTINGS = "limits: {header_timeout: 2s, body_timeout: 2s, keep_alive_timeout: 2s}\n"
LEAST, MOST = 1.5, 8


def test(t):
    fronts = [Front(t, name=way, settings=SETTINGS) for way in WAYS]
    at_once(each_way, fronts, WAYS)


def each_way(front, way):
    for first in (b"G", b"GET / HTTP/1.1\r\nHost: ", b"POST / HTTP/1.1\r\n"):
        with front.client(way) as client:
            is_408(client, first, (way, first))
    with front.client(way) as client:
        assert client.get().status == 200
        is_408(client, b"GET / HT", (way, "second request"))
    drips(front, way)
    slow_body(front, way)
    says_nothing(front, way)


def is_408(client, first, where):
    began = time.monotonic()
    client.send(first)
    response = client.response()
    assert response.status == 408, (where, response)
    assert response.fields.members("Connection") == ["close"], (where, response)
    assert LEAST < time.monotonic() - began < MOST, (where, time.monotonic() - began)
    client.ended()


def drips(front, way):
    """A byte every now and then does not prolong a head."""
    with front.client(way) as client:
        began = time.monotonic()
        client.channel.socket.settimeout(0.2)
        response = None
        client.send(b"GET / HTTP/1.1\r\nX-Slow: ")
        while response is None and time.monotonic() - began < MOST:
            try:
                client.send(b"y")
                response = client.response()
            except TimeoutError:
                pass
            except Cut:
                break
        assert time.monotonic() - began < MOST, (way, "it drips on")
        assert response is None or response.status == 408, (way, response)


def slow_body(front, way):
    backend = front.backend(way)
    for framing in (("Content-Length", "100"), ("Transfer-Encoding", "chunked")):
        with front.client(way) as client:
            client.send(head("POST /slow HTTP/1.1", [("Host", f"{way}.test"), framing]))
            for _ in range(3):  # each pause is shorter than the timeout, all together are longer
                time.sleep(0.8)
                client.send(b"1\r\nx\r\n" if framing[1] == "chunked" else b"x")
            is_408(client, b"1\r\nx\r\n" if framing[1] == "chunked" else b"x", (way, framing))
        index = backend.requests[-1].index
        eventually("the backend is told too", lambda i=index: backend.seen[i].over)
        assert not backend.requests[-1].body, "a body that never was"


def says_nothing(front, way):
    for requests in (0, 1):
        with front.client(way) as client:
            if requests:
                assert client.get().status == 200
            began = time.monotonic()
            try:
                assert client.reader.rest() == b"", way
            except Ended:
                pass
            assert LEAST < time.monotonic() - began < MOST, (way, requests)


if __name__ == "__main__":
    main(test)
