"""HTTP/2 frame by frame (RFC 9113), for saying what no library would say."""

import socket
import ssl
import struct
import threading
import time

from .backends import Backend

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, \
    CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITIZED = 0x1, 0x1, 0x4, 0x8, 0x20
(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED,
 FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM,
 INADEQUATE_SECURITY, HTTP_1_1_REQUIRED) = range(14)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

# RFC 7541, appendix B: the digits, which is all that a :status has.
HUFFMAN_DIGITS = {(0x0, 5): "0", (0x1, 5): "1", (0x2, 5): "2", (0x19, 6): "3", (0x1a, 6): "4",
                  (0x1b, 6): "5", (0x1c, 6): "6", (0x1d, 6): "7", (0x1e, 6): "8", (0x1f, 6): "9"}
STATUS_OF_INDEX = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    size = len(payload) if length is None else length
    return struct.pack(">I", size)[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def settings(*pairs):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", k, v) for k, v in pairs))


def number(value, bits, first=0):
    """RFC 7541, section 5.1."""
    most = (1 << bits) - 1
    if value < most:
        return bytes((first | value,))
    out, value = bytearray((first | most,)), value - most
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes((value,)))


def text(value):
    value = value if isinstance(value, bytes) else value.encode("latin-1")
    return number(len(value), 7) + value


def literal(name, value):
    """A field that enters no table."""
    return b"\x00" + text(name) + text(value)


def block(fields):
    return b"".join(literal(name, value) for name, value in fields)


def status_of(payload):
    """Of a response's first header block on a connection, whose first field is :status."""
    while payload[0] & 0xe0 == 0x20:  # a change of the table's size
        payload = payload[1:]
    if payload[0] & 0x80:
        return STATUS_OF_INDEX[payload[0] & 0x7f]
    size, coded = payload[1] & 0x7f, payload[1] & 0x80
    value = payload[2:2 + size]
    if not coded:
        return int(value)
    bits, digits = "".join(f"{byte:08b}" for byte in value), ""
    while len(digits) < 3:
        for size in (5, 6):
            digit = HUFFMAN_DIGITS.get((int(bits[:size], 2), size))
            if digit:
                break
        assert digit, payload
        digits, bits = digits + digit, bits[size:]
    return int(digits)


class Frame:
    def __init__(self, kind, flags, stream, payload):
        self.kind, self.flags, self.stream, self.payload = kind, flags, stream, payload

    @property
    def error(self):
        """Of RST_STREAM and GOAWAY."""
        at = 0 if self.kind == RST_STREAM else 4
        return struct.unpack(">I", self.payload[at:at + 4])[0]

    def __repr__(self):
        return f"Frame({self.kind}, {self.flags:#x}, {self.stream}, {self.payload[:32]!r})"


class Connection:
    """`tls`: an ssl context for the client, or None for h2c."""

    making = threading.Lock()

    def __init__(self, port, host, tls=None, first=PREFACE + settings(), timeout=10):
        self.host, self.scheme = host, "https" if tls else "http"
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            # A context's protocols are copied without a lock of OpenSSL's while others set them.
            with Connection.making:
                tls.set_alpn_protocols(["h2"])
                self.socket = tls.wrap_socket(self.socket, server_hostname=host,
                                              do_handshake_on_connect=False)
            self.socket.do_handshake()
            assert self.socket.selected_alpn_protocol() == "h2", self.socket.selected_alpn_protocol()
        self.received, self.ended, self.timeout = b"", False, timeout
        if first:
            self.send(first)

    @classmethod
    def accepted(cls, channel, first=None, timeout=60):
        """The server's side, once the client's preface has come."""
        self = cls.__new__(cls)
        self.host, self.scheme, self.socket = None, "http", channel.socket
        self.received, self.ended, self.timeout = b"", False, timeout
        preface = b""
        while len(preface) < len(PREFACE):
            more = self.socket.recv(len(PREFACE) - len(preface))
            assert more, preface
            preface += more
        assert preface == PREFACE, preface
        self.send(settings() if first is None else first)
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, *parts):
        try:
            self.socket.sendall(b"".join(parts))
        except OSError:  # what the other side had to say before it closed can still be read
            pass

    def fields(self, method="GET", path="/", *more):
        return [(":method", method), (":scheme", self.scheme), (":authority", self.host),
                (":path", path), *more]

    def headers(self, stream, fields=None, end=True, flags=END_HEADERS):
        payload = block(self.fields() if fields is None else fields)
        return frame(HEADERS, flags | (END_STREAM if end else 0), stream, payload)

    def read(self, deadline=None):
        """The next frame, or None at the end of the connection."""
        until = deadline or time.monotonic() + self.timeout
        while True:
            if len(self.received) >= 9:
                size = int.from_bytes(self.received[:3], "big")
                if len(self.received) >= 9 + size:
                    kind, flags = self.received[3], self.received[4]
                    stream = int.from_bytes(self.received[5:9], "big") & 0x7fffffff
                    payload = self.received[9:9 + size]
                    self.received = self.received[9 + size:]
                    return Frame(kind, flags, stream, payload)
            if self.ended:
                return None
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError("no frame came")
            self.socket.settimeout(left)
            try:
                more = self.socket.recv(65536)
            except (ConnectionError, ssl.SSLError):
                more = b""
            self.ended = not more
            self.received += more

    def until(self, wanted):
        """The first frame for which `wanted` is true; None if the connection ends before it."""
        deadline = time.monotonic() + self.timeout
        while True:
            got = self.read(deadline)
            if got is None or wanted(got):
                return got

    def ping(self, payload=b"12345678"):
        """The connection is well."""
        self.send(frame(PING, 0, 0, payload))
        got = self.until(lambda f: f.kind == PING and f.flags & ACK)
        assert got and got.payload == payload, got

    def status(self, stream=1):
        got = self.until(lambda f: f.stream == stream and f.kind in (HEADERS, RST_STREAM)
                         or f.kind == GOAWAY)
        assert got and got.kind == HEADERS, got
        return status_of(got.payload)

    def body(self, stream=1):
        """All of it, without giving any window."""
        got, data = None, b""
        while not (got and got.flags & END_STREAM):
            got = self.until(lambda f: f.stream == stream and f.kind in (HEADERS, DATA, RST_STREAM)
                             or f.kind == GOAWAY)
            assert got and got.kind in (HEADERS, DATA), got
            data += got.payload if got.kind == DATA else b""
        return data

    def refused(self, stream, *errors):
        """The stream or the connection ended with one of these errors, or without a word."""
        got = self.until(lambda f: f.kind == GOAWAY or f.kind == RST_STREAM and f.stream == stream)
        assert got is None or got.error in errors, (got, got.error, errors)

    def went_away(self, *errors):
        """The connection ended with one of these errors, or without a word; and it did end."""
        got = self.until(lambda f: f.kind == GOAWAY and f.error != NO_ERROR)
        assert got is None or got.error in errors, (got, got.error, errors)
        while self.read():
            pass


class FrameBackend(Backend):
    """In the clear: `converse(connection)` says its frames on each connection that comes, and may
    read those of the proxy; the connection stays until the proxy ends it."""

    def __init__(self, converse, first=None):
        def handler(channel, _):
            with Connection.accepted(channel, first) as c:
                converse(c)
                while not c.ended:
                    c.read()
        super().__init__(handler)
