"""HTTP/1.1 on the server's side of a connection, with every byte in the caller's hand."""

import socket
import urllib.parse

_MOST_HEAD = 64 * 1024


class Gone(Exception):
    """The client closed, or the server was stopped."""


class Request:
    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        path, _, query = target.partition("?")
        self.path = urllib.parse.unquote(path)
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))

    def asks(self, name):
        return self.query.get(name) in ("true", "1", "True")


class Connection:
    """A socket, plain or TLS, from which requests are read and to which answers are written."""

    def __init__(self, sock):
        self._socket = sock
        self._buffer = b""

    def read_request(self):
        while b"\r\n\r\n" not in self._buffer:
            self._more()
            assert len(self._buffer) < _MOST_HEAD, "a head without an end"
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, version = first.split(" ")
        assert version == "HTTP/1.1", version
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        assert "transfer-encoding" not in headers, "bodies have a Content-Length"
        length = int(headers.get("content-length", 0))
        if headers.get("expect", "").lower() == "100-continue":
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(self._buffer) < length:
            self._more()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return Request(method, target, headers, body)

    def _more(self):
        try:
            data = self._socket.recv(64 * 1024)
        except (OSError, ValueError) as error:  # the latter: closed under the call
            raise Gone(str(error)) from None
        if not data:
            raise Gone("closed")
        self._buffer += data

    def write(self, data):
        try:
            self._socket.sendall(data)
        except (OSError, ValueError) as error:
            raise Gone(str(error)) from None

    def write_chunk(self, data):
        self.write(b"%x\r\n%s\r\n" % (len(data), data))

    def client_certificate(self):
        ask = getattr(self._socket, "getpeercert", None)
        return ask() if ask else None

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()

    def reset(self):
        """RST instead of a FIN, and no close_notify."""
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                    b"\x01\x00\x00\x00\x00\x00\x00\x00")
        except OSError:
            pass
        self._socket.close()
