"""A hundred streams on each of several HTTP/2 connections, whose backend takes its time: reloads
of the configuration meanwhile cut none of them, and with SIGTERM clients get two GOAWAYs, streams
that begin between these are served like the others, and every one ends whole. Then the program
ends, long before its timeout. SALLYPORT_FULL=1: a thousand streams."""

import sys

sys.path.append(sys.path[0] + "/..")
import os
import signal
import struct
import threading
import time

from support.channel import client_context
from support.h2 import (DATA, END_STREAM, GOAWAY, HEADERS, PING, ACK, PREFACE, WINDOW_UPDATE,
                        Connection, frame, settings)
from support.http_front import Front
from support.scenario import main
from support.waiting import eventually

TIMEOUT = 120
CONNECTIONS = 10 if os.environ.get("SALLYPORT_FULL") else 5
STREAMS = 100
SIZE = 20_000
LARGEST = 0x7fffffff
gate = threading.Event()


def respond(request, answer):
    if request.target == "/late":
        assert gate.wait(60)
    answer.whole(b"x" * SIZE)


def under_way(front):
    return front.proxy.metrics().sum("sallyport_http_requests_in_flight")


def collect(c, streams):
    """Reads until all of them have ended; the bytes of each, and how many GOAWAYs came."""
    sizes, ended, goaways = dict.fromkeys(streams, 0), set(), []
    while len(ended) < len(sizes):
        got = c.read()
        assert got, (len(ended), goaways)
        if got.kind == GOAWAY:
            goaways.append(struct.unpack(">II", got.payload[:8]))
        elif got.kind == PING and not got.flags & ACK:
            c.send(frame(PING, ACK, 0, got.payload))
        elif got.kind in (HEADERS, DATA):
            if got.kind == DATA:
                sizes[got.stream] += len(got.payload)
            if got.flags & END_STREAM:
                ended.add(got.stream)
        else:
            assert got.kind != 3, got
    return sizes, goaways


def test(t):
    front = Front(t, respond, listener_keys=", http2: true", site_keys=", redirect_http: false",
                  settings="drain: {delay: 0s, timeout: 60s}\n", workers=2)
    clients = []
    for i in range(CONNECTIONS):
        tls = client_context(t.authority) if i % 2 else None
        way = "offload" if i % 2 else "plain"
        first = PREFACE + settings((4, LARGEST)) + frame(WINDOW_UPDATE, 0, 0,
                                                         struct.pack(">I", LARGEST - 65535))
        c = t.keep(Connection(front.port(way), f"{way}.test", tls, first, 60))
        c.send(*[c.headers(2 * i + 1, c.fields("GET", "/late")) for i in range(STREAMS)])
        clients.append(c)
    eventually("all are under way", lambda: under_way(front) == CONNECTIONS * STREAMS, 30)
    for i in range(3):
        front.proxy.reload(front.body + f"# {i}\n")
    for c in clients:
        c.send(c.headers(2 * STREAMS + 1))
    for c in clients:
        assert len(c.body(2 * STREAMS + 1)) == SIZE

    front.proxy.process.signal(signal.SIGTERM)
    began = time.monotonic()
    later = 2 * STREAMS + 3
    for c in clients:
        got = c.until(lambda f: f.kind == GOAWAY)
        assert struct.unpack(">II", got.payload[:8]) == (LARGEST, 0), got
        c.send(c.headers(later))  # it could not know yet, and is served
    eventually("those have come as well", lambda: under_way(front) >= CONNECTIONS * STREAMS, 30)
    gate.set()
    for c in clients:
        sizes, goaways = collect(c, [*range(1, 2 * STREAMS, 2), later])
        assert set(sizes.values()) == {SIZE}, sizes
        while c.read():
            pass
    assert front.proxy.process.wait(30) == 0
    assert time.monotonic() - began < 30


if __name__ == "__main__":
    main(test)
