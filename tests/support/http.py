"""HTTP/1.1 as raw bytes: a client that sends what it is told, and a reader that forgives nothing.

    client.send(b"GET / HTTP/1.1\\r\\nHost: offload.test\\r\\n\\r\\n")
    response = client.response()
    client.ended()                   # nothing follows, and the stream ended as it should

What a peer must not send is Malformed; a body that is cut short is Broken. A reader takes no byte
more than the message has, so that what follows it shows.
"""

import re

from .channel import Cut

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_FIELD = re.compile(rb"(" + _TOKEN + rb"):[ \t]*([\x21-\xff](?:[\t\x20-\xff]*[\x21-\xff])?)?[ \t]*")
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5]\d\d) ([\t\x20-\x7e\x80-\xff]*)")
_REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb") ([\x21-\x7e]+) HTTP/1\.([01])")
_CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]{1,16}")
_HEAD_MOST = 256 * 1024


class Malformed(AssertionError):
    """Bytes that are no HTTP/1.1, or that follow where nothing may follow."""


class Broken(Exception):
    """A body that ended before its end; `body` is what there was of it."""

    def __init__(self, why, body):
        super().__init__(f"{why} after {len(body)} bytes")
        self.body = body


class Ended(Exception):
    """The peer ended its direction where a message would have begun: no error by itself."""


class Fields(list):
    """Pairs of name and value, in their order."""

    def all(self, name):
        return [v for n, v in self if n.lower() == name.lower()]

    def get(self, name, default=None):
        """The one value of that name; several are Malformed."""
        values = self.all(name)
        if len(values) > 1:
            raise Malformed(f"{name} {len(values)} times: {values}")
        return values[0] if values else default

    def members(self, name):
        """The members of a comma-separated field, in lower case."""
        return [m.strip().lower() for v in self.all(name) for m in v.split(",") if m.strip()]


class Message:
    """Of either kind; `head` is its bytes. A body is read by Reader.body()."""

    def __init__(self, head, fields):
        self.head, self.fields = head, fields
        self.body, self.trailers = b"", Fields()
        self.minor = 1

    def __getitem__(self, name):
        return self.fields.get(name)


class Response(Message):
    status = reason = None

    def __repr__(self):
        return f"<{self.status} {self.reason} {self.fields} {self.body[:200]!r}>"


class Request(Message):
    method = target = None

    def __repr__(self):
        return f"<{self.method} {self.target} {self.fields}>"


class Reader:
    """Takes messages out of a channel. `note` gets every byte that arrives."""

    def __init__(self, channel, note=None):
        self._channel, self._note = channel, note
        self._ready = bytearray()

    def request(self):
        """The next request without its body; Ended where there is none."""
        head = self._head()
        line, fields = _parse_head(head)
        match = _REQUEST_LINE.fullmatch(line)
        if not match:
            raise Malformed(f"no request line: {line!r}")
        request = Request(head, fields)
        request.method, request.target = match[1].decode(), match[2].decode()
        request.minor = int(match[3])
        return request

    def response(self):
        """The next response without its body; Ended where there is none."""
        head = self._head()
        line, fields = _parse_head(head)
        match = _STATUS_LINE.fullmatch(line)
        if not match:
            raise Malformed(f"no status line: {line!r}")
        response = Response(head, fields)
        response.minor, response.status = int(match[1]), int(match[2])
        response.reason = match[3].decode("latin-1")
        return response

    def body_of_request(self, request):
        request.body = b"".join(self.pieces(request, False))
        return request

    def body_of_response(self, response, to="GET"):
        """`to`: the method that is answered."""
        pieces = []
        try:
            for piece in self.pieces(response, True, to):
                pieces.append(piece)
        except (Broken, Cut) as error:
            raise Broken(str(error), b"".join(pieces)) from None
        response.body = b"".join(pieces)
        return response

    def pieces(self, message, is_response, to="GET"):
        """The body as it arrives. Strict about how its end is known."""
        lengths, codings = message.fields.all("Content-Length"), message.fields.members(
            "Transfer-Encoding")
        if len(lengths) > 1 or (lengths and codings):
            raise Malformed(f"a body with two ends: {message.fields}")
        if lengths and not re.fullmatch(r"\d+", lengths[0]):
            raise Malformed(f"Content-Length {lengths[0]!r}")
        if is_response and (to == "HEAD" or message.status in (204, 304) or message.status < 200):
            if message.status < 200 or message.status == 204:
                if lengths or codings:
                    raise Malformed(f"{message.status} with {message.fields}")
            return
        if codings:
            if codings != ["chunked"] or message.minor == 0:
                raise Malformed(f"Transfer-Encoding {codings} in HTTP/1.{message.minor}")
            yield from self._chunks(message)
        elif lengths:
            yield from self._counted(int(lengths[0]))
        elif is_response:
            yield from self._rest()

    def rest(self):
        """All that still comes until the peer ends."""
        return b"".join(self._rest())

    def recv(self, most=256 * 1024):
        """Bytes of whatever follows, such as a tunnel; empty at the end."""
        if not self._ready and not self._more():
            return b""
        data = bytes(self._ready[:most])
        del self._ready[:most]
        return data

    def recv_exactly(self, count):
        """`count` bytes; fewer only if the stream ends before."""
        while len(self._ready) < count and self._more():
            pass
        data = bytes(self._ready[:count])
        del self._ready[:count]
        return data

    def _rest(self):
        while data := self.recv():
            yield data

    def _counted(self, count):
        while count:
            data = self.recv(count)
            if not data:
                raise Broken(f"ended {count} bytes early", b"")
            count -= len(data)
            yield data

    def _chunks(self, message):
        while True:
            line = self._line()
            if not _CHUNK_SIZE.fullmatch(line):
                raise Malformed(f"chunk size {line[:80]!r}")
            size = int(line, 16)
            if size == 0:
                break
            yield from self._counted(size)
            if self._line() != b"":
                raise Malformed("no CRLF behind a chunk")
        while line := self._line():
            message.trailers.append(_field(line))

    def _line(self):
        while (end := self._ready.find(b"\n")) < 0:
            if len(self._ready) > _HEAD_MOST:
                raise Malformed("a line without an end")
            if not self._more():
                raise Broken("ended inside chunked framing", b"")
        line = bytes(self._ready[:end + 1])
        del self._ready[:end + 1]
        if not line.endswith(b"\r\n"):
            raise Malformed(f"a line that ends in LF alone: {line!r}")
        return line[:-2]

    def _head(self):
        while (end := self._ready.find(b"\r\n\r\n")) < 0:
            if len(self._ready) > _HEAD_MOST:
                raise Malformed("a head without an end")
            if not self._more():
                if self._ready:
                    raise Malformed(f"ended inside a head: {bytes(self._ready)!r}")
                raise Ended("no message")
        head = bytes(self._ready[:end + 4])
        del self._ready[:end + 4]
        return head

    def _more(self):
        data = self._channel.recv()
        if data and self._note:
            self._note(data)
        self._ready += data
        return bool(data)


def _parse_head(head):
    line, *fields = head[:-4].split(b"\r\n")
    return line, Fields(_field(f) for f in fields)


def _field(line):
    match = _FIELD.fullmatch(line)
    if not match:
        raise Malformed(f"no field: {line!r}")
    return match[1].decode(), (match[2] or b"").decode("latin-1")


def head(start, fields=()):
    """The bytes of a head: its first line and (name, value) pairs."""
    lines = [start, *(f"{n}: {v}" for n, v in fields)]
    return "".join(line + "\r\n" for line in lines).encode("latin-1") + b"\r\n"


def chunked(*pieces, trailers=()):
    """The bytes of a chunked body, a chunk for each piece."""
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces if p)
    return chunks + head("0", trailers)


class Client:
    """A client's side of a channel. Fields are given as a dict or as pairs."""

    def __init__(self, channel, host):
        self.channel, self.host = channel, host
        self.reader = Reader(channel)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.socket.close()

    def send(self, data):
        self.channel.send(data)

    def send_in_pieces(self, data, size=1):
        """Each piece a segment of its own, as far as TCP lets us say so."""
        for i in range(0, len(data), size):
            self.channel.send(data[i:i + size])

    def request(self, method="GET", target="/", fields=(), body=None, host=None, minor=1):
        """Sends a request; a body of bytes gets its Content-Length, a list is sent in chunks."""
        pairs = list(fields.items() if isinstance(fields, dict) else fields)
        given = {n.lower() for n, _ in pairs}
        if "host" not in given:
            pairs.insert(0, ("Host", host or self.host))
        payload = b""
        if isinstance(body, list):
            pairs.append(("Transfer-Encoding", "chunked"))
            payload = chunked(*body)
        elif body is not None:
            pairs.append(("Content-Length", str(len(body))))
            payload = body
        self.send(head(f"{method} {target} HTTP/1.{minor}", pairs) + payload)

    def response(self, to="GET"):
        """Exactly one final response with its body; interim ones before it are in `.interim`."""
        interim = []
        while True:
            response = self.reader.response()
            if response.status >= 200 or response.status == 101:
                break
            interim.append(response)
        if response.status != 101:
            self.reader.body_of_response(response, to)
        response.interim = interim
        return response

    def get(self, target="/", fields=(), method="GET", **options):
        """One exchange."""
        self.request(method, target, fields, **options)
        return self.response(method)

    def ended(self):
        """The peer has ended its direction as it should, and sent nothing before it."""
        rest = self.reader.rest()
        if rest:
            raise Malformed(f"{len(rest)} bytes where nothing may follow: {rest[:200]!r}")

    def recv_exactly(self, count):
        return self.reader.recv_exactly(count)

    def end(self, **options):
        self.channel.end(**options)

    def reset(self):
        self.channel.reset()

    def close(self):
        self.channel.close()
