"""HTTP backends: one that behaves, and answers with what it was asked; and one that says only what
a test tells it to. Both note every byte that reached them."""

import json
import threading
import zlib

from .backends import Backend
from .http import Broken, Ended, Malformed, Reader, chunked, head

_PIECE = bytes(range(256)) * 256  # 64 KiB


class WebBackend(Backend):
    """Strict HTTP/1.1 with keep-alive. `respond(request, answer)` may replace what it answers.

    `requests` are those whose head came whole, in the order of their heads; each has `.index` (of
    its connection in `seen`), `.number` (on that connection, from 1) and `.complete`: whether its
    body came whole, too.
    """

    def __init__(self, respond=None, name="backend", **options):
        self.name = name
        self.requests = []
        self._respond = respond or echo
        super().__init__(self._converse, **options)

    def received(self):
        """Everything that came, over all connections."""
        return b"".join(bytes(seen.received) for seen in self.seen)

    def open(self):
        """How many connections are open now."""
        return sum(not seen.over for seen in self.seen)

    def _converse(self, channel, seen):
        channel.socket.settimeout(120)
        reader = Reader(channel, seen.received.extend)
        number, index = 0, self.seen.index(seen)
        try:
            while True:
                request = reader.request()
                number += 1
                request.index, request.number = index, number
                request.backend, request.seen = self, seen
                request.complete = False
                self.requests.append(request)
                answer = Answer(channel, reader, request)
                self._respond(request, answer)
                if answer.over:
                    return
                answer.read_body()
        except Ended:
            channel.end()
        except Broken as error:
            seen.error = error


class Answer:
    """What `respond` answers a request with, and its way to the request's body."""

    def __init__(self, channel, reader, request):
        self.channel, self.reader, self.request = channel, reader, request
        self.over = False  # nothing may follow on this connection
        self._body_read = False

    def read_body(self, on_piece=None):
        """The whole body; the client is asked for it if it waits to be."""
        if not self._body_read:
            self._body_read = True
            if self.request["Expect"] == "100-continue":
                self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            if on_piece:
                for piece in self.reader.pieces(self.request, False):
                    on_piece(piece)
            else:
                self.reader.body_of_request(self.request)
            self.request.complete = True
        return self.request.body

    def refuse_body(self):
        """The client waits for 100 (Continue) and will not be told: its body does not come."""
        self._body_read = True

    def send(self, data):
        self.channel.send(data)

    def start(self, status="200 OK", fields=(), length=None):
        """A head: with Content-Length, or for a body in chunks."""
        fields = list(fields)
        fields.append(("Content-Length", length) if length is not None
                      else ("Transfer-Encoding", "chunked"))
        self.send(head(f"HTTP/1.1 {status}", fields))

    def whole(self, body=b"", status="200 OK", fields=()):
        """A response with Content-Length, in one piece."""
        fields = [*fields, ("Content-Length", len(body))]
        shown = b"" if self.request.method == "HEAD" else body
        self.send(head(f"HTTP/1.1 {status}", fields) + shown)

    def in_chunks(self, *pieces, status="200 OK", fields=(), trailers=()):
        fields = [*fields, ("Transfer-Encoding", "chunked")]
        shown = b"" if self.request.method == "HEAD" else chunked(*pieces, trailers=trailers)
        self.send(head(f"HTTP/1.1 {status}", fields) + shown)

    def end(self):
        """Ends the connection as it should be: FIN, and close_notify under TLS."""
        self.over = True
        self.channel.end()

    def cut(self):
        """FIN without close_notify: under TLS a truncation, else an ordinary end."""
        self.over = True
        self.channel.socket.close()

    def reset(self):
        self.over = True
        self.channel.reset()

    def wait_for_end(self):
        """Until the peer ends, whatever it still sends."""
        self.over = True
        while self.reader.recv():
            pass


def echo(request, answer):
    """The default. /bytes/N and /chunked/N answer with N bytes, /status/N with a status, an
    Upgrade with 101 and an echo; everything else with the request, as JSON."""
    kind, _, argument = request.target.lstrip("/").partition("?")[0].partition("/")
    if request["Upgrade"]:
        return _tunnel(request, answer)
    if kind == "bytes":
        answer.read_body()
        return _send_bytes(answer, int(argument))
    if kind == "chunked":
        answer.read_body()
        return _send_chunks(answer, int(argument))
    if kind == "status" and argument in ("204", "304"):
        return answer.send(head(f"HTTP/1.1 {argument} Whatever", [("X-Empty", "yes")]))
    if kind == "status":
        answer.read_body()
        return answer.whole(b"as you wish\n", status=f"{argument} Whatever")
    answer.whole(json.dumps(account(request, answer)).encode(),
                 fields=[("Content-Type", "application/json")])


def account(request, answer):
    """What a request was, for JSON; big bodies as size and checksum."""
    size = crc = 0
    shown = bytearray()

    def take(piece):
        nonlocal size, crc
        size += len(piece)
        crc = zlib.crc32(piece, crc)
        shown.extend(piece[:max(0, 4096 - len(shown))])

    answer.read_body(take)
    return {"backend": request.backend.name, "method": request.method, "target": request.target,
            "minor": request.minor, "fields": list(request.fields), "size": size, "crc": crc,
            "body": shown.decode("latin-1"), "trailers": list(request.trailers),
            "index": request.index, "number": request.number}


def pattern(size):
    """The bytes of /bytes/N and /chunked/N."""
    return (_PIECE * (size // len(_PIECE) + 1))[:size]


def _send_bytes(answer, size):
    answer.start(length=size)
    if answer.request.method != "HEAD":
        _send_pieces(answer, size, lambda piece: piece)


def _send_chunks(answer, size):
    answer.start()
    if answer.request.method != "HEAD":
        _send_pieces(answer, size, lambda piece: b"%x\r\n%s\r\n" % (len(piece), piece))
        answer.send(b"0\r\n\r\n")


def _send_pieces(answer, size, frame):
    while size:
        piece = _PIECE[:size]
        answer.send(frame(piece))
        size -= len(piece)


def _tunnel(request, answer):
    answer.send(head("HTTP/1.1 101 Switching Protocols",
                     [("Connection", "upgrade"), ("Upgrade", request["Upgrade"])]))
    answer.over = True
    while data := answer.reader.recv():
        answer.send(data)
    answer.channel.end()


class ScriptedBackend(Backend):
    """Reads the head of a request and answers with the bytes of `script(n)`, for the n-th request
    over all its connections, counted from 0; then ends the connection if it says (bytes, "end"),
    or resets it, or cuts it. Anything else stays open."""

    def __init__(self, script, **options):
        self._script, self._count, self._lock = script, 0, threading.Lock()
        super().__init__(self._converse, **options)

    @property
    def requests(self):
        return self._count

    def _converse(self, channel, seen):
        channel.socket.settimeout(120)
        reader = Reader(channel, seen.received.extend)
        while True:
            try:
                request = reader.request()
                reader.body_of_request(request)
            except Ended:
                return channel.end()
            except (Broken, Malformed):
                return channel.end()
            with self._lock:
                number, self._count = self._count, self._count + 1
            said = self._script(number)
            data, then = said if isinstance(said, tuple) else (said, "stay")
            channel.send(data)
            if then == "reset":
                return channel.reset()
            if then == "cut":
                return channel.socket.close()
            if then == "end":
                channel.end()
                while reader.recv():
                    pass
                return None
