"""After 101 bytes pass both ways until both sides have ended. The connection to the backend is
nobody else's before or after; none of the timeouts of requests applies, but `tunnel_idle_timeout`
does. A refused upgrade is an ordinary exchange."""

import sys

sys.path.append(sys.path[0] + "/..")
import time

from support.channel import Cut
from support.http_backend import echo
from support.http_front import WAYS, Front
from support.scenario import main
from support.waiting import eventually

UPGRADE = {"Connection": "keep-alive, Upgrade", "Upgrade": "test-protocol"}
SETTINGS = """limits:
  tunnel_idle_timeout: 3s
  keep_alive_timeout: 1s
  response_timeout: 1s
  response_idle_timeout: 1s
  body_timeout: 1s
  header_timeout: 1s
"""


def respond(request, answer):
    if request.target == "/refused":
        answer.whole(b"no protocol but this\n")
    else:
        echo(request, answer)


def test(t):
    front = Front(t, respond, settings=SETTINGS)
    for way in WAYS:
        carries_bytes(front, way)
        is_refused(front, way)
    for way in WAYS:
        has_its_own_timeout(front, way)


def carries_bytes(front, way):
    backend = front.backend(way)
    with front.client(way) as client:
        assert client.get("/before").status == 200
        used = backend.requests[-1].index
        response = client.get("/tunnel", UPGRADE)
        assert response.status == 101 and response["Upgrade"] == "test-protocol", (way, response)
        assert response.fields.members("Connection") == ["upgrade"], (way, response)
        assert backend.requests[-1].index == used, "a pooled connection will do"
        for size in (1, 100, 100_000):
            data = bytes(i % 251 for i in range(size))
            client.send(data)
            assert client.recv_exactly(size) == data, (way, size)
        other = front.client(way)
        assert other.get("/another").status == 200
        assert backend.requests[-1].index != used, "the tunnel's connection is in use"
        other.close()
        client.send(b"the last word")
        client.end()  # and the backend's side is still heard
        assert client.recv_exactly(13) == b"the last word", way
        client.ended()
    eventually("the tunnel's connection is over", lambda: backend.seen[used].over)
    assert backend.seen[used].error is None, (way, backend.seen[used].error)


def is_refused(front, way):
    with front.client(way) as client:
        for _ in range(2):
            response = client.get("/refused", UPGRADE)
            assert response.status == 200, (way, response)
            assert response.body == b"no protocol but this\n", (way, response)
        # An Upgrade that Connection does not name is no Upgrade.
        assert client.get("/", {"Upgrade": "test-protocol"}).status == 200, way


def has_its_own_timeout(front, way):
    with front.client(way) as client:
        assert client.get("/tunnel", UPGRADE).status == 101
        backend = front.backend(way)
        index = backend.requests[-1].index
        began = time.monotonic()
        for _ in range(3):  # longer than each of the others, shorter than its own
            wait_until(began + 1.5)
            client.send(b"alive")
            assert client.recv_exactly(5) == b"alive", way
            began = time.monotonic()
        try:
            assert client.recv_exactly(1) == b"", way
        except Cut:
            pass
        assert 2.5 < time.monotonic() - began < 8, (way, time.monotonic() - began)
        eventually("the backend's end too", lambda: backend.seen[index].over)


def wait_until(moment):
    """Being silent for a time is what is tested here."""
    time.sleep(max(0.0, moment - time.monotonic()))


if __name__ == "__main__":
    main(test)
