"""curl in many ways, through offload and reencrypt: HEAD, forms, uploads with and without a length,
100-continue before a big body, ranges, HTTP/1.0, many URLs over one connection, compression, many
at once. What arrives is compared with what was sent, byte for byte."""

import sys

sys.path.append(sys.path[0] + "/..")
import gzip
import json
import os
import zlib

from support.http_backend import echo, pattern
from support.http_front import TLS_WAYS, Front
from support.process import run
from support.scenario import main

UPLOAD = 5 * 1024 * 1024
MOST = 3_000_000
TEXT = b"a sally port is a gate with two doors\n" * 1000


def respond(request, answer):
    if request.target == "/range":
        first, last = map(int, request["Range"].removeprefix("bytes=").split("-"))
        answer.whole(pattern(MOST)[first:last + 1], "206 Partial Content",
                     [("Content-Range", f"bytes {first}-{last}/{MOST}")])
    elif request.target == "/compressed":
        assert "gzip" in request["Accept-Encoding"], request
        answer.in_chunks(gzip.compress(TEXT), fields=[("Content-Encoding", "gzip")])
    elif request.target == "/teapot":
        answer.read_body()
        answer.whole(b"short and stout\n", "418 I'm a teapot")
    else:
        echo(request, answer)


def test(t):
    front = Front(t, respond)
    upload = t.folder / "upload"
    upload.write_bytes(os.urandom(UPLOAD))
    for way in TLS_WAYS:
        heads(front, way)
        uploads(front, way, upload)
        waits_to_be_asked(front, way, upload)
        ranges_and_compression(front, way)
        old_protocol(front, way)
        many_over_one_connection(front, way)
        many_at_once(t, front, way)


def curl(front, way, *arguments):
    done = run([*front.curl(way), "--http1.1", *arguments], 60)
    assert done.returncode == 0, (way, arguments, done)
    return done.stdout


def told(front, way, *arguments):
    """What the backend says that it was asked."""
    return json.loads(curl(front, way, *arguments))


def heads(front, way):
    for path, length in (("/bytes/12345", True), ("/chunked/12345", False)):
        shown = curl(front, way, "--head", front.url(way, path)).lower()
        assert shown.startswith("http/1.1 200") and shown.endswith("\n\n"), (way, shown)
        assert ("content-length: 12345" in shown) == length, (way, shown)
    for status in (204, 304):
        shown = curl(front, way, "-i", front.url(way, f"/status/{status}"))
        assert shown.startswith(f"HTTP/1.1 {status}") and shown.endswith("\n\n"), (way, shown)
    shown = curl(front, way, "-w", "%{http_code}", front.url(way, "/teapot"))
    assert shown == "short and stout\n418", (way, shown)


def uploads(front, way, upload):
    url = front.url(way, "/upload")
    crc = zlib.crc32(upload.read_bytes())
    form = told(front, way, "-d", "a=1", "-d", "b=2", url)
    assert (form["method"], form["body"]) == ("POST", "a=1&b=2"), (way, form)
    for arguments, method in ((["-T", upload], "PUT"),
                              (["-T", upload, "-H", "Transfer-Encoding: chunked"], "PUT"),
                              (["--data-binary", f"@{upload}"], "POST"),
                              (["--data-binary", f"@{upload}", "-H", "Transfer-Encoding: chunked",
                                "-H", "Expect:"], "POST"),
                              (["-X", "PATCH", "--data-binary", f"@{upload}"], "PATCH")):
        seen = told(front, way, *arguments, url)
        assert (seen["method"], seen["size"], seen["crc"]) == (method, UPLOAD, crc), (way, seen)
        named = {n.lower() for n, _ in seen["fields"]}
        chunked = "Transfer-Encoding: chunked" in arguments
        assert ("transfer-encoding" in named) == chunked, (way, arguments, seen["fields"])
        assert ("content-length" in named) != chunked, (way, arguments, seen["fields"])
    multipart = told(front, way, "-F", f"file=@{upload}", "-F", "name=sally", url)
    assert UPLOAD < multipart["size"] < UPLOAD + 1000, (way, multipart)


def waits_to_be_asked(front, way, upload):
    """Without the 100 curl would wait for a minute and then be over its time."""
    done = run([*front.curl(way), "--http1.1", "-v", "-H", "Expect: 100-continue",
                "--expect100-timeout", "60", "-T", upload, front.url(way, "/asked")], 60)
    assert done.returncode == 0, (way, done)
    assert "HTTP/1.1 100 Continue" in done.stderr, (way, done.stderr)
    assert json.loads(done.stdout)["size"] == UPLOAD, (way, done.stdout)


def ranges_and_compression(front, way):
    file = front.proxy.folder / "part"
    shown = curl(front, way, "-r", "1000-2999999", "-o", file, "-w", "%{http_code}",
                 front.url(way, "/range"))
    assert shown == "206" and file.read_bytes() == pattern(MOST)[1000:3_000_000], way
    shown = curl(front, way, "--compressed", front.url(way, "/compressed"))
    assert shown == TEXT.decode(), (way, len(shown))


def old_protocol(front, way):
    """HTTP/1.0 has no chunks: the end of the connection is the end of the body."""
    for path in ("/bytes/100000", "/chunked/100000"):
        file = front.proxy.folder / "old"
        curl(front, way, "--http1.0", "-o", file, front.url(way, path))
        assert file.read_bytes() == pattern(100_000), (way, path)
    seen = told(front, way, "--http1.0", "-d", "old", front.url(way, "/"))
    assert (seen["body"], seen["minor"]) == ("old", 1), (way, seen)


def many_over_one_connection(front, way):
    urls = [front.url(way, f"/one/{i}") for i in range(50)]
    shown = curl(front, way, "-w", "\n%{num_connects}\n", *urls).splitlines()
    assert [json.loads(line)["target"] for line in shown[0::2]] == \
        [f"/one/{i}" for i in range(50)], way
    assert [int(line) for line in shown[1::2]] == [1] + [0] * 49, (way, shown[1::2])


def many_at_once(t, front, way):
    folder = t.folder / f"parallel-{way}"
    folder.mkdir()
    curl(front, way, "--parallel", "--parallel-immediate", "--parallel-max", "20", "-o",
         folder / "#1", front.url(way, "/bytes/[100000-100099]"))
    files = sorted(folder.iterdir())
    assert len(files) == 100, (way, len(files))
    for file in files:
        assert file.read_bytes() == pattern(int(file.name)), (way, file.name)


if __name__ == "__main__":
    main(test)
