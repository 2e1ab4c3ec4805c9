"""Two-way byte streams, plain and TLS, in which each direction can end by itself.

The TLS one works on memory BIOs: Python's SSLSocket cannot end its own direction and read on, and
cannot tell a close_notify from a cut. Here the ends are what the tests are about:

    recv() == b""   the peer ended its direction as it should: FIN, or close_notify under TLS
    Reset           the peer's RST
    Truncated       the TCP stream ended without close_notify
"""

import socket
import ssl
import struct

CHUNK = 256 * 1024


class Cut(Exception):
    """The stream was cut: whatever had arrived is not the whole."""


class Reset(Cut):
    pass


class Truncated(Cut):
    pass


class Channel:
    """Plain TCP. Blocking, with a timeout for each call."""

    def __init__(self, sock, timeout=20.0):
        self.socket = sock
        sock.settimeout(timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (ConnectionResetError, BrokenPipeError) as error:
            raise Reset(str(error)) from None

    def recv(self, most=CHUNK):
        try:
            return self.socket.recv(most)
        except (ConnectionResetError, BrokenPipeError) as error:
            raise Reset(str(error)) from None

    def recv_exactly(self, count):
        """`count` bytes; fewer only if the stream ends before."""
        data = bytearray()
        while len(data) < count:
            more = self.recv(count - len(data))
            if not more:
                break
            data += more
        return bytes(data)

    def recv_to_end(self):
        data = bytearray()
        while more := self.recv():
            data += more
        return bytes(data)

    def end(self):
        """Ends our direction; receiving goes on."""
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        """Ends our direction, takes what still comes, and closes. Closing on unread bytes, be they
        only TLS session tickets, would be a reset."""
        try:
            self.end()
            self.socket.settimeout(5)
            self.recv_to_end()
        except (Cut, ssl.SSLError, OSError):
            pass
        self.socket.close()

    def reset(self):
        """Closes with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class TlsChannel(Channel):
    """TLS on a connected socket. `send_hello(sock, bytes)` may send our first flight in its way."""

    def __init__(self, sock, context, server_hostname=None, server_side=False, session=None,
                 send_hello=None, timeout=20.0, seen=None):
        super().__init__(sock, timeout)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._in, self._out, server_side=server_side,
                                    server_hostname=server_hostname, session=session)
        self.tls.seen = seen  # for the callback that notes the name asked for
        self._send_flight = send_hello or _send_all
        self._ready = bytearray()  # decrypted, but not yet asked for
        self._drive(self.tls.do_handshake)
        self._flush()

    def peer_name(self):
        """The common name of the peer's certificate: who is really there."""
        return dict(pair[0] for pair in self.tls.getpeercert()["subject"])["commonName"]

    def send(self, data):
        view = memoryview(data)
        while view:
            self.tls.write(view[:CHUNK])
            view = view[CHUNK:]
            self._flush()

    def recv(self, most=CHUNK):
        if self._ready:
            data = bytes(self._ready[:most])
            del self._ready[:most]
            return data
        try:
            return self._drive(lambda: self.tls.read(most))
        except ssl.SSLZeroReturnError:
            return b""

    def end(self, fin=True):
        """close_notify, and a FIN too unless told otherwise: TLS alone ends a direction as well."""
        self._say_goodbye()
        if fin:
            self.socket.shutdown(socket.SHUT_WR)

    def _say_goodbye(self):
        # SSL_shutdown also reads, and would throw away what had arrived: take that out first.
        try:
            while data := self.tls.read(CHUNK):
                self._ready += data
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self._flush()

    def _drive(self, step):
        while True:
            try:
                result = step()
                self._flush()
                return result
            except ssl.SSLWantReadError:
                self._flush()
                data = super().recv()
                if data:
                    self._in.write(data)
                else:
                    self._in.write_eof()
            except ssl.SSLError as error:
                # Older Pythons have no class of its own for it.
                if isinstance(error, ssl.SSLEOFError) or "UNEXPECTED_EOF" in (error.reason or ""):
                    raise Truncated("the stream ended without close_notify") from None
                self._flush()  # our alert
                raise

    def _flush(self):
        data = self._out.read()
        if not data:
            return
        send, self._send_flight = self._send_flight, _send_all
        try:
            send(self.socket, data)
        except (ConnectionResetError, BrokenPipeError) as error:
            raise Reset(str(error)) from None


def _send_all(sock, data):
    sock.sendall(data)


def connect(port, host="127.0.0.1", timeout=20.0):
    """A plain channel to a port of this machine."""
    return Channel(socket.create_connection((host, port), timeout), timeout)


def connect_tls(port, name, authority, host="127.0.0.1", timeout=20.0, first=b"", **options):
    """A TLS channel that asks for `name`. `first` goes before the hello, in the clear.

    Options: those of client_context (alpn, certificate, version), and of TlsChannel.
    """
    own = {k: options.pop(k) for k in ("session", "send_hello") if k in options}
    context = options.pop("context", None) or client_context(authority, **options)
    sock = socket.create_connection((host, port), timeout)
    try:
        if first:
            sock.sendall(first)
        return TlsChannel(sock, context, server_hostname=name, timeout=timeout, **own)
    except BaseException:
        sock.close()
        raise


def client_context(authority, alpn=(), certificate=None, version=None, check_name=True):
    """Trusts `authority` alone. `certificate` is a secret folder; `version` "1.2" or "1.3"."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = check_name
    context.load_verify_locations(authority.file)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if certificate:
        context.load_cert_chain(certificate / "tls.crt", certificate / "tls.key")
    _only(context, version)
    return context


def server_context(secret, alpn=(), client_authority=None, version=None):
    """Serves the certificate of a secret folder; demands one of `client_authority`, if given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(secret / "tls.crt", secret / "tls.key")
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if client_authority:
        context.load_verify_locations(client_authority.file)
        context.verify_mode = ssl.CERT_REQUIRED
    _only(context, version)

    def note_name(tls, name, _):
        if getattr(tls, "seen", None) is not None:
            tls.seen.sni = name

    context.sni_callback = note_name
    return context


def _only(context, version):
    # Python asks OpenSSL 3 to take a cut for an end; here the difference is the point.
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0x80)
    if version:
        exact = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[version]
        context.minimum_version = context.maximum_version = exact


def alert_of(error):
    """The TLS alert in an ssl.SSLError, as OpenSSL words it: TLSV1_UNRECOGNIZED_NAME."""
    return (error.reason or "").removeprefix("TLSV1_ALERT_").removeprefix("TLSV1_") \
        .removeprefix("SSLV3_ALERT_").removeprefix("TLSV13_ALERT_")
