"""Bodies of 1 MiB over HTTP/2, of one stream and then of six side by side: once one has moved
128 KiB it may have more than that under way, four of them at a time, and all arrive whole."""

import sys

sys.path.append(sys.path[0] + "/..")
import struct

from support.channel import client_context
from support.h2 import DATA, END_STREAM, GOAWAY, RST_STREAM, WINDOW_UPDATE, Connection, frame
from support.http_front import Front
from support.scenario import main

SIZE = 1024 * 1024
WINDOW = 65535  # of a stream, until the SETTINGS are acknowledged, which nobody does here
FRAME = 16 * 1024
WIDE_MOST = 4


def respond(request, answer):
    answer.whole(str(len(answer.read_body())).encode())


class Upload:
    def __init__(self):
        self.left, self.credit, self.widest = SIZE, WINDOW, 0

    def give(self, bytes_more):
        self.credit += bytes_more
        self.widest = max(self.widest, self.credit)


def upload(t, front, way, number):
    """The most that each of so many had leave to send."""
    with Connection(front.https_port, f"{way}.test", client_context(t.authority)) as c:
        bodies = {1 + 2 * i: Upload() for i in range(number)}
        for stream in bodies:
            c.send(c.headers(stream, c.fields("POST", "/", ("content-length", str(SIZE))), end=False))
        room = 65535  # of the connection, which the proxy widens at once
        answers = dict.fromkeys(bodies, b"")
        unanswered = set(bodies)
        while unanswered:
            for stream, body in bodies.items():
                while size := min(FRAME, body.left, body.credit, room):
                    body.left -= size
                    body.credit -= size
                    room -= size
                    c.send(frame(DATA, END_STREAM if not body.left else 0, stream, bytes(size)))
            got = c.read()
            assert got and got.kind not in (RST_STREAM, GOAWAY), got
            if got.kind == DATA:
                answers[got.stream] += got.payload
            if got.kind == WINDOW_UPDATE:
                more, = struct.unpack(">I", got.payload)
                if got.stream:
                    bodies[got.stream].give(more)
                    wide = [s for s in unanswered if bodies[s].widest > WINDOW]
                    assert len(wide) <= WIDE_MOST, wide
                else:
                    room += more
            elif got.stream and got.flags & END_STREAM:
                unanswered.remove(got.stream)
        assert set(answers.values()) == {str(SIZE).encode()}, answers
        return [body.widest for body in bodies.values()]


def test(t):
    front = Front(t, respond, listener_keys=", http2: true")
    for way in ("offload", "reencrypt"):
        alone = upload(t, front, way, 1)
        assert alone[0] > 2 * WINDOW, alone
        beside = upload(t, front, way, 6)
        print(way, "alone", alone, "side by side", beside)
    front.proxy.wait_idle()


if __name__ == "__main__":
    main(test)
