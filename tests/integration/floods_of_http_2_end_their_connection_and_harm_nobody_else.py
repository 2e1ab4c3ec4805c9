"""What costs the proxy more than the attacker, on HTTP/2: rapid resets, resets that the proxy is made
to send, floods of control frames and of empty ones, endless header blocks, header bombs, too many
streams, windows of a byte and of none, heads and bodies that do not come. Each has its limit, is
counted, and ends its connection, or its stream, with the right code; whoever else asks meanwhile is
answered at once; and nothing of it stays in memory. SALLYPORT_FULL=1: ten attackers that come back
for thirty seconds, beside a client that asks a hundred times a second."""

import sys

sys.path.append(sys.path[0] + "/..")
import asyncio
import collections
import contextlib
import itertools
import multiprocessing
import os
import struct
import threading
import time
from concurrent import futures
from dataclasses import dataclass

from support.channel import client_context
from support.h2 import (ACK, CANCEL, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM,
                        GOAWAY, HEADERS, INTERNAL_ERROR, NO_ERROR, PING, PREFACE, PRIORITY,
                        PROTOCOL_ERROR, RST_STREAM, SETTINGS, WINDOW_UPDATE, Connection, block,
                        frame, literal, number, settings, text)
from support.http_front import Front
from support.scenario import main

FULL = bool(os.environ.get("SALLYPORT_FULL"))
TIMEOUT = 1500
AT_ONCE = 10 if FULL else 4  # attackers
SECONDS = 30 if FULL else 0  # that each comes back for
ENOUGH = 1024 * 1024         # bytes of a flood: many times more than any is let say
LARGEST = 0x7fffffff         # window, which overflows the one that a stream has
SLOW = 100                   # streams of a connection that are held up
PATIENCE = 2                 # seconds, of the proxy with what does not come
RATE = 100                   # of anybody else's requests
MOST_SECONDS = 1.0           # for an answer to one of them
MOST_MEMORY = 32 * 1024 * 1024

HOST, OTHERS = "offload.test", "others.test"
STREAMS = range(1, LARGEST, 2)
NO_WINDOW = settings((4, 0))


def fields(method="GET", path="/"):
    return [(":method", method), (":scheme", "https"), (":authority", HOST), (":path", path)]


def head(stream, method="GET", path="/", end=True, before=(), more=b""):
    return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream,
                 block([*before, *fields(method, path)]) + more)


def window(stream, size):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", size))


def rapid_reset():
    for stream in STREAMS:
        yield head(stream) + frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL))


def made_you_reset():
    for stream in STREAMS:
        yield head(stream) + window(stream, LARGEST)


def malformed():
    for stream in STREAMS:
        yield head(stream, before=[("X", "y")])


def refused():
    for stream in STREAMS:
        yield head(stream, more=literal("connection", "x"))


def pings():
    while True:
        yield frame(PING, 0, 0, bytes(8))


def many_settings():
    while True:
        yield settings((4, 65535))


def priorities():
    while True:
        yield frame(PRIORITY, 0, 1, bytes(5))


def priority_updates():
    while True:
        yield frame(0x10, 0, 0, struct.pack(">I", 1) + b"u=1")


def unknown_frames():
    while True:
        yield frame(0x99, 0, 0, b"")


def empty_data():
    yield head(1, "POST", end=False)
    while True:
        yield frame(DATA, 0, 1, b"")


def tiny_windows():
    yield NO_WINDOW + head(1, path="/large")
    while True:
        yield window(1, 1)


def endless_block():
    yield frame(HEADERS, END_STREAM, 1, block(fields()))
    while True:
        yield frame(CONTINUATION, 0, 1, literal("x", "y"))


def empty_continuations():
    yield frame(HEADERS, END_STREAM, 1, block(fields()))
    while True:
        yield frame(CONTINUATION, 0, 1, b"")


def indexed(times):
    """One field of 4 KB in the table, and then a byte for each time it is meant."""
    for stream in STREAMS:
        entered = b"\x40" + text("x") + text("y" * 4000) if stream == 1 else b""
        yield head(stream, more=entered + number(62, 7, 0x80) * times)


def bomb():
    return indexed(10_000)


def large_heads():
    return indexed(10)


def too_many_streams():
    yield NO_WINDOW
    for stream in STREAMS:
        yield head(stream, path="/large")


def too_many_streams_knowingly():
    yield frame(SETTINGS, ACK, 0, b"")
    yield from too_many_streams()


def slow_heads():
    yield frame(HEADERS, END_STREAM, 1, block(fields()))


def slow_bodies():
    for stream in STREAMS[:SLOW]:
        yield head(stream, "POST", end=False) + frame(DATA, 0, stream, b"b")


def zero_windows():
    yield NO_WINDOW
    for stream in STREAMS[:SLOW]:
        yield head(stream, path="/large")


@dataclass
class Attack:
    frames: object      # makes what is said
    limit: str          # what it is counted as
    code: int = ENHANCE_YOUR_CALM  # of its connection's end;
    streams: tuple = ()            # or, where this is not empty, of each stream's

    @property
    def name(self):
        return self.frames.__name__

    def bytes(self):
        out, size = [PREFACE + settings()], 0
        for piece in self.frames():
            out.append(piece)
            size += len(piece)
            if size > ENOUGH:
                break
        return b"".join(out)


ATTACKS = [
    Attack(rapid_reset, "http2_resets"),
    Attack(made_you_reset, "http2_resets"),
    Attack(malformed, "http2_resets"),
    Attack(refused, "http2_resets"),
    Attack(pings, "http2_control_frames"),
    Attack(many_settings, "http2_control_frames"),
    Attack(priorities, "http2_control_frames"),
    Attack(priority_updates, "http2_control_frames"),
    Attack(unknown_frames, "http2_control_frames"),
    Attack(empty_data, "http2_control_frames"),
    Attack(tiny_windows, "http2_control_frames"),
    Attack(endless_block, "http2_control_frames"),
    Attack(empty_continuations, "http2_control_frames"),
    Attack(bomb, "header_size"),
    Attack(large_heads, "header_size"),
    Attack(too_many_streams, "http2_streams"),
    Attack(too_many_streams_knowingly, "http2_streams", PROTOCOL_ERROR),
    Attack(slow_heads, "header_timeout"),
    Attack(slow_bodies, "body_timeout", streams=(NO_ERROR, CANCEL)),
    Attack(zero_windows, "response_idle_timeout", streams=(INTERNAL_ERROR,)),
]


class QuickBackend(asyncio.Protocol):
    """Answers what it is asked, but for bodies, and is a process of its own: a slow one would be
    what is measured."""

    ANSWERS = {path: b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
               for path, body in ((b"/", b"ok"), (b"/large", bytes(100_000)))}

    def connection_made(self, transport):
        self.transport, self.come = transport, b""

    def data_received(self, data):
        *heads, self.come = (self.come + data).split(b"\r\n\r\n")
        for head in heads:
            method, target, _ = head.split(b" ", 2)
            if method == b"GET":
                self.transport.write(self.ANSWERS[target])

    @classmethod
    def run(cls, started):
        async def serve():
            server = await asyncio.get_running_loop().create_server(cls, "127.0.0.1", 0,
                                                                    backlog=2048)
            started.send(server.sockets[0].getsockname()[1])
            await server.serve_forever()

        asyncio.run(serve())


class QuickBackendProcess:
    def __init__(self):
        ours, theirs = multiprocessing.Pipe(duplex=False)
        self._process = multiprocessing.Process(target=QuickBackend.run, args=(theirs,),
                                                daemon=True)
        self._process.start()
        self.address = f"127.0.0.1:{ours.recv()}"

    def close(self):
        self._process.kill()
        self._process.join()


def attack_once(port, tls, attack, said):
    """How it ended: with a GOAWAY of this code, or (without: "cut") after resets of these."""
    with Connection(port, HOST, tls, None, 30) as c:
        c.send(said)
        resets = collections.Counter()
        while sum(resets.values()) < SLOW or not attack.streams:
            got = c.read()
            if not got:
                return "cut"
            if got.kind == GOAWAY:
                return got.error
            if got.kind == RST_STREAM:
                resets[got.error] += 1
        return tuple(resets)


def attack_for_long(port, authority, attack, outcomes):
    """Of a process of its own, so that who asks meanwhile waits for the proxy and for nobody else."""
    os.nice(10)  # attackers have machines of their own
    said, until = attack.bytes(), time.monotonic() + SECONDS
    counts, tls = collections.Counter(), client_context(authority)

    def one():
        while True:
            try:
                counts[attack_once(port, tls, attack, said)] += 1
            except Exception as error:  # noqa: BLE001 -- told, whatever it is
                counts[repr(error)] += 1
            if time.monotonic() >= until:
                return

    threads = [threading.Thread(target=one) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outcomes.send(counts)


class Others:
    """What others get meanwhile, and what it takes: requests are due a hundred times a second, in
    turns on several connections, and each waits from when it was due, however late it was sent."""

    CONNECTIONS = 16

    def __init__(self, front, attacker):
        self._front, self._attacker = front, attacker
        self._turns, self.waits, self.most_memory = itertools.count(), [], 0
        process = front.proxy.process
        with contextlib.ExitStack() as undo:
            clients = [undo.enter_context(front.client("offload", host=OTHERS))
                       for _ in range(self.CONNECTIONS)]
            attacker.start()
            self._began, cpu = time.monotonic(), process.cpu_seconds()
            waited = process.core_wait_seconds()
            with futures.ThreadPoolExecutor(self.CONNECTIONS) as pool:
                asking = [pool.submit(self._ask, client) for client in clients]
                while not futures.wait(asking, 0.1).done == set(asking):
                    self.most_memory = max(self.most_memory, process.resident_bytes())
            for one in asking:
                one.result()
        took = time.monotonic() - self._began
        self.rate, self.cpu = len(self.waits) / took, (process.cpu_seconds() - cpu) / took
        self.core_wait = (process.core_wait_seconds() - waited) / took
        self.slowest = max(self.waits)

    def _ask(self, client):
        while self._attacker.is_alive() or len(self.waits) < 20:
            due = self._began + next(self._turns) / RATE
            time.sleep(max(0, due - time.monotonic()))
            assert client.get().status == 200
            self.waits.append(time.monotonic() - due)


def withstand(front, authority, attack):
    before, memory = front.proxy.metrics(), front.proxy.process.resident_bytes()
    ours, theirs = multiprocessing.Pipe(duplex=False)
    attacker = multiprocessing.Process(target=attack_for_long, daemon=True,
                                       args=(front.https_port, authority, attack, theirs))
    seen = Others(front, attacker)
    theirs.close()
    counts = ours.recv()
    attacker.join()
    front.proxy.wait_idle()
    after = front.proxy.metrics()

    def counted(*limits):
        return sum(m.sum("sallyport_limit_reached_total", limit=limit) * sign
                   for limit in limits for m, sign in ((after, 1), (before, -1)))

    attacks = sum(counts.values())
    grown = (seen.most_memory - memory) // 1024
    print(f"{attack.name}: {attacks} attacks, {attack.limit} {counted(attack.limit):.0f}, "
          f"ends {dict(counts)}, others {seen.rate:.1f}/s, slowest {seen.slowest * 1000:.0f} ms, "
          f"memory {grown:+} KiB, proxy has a core {seen.cpu:.0%} of the time and waits for one "
          f"{seen.core_wait:.0%}", flush=True)
    right = {attack.code, "cut"} if not attack.streams else {
        end for end in counts if isinstance(end, tuple) and set(end) <= set(attack.streams)}
    assert attacks >= AT_ONCE and set(counts) <= right, (attack.name, counts)
    # A reset may overtake the GOAWAY where the attacker reads nothing until it has said all.
    assert counts["cut"] <= attacks / 2, (attack.name, counts)
    if attack.limit in ("http2_resets", "http2_control_frames"):
        # Resets that wait to be sent may become too many before those that were caused.
        assert counted(*{attack.limit, "http2_control_frames"}) == attacks, attack.name
    else:
        assert counted(attack.limit) >= attacks * (SLOW if attack.streams else 1), attack.name
    return seen.slowest, grown


def test(t):
    theirs = t.keep(QuickBackendProcess())  # which attackers may keep busy
    others = t.keep(QuickBackendProcess())
    front = Front(t, plain=theirs, listener_keys=", http2: true", hosts=(OTHERS,),
                  sites=f"  - {{host: {OTHERS}, scenario: offload, secret: site, service: others}}\n",
                  services=f"  - {{name: others, endpoints: [\"{others.address}\"]}}\n",
                  settings=f"limits: {{header_timeout: {PATIENCE}s, body_timeout: {PATIENCE}s, "
                           f"response_idle_timeout: {PATIENCE}s}}\n")
    front.ask("offload")
    memory = front.proxy.process.resident_bytes()
    seen = {attack.name: withstand(front, t.authority, attack) for attack in ATTACKS}
    slow = {name: slowest for name, (slowest, _) in seen.items() if slowest > MOST_SECONDS}
    assert not slow, slow
    seen["all"] = 0, (front.proxy.process.resident_bytes() - memory) // 1024
    large = {name: grown for name, (_, grown) in seen.items() if grown * 1024 > MOST_MEMORY}
    assert not large or t.sanitizer, large  # which keeps what was freed


if __name__ == "__main__":
    main(test)
