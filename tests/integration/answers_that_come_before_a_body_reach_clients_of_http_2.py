"""A response that is whole before its request is: redirects, refusals and backends' 204s all reach
curl, whose small and large bodies are still on their way; what comes of them is taken and forgotten,
with window for it. A client that never ends, or that sends without measure, is told RST_STREAM with
NO_ERROR. A backend that answers early and resets so has answered."""

import sys

sys.path.append(sys.path[0] + "/..")
import os
import select
import time

from support.channel import client_context
from support.h2 import (DATA, END_HEADERS, END_STREAM, HEADERS, NO_ERROR, RST_STREAM, WINDOW_UPDATE,
                        Connection, FrameBackend, frame)
from support.http_front import Front
from support.process import run
from support.scenario import main

TIMEOUT = 120
TRIES = 5
MOST_DISCARDED = 1024 * 1024
SECONDS_OF_QUIET, SECONDS_TO_END = 0.5, 5
STATUS_200, STATUS_204 = b"\x88", b"\x89"


def curl_takes_it():
    """What curl may end with once it has the answer. 8.14 calls it a failure to send (55) when its
    own last frame closes the stream, to all of which it was given window; 7.88 does not."""
    return (0,) if run(["curl", "--version"], 10).stdout.startswith("curl 7.") else (0, 55)


def respond(request, answer):
    answer.send(b"HTTP/1.1 204 No Content\r\n\r\n")


def answers_early(c):
    """Each request at its head, and breaks the rest off."""
    while got := c.read():
        if got.kind == HEADERS:
            c.send(frame(HEADERS, END_HEADERS, got.stream, STATUS_200),
                   frame(DATA, END_STREAM, got.stream, b"early"),
                   frame(RST_STREAM, 0, got.stream, bytes(4)))


def curl_gets(front, way, path, status, body):
    for _ in range(TRIES):
        version = "--http2-prior-knowledge" if way == "plain" else "--http2"
        done = run([*front.curl(way), version, "-o", "/dev/null", "-w", "%{http_code}",
                    "--data-binary", f"@{body}", "-H", "Expect:", front.url(way, path)], 30)
        assert done.stdout == str(status), (way, path, body, done)
        assert done.returncode in curl_takes_it(), (way, path, body, done)


def upload(front, t):
    c = Connection(front.https_port, "offload.test", client_context(t.authority))
    c.send(c.headers(1, c.fields("POST", "/refused"), end=False))
    got = c.until(lambda f: f.stream == 1 and f.flags & END_STREAM)
    assert got and got.kind in (HEADERS, DATA), got
    return c


def is_bounded(front, t):
    with upload(front, t) as c:
        began = time.monotonic()
        got = c.until(lambda f: f.stream == 1)
        assert got and got.kind == RST_STREAM and got.error == NO_ERROR, got
        assert SECONDS_OF_QUIET - 0.1 < time.monotonic() - began < SECONDS_TO_END - 1
        c.ping()
    with upload(front, t) as c:
        began = time.monotonic()
        while not select.select([c.socket], [], [], 0.05)[0]:
            c.send(frame(DATA, 0, 1, b"."))
        got = c.read()
        assert got.kind == RST_STREAM and got.error == NO_ERROR, got
        assert SECONDS_TO_END - 1 < time.monotonic() - began < SECONDS_TO_END + 3
        c.ping()
    with upload(front, t) as c:
        sent, window, connection_window = 0, 65535, 1024 * 1024  # as its first frames have said
        while True:
            size = min(16384, window, connection_window)
            if size:
                c.send(frame(DATA, 0, 1, bytes(size)))
                sent, window = sent + size, window - size
                connection_window -= size
                if size == 16384:
                    continue
            got = c.read()
            if got.kind == RST_STREAM:
                break
            assert got.kind == WINDOW_UPDATE, got
            more = int.from_bytes(got.payload, "big")
            if got.stream == 0:
                connection_window += more
            else:
                window += more
        assert got.error == NO_ERROR, got
        assert MOST_DISCARDED - 65536 < sent < MOST_DISCARDED + 2 * 65536, sent
        c.ping()


def test(t):
    routes = """[{{path: /, service: {service}}}, {{path: /moved, redirect: {{code: 308, to: /}}}},
     {{path: /refused, respond: 403}}]"""
    early = t.keep(FrameBackend(answers_early))
    front = Front(t, respond, listener_keys=", http2: true", site_keys=", redirect_http: false",
                  routes=routes, sites="""
  - {host: early.test, listeners: [http], scenario: offload, service: early}
""", services=f"""  - {{name: early, endpoints: ["{early.address}"], protocol: http2}}
""")
    small, large = t.folder / "small", t.folder / "large"
    small.write_bytes(b"0123456")
    large.write_bytes(os.urandom(300_000))
    for way in ("plain", "offload", "reencrypt"):
        for body in (small, large):
            for path, status in (("/moved", 308), ("/refused", 403), ("/", 204)):
                curl_gets(front, way, path, status, body)
    for version in ("--http1.1", "--http2-prior-knowledge"):
        for body in (small, large):
            for _ in range(TRIES):
                done = run(["curl", "-sS", "--max-time", "20", version, "--data-binary", f"@{body}",
                            "-H", "Host: early.test", "-H", "Expect:",
                            f"http://127.0.0.1:{front.http_port}/"], 30)
                assert done.stdout == "early", (version, body, done)
                assert done.returncode in curl_takes_it(), (version, body, done)
    is_bounded(front, t)
    front.proxy.wait_idle()


if __name__ == "__main__":
    main(test)
