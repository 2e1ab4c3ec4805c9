"""On one HTTP/2 connection: a body that does not come is answered 408 and its stream reset, a reader
that gives no window is cut after a while, and a hundred megabytes go by beside both. A header block
that does not end, and a connection on which nothing is asked, end the connection."""

import sys

sys.path.append(sys.path[0] + "/..")
import struct
import time

from support.channel import client_context
from support.h2 import (CANCEL, DATA, END_STREAM, ENHANCE_YOUR_CALM, GOAWAY, HEADERS, INTERNAL_ERROR,
                        NO_ERROR, PREFACE, RST_STREAM, WINDOW_UPDATE, Connection, block, frame,
                        settings)
from support.http_front import Front
from support.scenario import main

TIMEOUT = 120
LARGE = 1_000_000
ROUNDS = 100
MOST_MEMORY = 1024 * 1024


def respond(request, answer):
    if request.method == "POST":
        answer.read_body()
    answer.whole(bytes(LARGE))


def read_whole(c, stream):
    """Reads a body of LARGE bytes, giving window as it comes; other streams' frames are returned."""
    left, others = LARGE, []
    while True:
        got = c.read()
        assert got and got.kind != GOAWAY, got
        if got.stream != stream:
            others.append(got)
            continue
        if got.kind == DATA:
            left -= len(got.payload)
            if got.payload:
                window = struct.pack(">I", len(got.payload))
                c.send(frame(WINDOW_UPDATE, 0, 0, window), frame(WINDOW_UPDATE, 0, stream, window))
            if got.flags & END_STREAM:
                assert left == 0, left
                return others


def test(t):
    front = Front(t, respond, listener_keys=", http2: true",
                  settings="limits: {body_timeout: 1s, response_idle_timeout: 1s, "
                           "header_timeout: 1s, keep_alive_timeout: 2s}\n")

    # Of its own: what a stream leaves unread is not to be missing in it.
    connection_window = frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1 << 30))

    def connection():
        return Connection(front.https_port, "offload.test", client_context(t.authority),
                          PREFACE + settings() + connection_window, 30)

    with connection() as c:
        c.send(c.headers(1))
        read_whole(c, 1)
        before = front.proxy.process.resident_bytes()
        c.send(c.headers(3), c.headers(5, c.fields("POST"), end=False),
               frame(DATA, 0, 5, b"begun"))
        # Stream 3 gets no window but its first, and 5 no end.
        stalled, streams = [], iter(range(7, 100_000, 2))
        began = time.monotonic()
        rounds = 0
        while rounds < ROUNDS or time.monotonic() - began < 8:
            stream = next(streams)
            c.send(c.headers(stream))
            stalled += read_whole(c, stream)
            rounds += 1
        grown = front.proxy.process.resident_bytes() - before
        assert grown < MOST_MEMORY or t.sanitizer, grown  # which keeps what was freed
        five = [f for f in stalled if f.stream == 5]
        assert five and five[-1].kind == RST_STREAM, five
        three = [f for f in stalled if f.stream == 3]
        assert three and three[-1].kind == RST_STREAM, three
        assert three[-1].error == INTERNAL_ERROR, three[-1]
        assert five[-1].error in (NO_ERROR, CANCEL), five
    line = front.proxy.access_line(method="POST", status=408)
    assert line["end"] == "client_timed_out", line
    assert front.proxy.access_line(end="client_timed_out", status=200)

    with connection() as c:
        c.send(frame(HEADERS, END_STREAM, 1, block(c.fields())))
        c.went_away(ENHANCE_YOUR_CALM)
    with connection() as c:
        while c.read():
            pass
    reasons = {line["reason"] for line in front.proxy.access_lines(kind="connection")}
    assert "header_timeout" in reasons, reasons
    front.proxy.wait_idle()


if __name__ == "__main__":
    main(test)
