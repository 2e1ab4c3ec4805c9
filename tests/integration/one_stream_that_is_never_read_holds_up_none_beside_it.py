"""A hundred streams of one HTTP/2 connection, one of which gets no window: the others share 64 MiB,
whole, and meanwhile the proxy's memory grows by no more than 1 MiB, once it has what its connections
take. SALLYPORT_FULL=1: 1 GiB."""

import sys

sys.path.append(sys.path[0] + "/..")
import os
import struct

from support.channel import client_context
from support.h2 import DATA, END_STREAM, HEADERS, PREFACE, WINDOW_UPDATE, Connection, frame, settings
from support.http_front import Front
from support.scenario import main

FULL = bool(os.environ.get("SALLYPORT_FULL"))
TIMEOUT = 600
OTHERS = 99
WARM_SIZE = 64 * 1024 * 1024 // OTHERS + 1
SIZE = 1024 * 1024 * 1024 // OTHERS + 1 if FULL else WARM_SIZE
MOST_GROWN = 1024 * 1024
LARGEST = 0x7fffffff


def streams(t, front, way, size):
    """Stream 1 is given nothing beyond its first window, the others theirs as they come."""
    first = PREFACE + settings((4, 65535)) + frame(WINDOW_UPDATE, 0, 0,
                                                   struct.pack(">I", LARGEST - 65535))
    with Connection(front.https_port, f"{way}.test", client_context(t.authority), first, 60) as c:
        c.send(c.headers(1, c.fields("GET", f"/bytes/{size}")))
        assert c.status() == 200
        front_before = front.proxy.process.resident_bytes()
        ids = range(3, 3 + 2 * OTHERS, 2)
        for stream in ids:
            c.send(c.headers(stream, c.fields("GET", f"/bytes/{size}", ("priority", "u=3, i"))))
        left, ended, connection, most = dict.fromkeys(ids, size), set(), 0, 0
        owed = dict.fromkeys(ids, 0)
        while len(ended) < OTHERS:
            got = c.read()
            assert got and (got.kind != HEADERS or not got.flags & END_STREAM), got
            if got.kind != DATA or got.stream == 1:
                continue
            left[got.stream] -= len(got.payload)
            owed[got.stream] += len(got.payload)
            connection += len(got.payload)
            if got.flags & END_STREAM:
                assert left[got.stream] == 0, left
                ended.add(got.stream)
            elif owed[got.stream] >= 32768:
                c.send(frame(WINDOW_UPDATE, 0, got.stream, struct.pack(">I", owed[got.stream])))
                owed[got.stream] = 0
            if connection >= 1 << 24:
                c.send(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", connection)))
                connection = 0
                most = max(most, front.proxy.process.resident_bytes())
        c.ping()
        return most - front_before


def test(t):
    # As many as there are streams, so that none is made anew while memory is looked at.
    front = Front(t, settings=f"limits: {{backend_idle_connections: {OTHERS + 1}}}\n")
    for way in ("offload", "reencrypt"):
        # What connections and their pools take, once; on a busy machine one pass may not use all.
        cold = sum(streams(t, front, way, WARM_SIZE) for _ in range(2))
        grown = streams(t, front, way, SIZE)
        print(way, OTHERS * SIZE, "bytes; memory grew by", grown, "and before by", cold)
        assert grown <= MOST_GROWN or t.sanitizer, (way, grown)  # which keeps what was freed
    front.proxy.wait_idle()


if __name__ == "__main__":
    main(test)
