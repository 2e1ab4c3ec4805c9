"""RFC 9218: of the bodies that wait for a client, those of the more urgent streams go first, those of
incremental ones in turn and others one after the other, as their `priority` fields say, or
PRIORITY_UPDATE frames before and after their requests; what is no priority is no harm. The field
reaches the backend."""

import sys

sys.path.append(sys.path[0] + "/..")
import struct

from support.channel import client_context
from support.h2 import (DATA, END_STREAM, HEADERS, PREFACE, WINDOW_UPDATE, Connection, frame,
                        settings)
from support.http_front import Front
from support.scenario import main

TIMEOUT = 120
SIZE = 150_000  # what waits in buffers on its way
LARGEST = 0x7fffffff
TRIES = 10
PRIORITY_UPDATE = 0x10
priorities = []


def respond(request, answer):
    priorities.append(request["Priority"])
    answer.whole(bytes(SIZE))


def update(stream, value):
    return frame(PRIORITY_UPDATE, 0, 0, struct.pack(">I", stream) + value)


def order(t, front, *streams, before=(), after=()):
    """In which order the DATA frames come once there is window for all of them."""
    first = PREFACE + settings((4, 0)) + frame(WINDOW_UPDATE, 0, 0,
                                               struct.pack(">I", LARGEST - 65535))
    with Connection(front.https_port, "offload.test", client_context(t.authority), first, 30) as c:
        c.send(*before)
        for stream, priority in streams:
            more = [("priority", priority)] if priority is not None else []
            c.send(c.headers(stream, c.fields("GET", "/", *more)))
            got = c.until(lambda f, s=stream: f.stream == s)
            assert got.kind == HEADERS and not got.flags & END_STREAM, got
        c.send(*after)
        c.ping()
        c.send(settings((4, LARGEST)))
        came, ended = [], set()
        while len(ended) < len(streams):
            got = c.until(lambda f: f.stream > 0)
            assert got and got.kind == DATA, got
            came.append(got.stream)
            if got.flags & END_STREAM:
                ended.add(got.stream)
        return came


def runs(came):
    """Without repetitions."""
    return [s for i, s in enumerate(came) if i == 0 or came[i - 1] != s]


def is_sent(t, front, wanted, *streams, **options):
    """A piece of a body that has not come from the backend yet lets others go first: then again."""
    for _ in range(TRIES):
        came = runs(order(t, front, *streams, **options))
        if came == wanted:
            return
    raise AssertionError(f"{streams}: {came}")


def test(t):
    front = Front(t, respond)
    # The one that was asked for first is the least urgent.
    is_sent(t, front, [3, 5, 1], (1, "u=7"), (3, "u=0"), (5, None))
    assert priorities[:3] == ["u=7", "u=0", None], priorities
    # One after the other, whatever came first; and in turn.
    is_sent(t, front, [1, 3], (1, "u=2"), (3, "u=2"))
    turns = runs(order(t, front, (1, "u=2, i"), (3, "u=2, i"), (5, "u=1")))
    assert turns[0] == 5 and len(turns) > 6, turns
    # Another priority, of streams that are there and of those that are still to come.
    is_sent(t, front, [3, 1], (1, "u=1"), (3, "u=5"), after=[update(3, b"u=0")])
    is_sent(t, front, [3, 1], (1, None), (3, None), before=[update(3, b"u=0")])
    # What says nothing.
    for bad in ("u=9", "u", "urgent", "u=-1", "\"", "x" * 5000):
        is_sent(t, front, [3, 1], (1, bad), (3, "u=2"))
    came = order(t, front, (1, "u=5"), (3, "u=2"), after=[update(1, b"\xff\x00"), update(1, b"")])
    assert len(set(came)) == 2
    front.proxy.wait_idle()


if __name__ == "__main__":
    main(test)
