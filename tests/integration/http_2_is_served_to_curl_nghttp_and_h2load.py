"""HTTP/2 to clients that others have written, under TLS and in the clear: curl with uploads and
downloads compared byte for byte, nghttp with many resources on one connection, h2load with a
hundred connections of a hundred streams each. Each request leaves its line in the access log."""

import sys

sys.path.append(sys.path[0] + "/..")
import json
import os
import re
import shutil

from support.http_backend import echo, pattern
from support.http_front import Front
from support.localhost import bench_front
from support.process import run
from support.scenario import Skip, main
from support.waiting import eventually

TIMEOUT = 120
UPLOAD = 5 * 1024 * 1024
MOST = 3_000_000
STREAMS = 10_000


def respond(request, answer):
    if request.target == "/large":
        answer.whole(pattern(MOST))
    elif request.target == "/chunks":
        answer.in_chunks(*[pattern(1000)] * 50)
    elif request.target == "/small":
        answer.whole(b"x" * 100)
    else:
        echo(request, answer)


def curl(front, way, *arguments):
    version = "--http2-prior-knowledge" if way == "plain" else "--http2"
    done = run([*front.curl(way), version, *arguments], 60)
    assert done.returncode == 0, (way, arguments, done)
    return done.stdout


def told(front, way, *arguments):
    return json.loads(curl(front, way, *arguments))


def asks_curl(front, way, upload):
    out = curl(front, way, front.url(way, "/small"), "-o", "/dev/null", "-w", "%{http_version}")
    assert out.strip() == "2", out
    got = front.proxy.folder / "got"
    curl(front, way, front.url(way, "/large"), "-o", str(got))
    assert got.read_bytes() == pattern(MOST)
    curl(front, way, front.url(way, "/chunks"), "-o", str(got))
    assert got.read_bytes() == pattern(1000) * 50
    account = told(front, way, front.url(way, "/up"), "-T", str(upload))
    assert account["size"] == UPLOAD, account
    account = told(front, way, front.url(way, "/"), "-H", "Cookie: a=1", "-H", "X-Two: b")
    fields = {name.lower(): value for name, value in account["fields"]}
    assert fields["cookie"] == "a=1" and fields["x-two"] == "b", fields
    assert fields["host"].startswith(f"{way}.test"), fields
    head = curl(front, way, "-I", front.url(way, "/large"))
    assert "HTTP/2 200" in head and f"content-length: {MOST}" in head, head


def asks_nghttp(front, way):
    done = run(["nghttp", "-n", "--no-verify-peer", "-m", "50", "-s",
                f"-H:authority: {way}.test", f"{front.url(way, '/small').replace(way + '.test', '127.0.0.1')}"],
               60)
    assert done.returncode == 0, done
    assert re.search(r" 200 +100 /small", done.stdout), done.stdout


def asks_h2load(t):
    """Each stream that waits for its answer has a connection to the backend, ten thousand at once:
    more than a backend in Python could take."""
    front = bench_front(t, name="load")
    streams, connections = (STREAMS, 100) if not t.sanitizer else (STREAMS // 10, 10)
    done = run(["h2load", "-n", streams, "-c", connections, "-m", "100",
                f"--connect-to=127.0.0.1:{front.ports['offload']}", "https://localhost/1k"], 90)
    assert f"{streams} succeeded, 0 failed, 0 errored, 0 timeout" in done.stdout, done.stdout
    eventually(f"{streams} access lines are written",
               lambda: len(front.proxy.access_lines(path="/1k", protocol="HTTP/2.0")) == streams)


def test(t):
    for program in ("nghttp", "h2load"):
        if not shutil.which(program):
            raise Skip(f"{program} is not installed (Debian's nghttp2-client)")
    front = Front(t, respond, listener_keys=", http2: true", site_keys=", redirect_http: false")
    upload = t.folder / "upload"
    upload.write_bytes(os.urandom(UPLOAD))
    for way in ("plain", "offload", "reencrypt"):
        asks_curl(front, way, upload)
    for way in ("plain", "offload"):
        asks_nghttp(front, way)
    line = front.proxy.access_line(host="plain.test", method="HEAD")
    assert line["protocol"] == "HTTP/2.0" and line["status"] == 200, line
    front.proxy.wait_idle()
    asks_h2load(t)


if __name__ == "__main__":
    main(test)
