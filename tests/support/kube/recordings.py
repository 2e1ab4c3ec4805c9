"""Exchanges recorded from a real API server (tests/kube/transcripts)."""

import gzip
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "kube" / "transcripts"


class Recording:
    """`head` and `body` of the response; `chunks` as they were framed, or None for a body of known
    length; `complete`: whether its end was sent."""

    def __init__(self, name):
        self.name = name
        self.request = (FOLDER / f"{name}.request.bin").read_bytes()
        raw = (FOLDER / f"{name}.response.bin").read_bytes()
        head, _, rest = raw.partition(b"\r\n\r\n")
        self.head = head + b"\r\n\r\n"
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = dict(line.split(": ", 1) for line in lines)
        self.raw_body = rest
        self.chunks, self.complete = None, True
        if self.headers.get("Transfer-Encoding") == "chunked":
            self.chunks, self.complete = _chunks(rest)
        self.body = rest if self.chunks is None else b"".join(self.chunks)
        if self.headers.get("Content-Encoding") == "gzip":
            self.body = gzip.decompress(self.body)

    @property
    def request_head(self):
        return self.request.partition(b"\r\n\r\n")[0].decode()

    @property
    def request_body(self):
        return self.request.partition(b"\r\n\r\n")[2]

    @property
    def method(self):
        return self.request_head.split(" ", 1)[0]

    @property
    def target(self):
        return self.request_head.split(" ", 2)[1]


def _chunks(rest):
    chunks = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        count = int(size, 16)
        if count == 0:
            return chunks, True
        chunks.append(rest[:count])
        rest = rest[count + 2:]
    return chunks, False


def names():
    return sorted(p.name.removesuffix(".response.bin") for p in FOLDER.glob("*.response.bin"))
