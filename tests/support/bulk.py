"""Bulk in both directions at once, by processes of their own, counted and summed at both ends.

Each end sends `size` bytes of a pattern and reads until the other has ended. The end that goes
`first` ends its direction as soon as its bytes are sent; the other only after it has seen that
end, so that bytes certainly flow in a half-closed connection.
"""

import multiprocessing
import os
import select
import socket
import ssl
import zlib

from . import names
from .channel import Truncated, client_context
from .scenario import tls_listener

MIB = 1024 * 1024
_CHUNK = 256 * 1024
_context = multiprocessing.get_context("fork")


class Report:
    """What one end did: byte counts and CRC-32s of both directions, or what went wrong."""

    def __init__(self):
        self.sent = self.received = 0
        self.sent_sum = self.received_sum = 0
        self.error = None


class BulkBackend:
    """Accepts one connection; result() when it is over. `tls` is a server context or None."""

    def __init__(self, size, first, tls=None):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]

        def body():
            sock, _ = self._listener.accept()
            return _exchange(sock, size, first, tls and (tls, None))

        self._end = _End(body)

    def result(self, within):
        return self._end.result(within)

    def close(self):
        self._end.close()
        self._listener.close()


class BulkClient:
    def __init__(self, port, name, authority, size, first, version=None):
        def body():
            sock = socket.create_connection(("127.0.0.1", port))
            return _exchange(sock, size, first,
                             (client_context(authority, version=version), name))

        self._end = _End(body)

    def result(self, within):
        return self._end.result(within)

    def close(self):
        self._end.close()


class _End:
    def __init__(self, body):
        self._ours, theirs = _context.Pipe()

        def run():
            theirs.send(body())

        self._process = _context.Process(target=run, daemon=True)
        self._process.start()
        theirs.close()

    def result(self, within):
        assert self._ours.poll(within), f"no result within {within} s"
        return self._ours.recv()

    def close(self):
        self._process.kill()
        self._process.join()


def _exchange(sock, size, first, tls):
    report = Report()
    try:
        sock.setblocking(False)
        stream = _Tls(sock, *tls) if tls else _Plain(sock)
        _Exchange(stream, size, first, report).run()
    except (OSError, ssl.SSLError, Truncated) as error:
        report.error = repr(error)
    sock.close()
    return report


class _Exchange:
    def __init__(self, stream, size, first, report):
        self._stream, self._size, self._first, self._report = stream, size, first, report
        # No power of two, so that a block lost or repeated shows in the sum.
        self._pattern = memoryview(os.urandom(1_000_003))
        self._offset = 0
        self._buffer = memoryview(bytearray(_CHUNK))

    def run(self):
        reading, ended = True, False
        while reading or not ended:
            if reading:
                reading = self._read()
            if self._report.sent < self._size:
                self._write()
            elif not ended and (self._first or not reading) and self._stream.flush():
                self._stream.end()
                ended = True
            else:
                self._stream.flush()
            pending = self._report.sent < self._size or self._stream.wants_write()
            may_end = not ended and (self._first or not reading)
            if reading or pending:
                if not may_end or pending:
                    select.select([self._stream.sock] if reading else [],
                                  [self._stream.sock] if pending else [], [], 60)
        while not self._stream.flush():
            select.select([], [self._stream.sock], [], 60)

    def _read(self):
        """False when the peer has ended."""
        for _ in range(4):  # then it is the other direction's turn
            count = self._stream.read(self._buffer)
            if count is None:
                return True
            if count == 0:
                return False
            self._report.received += count
            self._report.received_sum = zlib.crc32(self._buffer[:count],
                                                   self._report.received_sum)
        return True

    def _write(self):
        most = min(_CHUNK, self._size - self._report.sent)
        piece = self._pattern[self._offset:self._offset + most]
        count = self._stream.write(piece)
        if count:
            self._report.sent += count
            self._report.sent_sum = zlib.crc32(piece[:count], self._report.sent_sum)
            self._offset = (self._offset + count) % len(self._pattern)


class _Plain:
    """read(): a count, 0 at the end, None for not now. write(): a count, 0 for not now."""

    def __init__(self, sock):
        self.sock = sock

    def read(self, into):
        try:
            return self.sock.recv_into(into)
        except BlockingIOError:
            return None

    def write(self, data):
        try:
            return self.sock.send(data)
        except BlockingIOError:
            return 0

    def flush(self):
        return True

    def wants_write(self):
        return False

    def end(self):
        self.sock.shutdown(socket.SHUT_WR)


class _Tls:
    """The same over TLS; close_notify and FIN end a direction."""

    def __init__(self, sock, context, server_hostname):
        self.sock = sock
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=server_hostname is None,
                                     server_hostname=server_hostname)
        self._unsent = memoryview(b"")
        self._incoming = memoryview(bytearray(_CHUNK))
        self._left = bytearray()  # decrypted by end()
        self._fin_wanted = False
        self._shake_hands()

    def _shake_hands(self):
        while True:
            try:
                self._tls.do_handshake()
                return
            except ssl.SSLWantReadError:
                while not self.flush():
                    select.select([], [self.sock], [], 60)
                select.select([self.sock], [], [], 60)
                self._take_in()

    def _take_in(self):
        """False when there is nothing to take now."""
        try:
            count = self.sock.recv_into(self._incoming)
        except BlockingIOError:
            return False
        if count:
            self._in.write(self._incoming[:count])
        else:
            self._in.write_eof()
        return True

    def read(self, into):
        if self._left:
            count = min(len(into), len(self._left))
            into[:count] = self._left[:count]
            del self._left[:count]
            return count
        while True:
            try:
                return self._tls.read(len(into), into)
            except ssl.SSLWantReadError:
                if not self._take_in():
                    return None
            except ssl.SSLZeroReturnError:
                return 0
            except ssl.SSLEOFError:
                raise Truncated("no close_notify") from None

    def write(self, data):
        if not self.flush():
            return 0
        count = self._tls.write(data)
        self.flush()
        return count

    def flush(self):
        """True when nothing of ours waits for the socket."""
        while True:
            if not self._unsent:
                self._unsent = memoryview(self._out.read())
            if not self._unsent:
                if self._fin_wanted:
                    self._fin_wanted = False
                    self.sock.shutdown(socket.SHUT_WR)
                return True
            try:
                self._unsent = self._unsent[self.sock.send(self._unsent):]
            except BlockingIOError:
                return False

    def wants_write(self):
        return bool(self._unsent) or self._out.pending > 0

    def end(self):
        # SSL_shutdown also reads, and would throw away what had arrived: take that out first.
        try:
            while data := self._tls.read(_CHUNK):
                self._left += data
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass
        try:
            self._tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self._fin_wanted = True
        self.flush()


def carry_each_way(t, scenario):
    """A GiB each way through a site of `scenario`, once with each side ending first."""
    size = 64 * MIB if t.sanitizer else 1024 * MIB
    for client_first in (True, False):
        tls = t.backend_tls() if scenario != "offload" else None
        backend = t.keep(BulkBackend(size, not client_first, tls))
        port = t.port()
        proxy = t.sallyport(tls_listener(port) + t.three_sites(backend.address, backend.address),
                            name=f"client-first-{client_first}")
        client = t.keep(BulkClient(port, f"{scenario}.test", t.authority, size, client_first))
        ends = client.result(110), backend.result(110)

        assert [e.error for e in ends] == [None, None], [vars(e) for e in ends]
        assert all(e.sent == e.received == size for e in ends), [vars(e) for e in ends]
        assert ends[0].sent_sum == ends[1].received_sum, [vars(e) for e in ends]
        assert ends[1].sent_sum == ends[0].received_sum, [vars(e) for e in ends]

        line = proxy.access_line(scenario=scenario)
        assert line["reason"] == "closed", line
        if scenario == "passthrough":
            spliced = proxy.metrics().sum(names.SPLICED)
            assert spliced > size, f"only {spliced} of {2 * size} bytes went through the kernel"
        else:
            assert line["bytes_from_client"] == line["bytes_from_backend"] == size, line
        if not t.sanitizer:
            resident = proxy.process.resident_bytes_max()
            assert resident < 64 * MIB, f"{resident / MIB:.1f} MiB resident"
        proxy.stop()
