"""What costs the proxy more than the attacker, on HTTP/2: rapid resets, resets that the proxy is made
to send, floods of control frames and of empty ones, endless header blocks, header bombs, windows of
one byte. Each ends its connection with ENHANCE_YOUR_CALM and is counted; whoever else asks meanwhile
is answered at once; and nothing of it stays in memory. SALLYPORT_FULL=1: ten attackers that come
back for thirty seconds, beside a client that asks a hundred times a second."""

import sys

sys.path.append(sys.path[0] + "/..")
import os
import struct
import threading
import time

from support.channel import client_context
from support.h2 import (CONTINUATION, DATA, ENHANCE_YOUR_CALM, END_HEADERS, END_STREAM, GOAWAY,
                        HEADERS, PING, PREFACE, PRIORITY, RST_STREAM, WINDOW_UPDATE,
                        Connection, block, frame, literal, number, settings, text)
from support.http_front import Front
from support.scenario import main

FULL = bool(os.environ.get("SALLYPORT_FULL"))
TIMEOUT = 900
AT_ONCE = 10 if FULL else 4  # attackers
SECONDS = 30 if FULL else 0  # that each comes back for
MOST_FRAMES = 400_000
LARGEST = 0x7fffffff  # window, which overflows the one that a stream has
MOST_SECONDS = 1.0   # for anybody else's answer
MOST_MEMORY = 32 * 1024 * 1024


def streams():
    return range(1, 2 * MOST_FRAMES, 2)


def rapid_reset(c):
    for stream in streams():
        yield c.headers(stream) + frame(RST_STREAM, 0, stream, struct.pack(">I", 8))


def made_you_reset(c):
    for stream in streams():
        yield c.headers(stream) + frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", LARGEST))


def malformed(c):
    for stream in streams():
        yield c.headers(stream, [("X", "y"), *c.fields()])


def pings(c):
    while True:
        yield frame(PING, 0, 0, bytes(8))


def many_settings(c):
    while True:
        yield settings((4, 65535))


def priorities(c):
    while True:
        yield frame(PRIORITY, 0, 1, bytes(5))


def unknown_frames(c):
    while True:
        yield frame(0x99, 0, 0, b"")


def empty_data(c):
    yield c.headers(1, c.fields("POST"), end=False)
    while True:
        yield frame(DATA, 0, 1, b"")


def tiny_windows(c):
    yield settings((4, 0)) + c.headers(1, c.fields("GET", "/large"))
    while True:
        yield frame(WINDOW_UPDATE, 0, 1, struct.pack(">I", 1))


def endless_block(c):
    yield frame(HEADERS, END_STREAM, 1, block(c.fields()))
    while True:
        yield frame(CONTINUATION, 0, 1, literal("x", "y"))


def empty_continuations(c):
    yield frame(HEADERS, END_STREAM, 1, block(c.fields()))
    while True:
        yield frame(CONTINUATION, 0, 1, b"")


def bomb(c):
    """One field of 4 KB in the table, and then a byte for each time it is meant."""
    field = b"\x40" + text("x") + text("y" * 4000)
    for stream in streams():
        yield frame(HEADERS, END_HEADERS | END_STREAM, stream,
                    block(c.fields()) + (field if stream == 1 else b"") +
                    number(62, 7, 0x80) * 10_000)


# What each is counted as.
ATTACKS = {
    rapid_reset: "http2_resets",
    made_you_reset: "http2_resets",
    malformed: "http2_resets",
    pings: "http2_control_frames",
    many_settings: "http2_control_frames",
    priorities: "http2_control_frames",
    unknown_frames: "http2_control_frames",
    empty_data: "http2_control_frames",
    tiny_windows: "http2_control_frames",
    endless_block: "http2_control_frames",
    empty_continuations: "http2_control_frames",
    bomb: "header_size",
}


def respond(request, answer):
    if request.target == "/large":
        answer.whole(bytes(100_000))
    else:
        answer.read_body()
        answer.whole(b"ok")


def attack(front, tls, frames, outcomes):
    with Connection(front.https_port, "offload.test", tls, PREFACE + settings(), 30) as c:
        batch, sent = [], 0
        for piece in frames(c):
            batch.append(piece)
            sent += 1
            if len(batch) == 20:
                try:
                    c.socket.sendall(b"".join(batch))
                except OSError:
                    break
                batch = []
            if sent == MOST_FRAMES:  # small ones may all be on their way by now
                break
        goaway = c.until(lambda f: f.kind == GOAWAY)
        good = goaway is None or goaway.error == ENHANCE_YOUR_CALM
        outcomes.append("calmed" if good else f"{goaway}")


def attack_again(front, tls, frames, outcomes):
    until = time.monotonic() + SECONDS
    while True:
        attack(front, tls, frames, outcomes)
        if time.monotonic() >= until:
            return


def ask_meanwhile(front, attackers):
    """Others' answers, about a hundred a second on a connection of their own: the slowest one."""
    slowest, count, began = 0.0, 0, time.monotonic()
    with front.client("offload") as client:
        while any(thread.is_alive() for thread in attackers):
            asked = time.monotonic()
            assert client.get().status == 200
            slowest, count = max(slowest, time.monotonic() - asked), count + 1
            time.sleep(max(0, began + count * 0.01 - time.monotonic()))
    return slowest, count


def test(t):
    front = Front(t, respond, listener_keys=", http2: true")
    memory_before = None
    for frames, limit in ATTACKS.items():
        before = front.proxy.metrics()
        outcomes = []
        attackers = [threading.Thread(target=attack_again, args=(
            front, client_context(t.authority), frames, outcomes)) for _ in range(AT_ONCE)]
        for thread in attackers:
            thread.start()
        began = time.monotonic()
        slowest, count = ask_meanwhile(front, attackers)
        rate = count / (time.monotonic() - began)
        assert set(outcomes) == {"calmed"} and len(outcomes) >= AT_ONCE, (frames.__name__, outcomes)
        print(frames.__name__, len(outcomes), "attacks", f"slowest {slowest:.3f} s of {count}",
              f"{rate:.0f}/s", front.proxy.process.resident_bytes() // 1024, "KiB")
        assert slowest < MOST_SECONDS, (frames.__name__, slowest)
        front.proxy.wait_idle()
        after = front.proxy.metrics()
        # Resets that wait to be sent may become too many before those that were caused.
        counted = [sum(m.sum("sallyport_limit_reached_total", limit=one)
                       for one in {limit, "http2_control_frames"}) for m in (before, after)]
        assert counted[1] - counted[0] == len(outcomes), (frames.__name__, counted)
        if memory_before is None:
            memory_before = front.proxy.process.resident_bytes()
    grown = front.proxy.process.resident_bytes() - memory_before
    assert grown < MOST_MEMORY or t.sanitizer, grown  # which keeps what was freed


if __name__ == "__main__":
    main(test)
