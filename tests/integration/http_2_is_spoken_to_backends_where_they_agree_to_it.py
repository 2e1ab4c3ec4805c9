"""Services with `protocol: http2` and `auto`, with Node's HTTP/2 behind them, in the clear and under
TLS, and clients of both versions before them: bodies both ways, many requests over few connections,
a backend that says GOAWAY, one that is restarted, and one that speaks HTTP/1.1 only."""

import sys

sys.path.append(sys.path[0] + "/..")
import concurrent.futures
import hashlib
import json
import os
import threading

from support.h2 import END_HEADERS, END_STREAM, GOAWAY, HEADERS, NO_ERROR, FrameBackend, frame
from support.http_front import Front
from support.node import node_server
from support.process import run
from support.scenario import main

TIMEOUT = 120
UPLOAD = 3_000_000
STREAMS = 10_000


class NodeBackend:
    def __init__(self, t, tls):
        self.address = node_server(t, "http2_server.js", tls)


def curl(front, way, *arguments, version="--http2"):
    done = run([*front.curl(way), version, *arguments], 60)
    assert done.returncode == 0, (way, arguments, done)
    return done.stdout


def who(front, way, version="--http2"):
    return json.loads(curl(front, way, front.url(way, "/who"), version=version))


def carries_bodies(t, front, way, version):
    upload = t.folder / "upload"
    upload.write_bytes(os.urandom(UPLOAD))
    told = json.loads(curl(front, way, front.url(way, "/sum"), "--data-binary", f"@{upload}",
                           "-H", "Expect:", version=version))
    assert told["length"] == UPLOAD, told
    assert told["sum"] == hashlib.sha256(upload.read_bytes()).hexdigest(), told
    got = t.folder / "got"
    curl(front, way, front.url(way, "/echo"), "-T", str(upload), "-X", "POST", "-o", str(got),
         version=version)
    assert got.read_bytes() == upload.read_bytes()
    curl(front, way, front.url(way, f"/bytes/{UPLOAD}"), "-o", str(got), version=version)
    assert got.stat().st_size == UPLOAD
    assert "content-length" not in curl(front, way, "-I", front.url(way, "/who"), version=version)


def shares_connections(front, way):
    before = who(front, way)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        for size in pool.map(lambda _: len(curl(front, way, front.url(way, "/bytes/100"))),
                             range(100)):
            assert size == 100, size
    after = who(front, way)
    assert after["streams"] == before["streams"] + 101, (before, after)
    assert after["sessions"] - before["sessions"] <= 1, (before, after)


def survives_goaway(front, way):
    for _ in range(5):
        assert curl(front, way, front.url(way, "/goaway")) == "leaving"
        assert len(curl(front, way, front.url(way, "/bytes/10"))) == 10


def retires_connections(t, front):
    """A backend that a reload takes away is left: at once, or with its last stream."""
    ended, asked, gate = threading.Event(), threading.Event(), threading.Event()

    def converse(c):
        got = c.until(lambda f: f.kind == HEADERS)
        c.send(frame(HEADERS, END_HEADERS | END_STREAM, got.stream, b"\x89"))
        got = c.until(lambda f: f.kind == HEADERS)
        asked.set()
        assert gate.wait(30)
        c.send(frame(HEADERS, END_HEADERS | END_STREAM, got.stream, b"\x89"))
        goaway = c.until(lambda f: f.kind == GOAWAY)
        assert goaway and goaway.error == NO_ERROR, goaway
        ended.set()
    old, new = t.keep(FrameBackend(converse)), t.keep(FrameBackend(converse))
    body = f"""  - {{host: old.test, listeners: [http], scenario: offload, service: old}}
services:
  - {{name: old, endpoints: ["{old.address}"], protocol: http2}}
"""
    body = front.body.replace("services:\n", body)
    assert front.proxy.reload(body) == "applied", front.proxy.process.output
    assert front.ask("plain", host="old.test").status == 204
    with front.client("plain", "old.test") as client:
        client.request()
        assert asked.wait(10)
        assert front.proxy.reload(body.replace(old.address, new.address)) == "applied"
        assert not ended.is_set()
        gate.set()
        assert client.response().status == 204
    assert ended.wait(10), "the connection outlives its last stream"
    assert front.ask("plain", host="old.test").status == 204
    assert len(new.seen) == 1 and len(old.seen) == 1, (old.seen, new.seen)


def bears_load(front, way):
    url = front.url(way, "/bytes/100").replace(f":{front.port(way)}", "")
    done = run(["h2load", "-n", str(STREAMS), "-c", "20", "-m", "50",
                f"--connect-to=127.0.0.1:{front.port(way)}", url], 90)
    assert f"{STREAMS} succeeded, 0 failed, 0 errored, 0 timeout" in done.stdout, done.stdout


def test(t):
    front = Front(t, plain=NodeBackend(t, False), tls=NodeBackend(t, True),
                  service_keys=", protocol: http2")
    for way in ("plain", "offload", "reencrypt"):
        for version in ("--http1.1", "--http2"):
            told = who(front, way, version)
            assert told["version"] == "2.0", (way, told)
            assert told["authority"].startswith(f"{way}.test"), told
            carries_bodies(t, front, way, version)
        shares_connections(front, way)
        survives_goaway(front, way)
    for way in ("offload", "reencrypt"):
        bears_load(front, way)
    retires_connections(t, front)
    front.proxy.wait_idle()


if __name__ == "__main__":
    main(test)
