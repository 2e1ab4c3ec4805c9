"""A backend process that is killed or stopped, and comes back at the same address.

It speaks HTTP in the clear at one port and under TLS at another, answers every GET with 1 KiB, and
notes in a file what each POST to /ID was, as soon as its head has come. SIGTERM is the graceful
end: it accepts no more, answers what has been asked with `Connection: close`, and exits.
"""

import asyncio
import multiprocessing
import os
import re
import signal
import ssl

from .ports import Reservation

_context = multiprocessing.get_context("fork")
_POST = re.compile(rb"POST /(\S+) HTTP/1\.1\r\n")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
_BODY = b"y" * 1024


class RestartedBackend:
    def __init__(self, secret, notes):
        self._reservations = Reservation(), Reservation()
        plain, tls = (r.port for r in self._reservations)
        self.plain, self.tls = f"127.0.0.1:{plain}", f"127.0.0.1:{tls}"
        self._arguments = (plain, tls, secret, notes)
        self._process = None
        self.start()

    def start(self):
        ours, theirs = _context.Pipe()
        self._process = _context.Process(target=_serve, args=(*self._arguments, theirs),
                                         daemon=True)
        self._process.start()
        ours.recv()

    def kill(self):
        self._process.kill()
        self._process.join()

    def stop(self, within=5.0):
        self._process.terminate()
        self._process.join(within)
        assert self._process.exitcode == 0, f"a graceful end: {self._process.exitcode}"

    def close(self):
        self.kill()
        for reservation in self._reservations:
            reservation.close()


def _serve(plain, tls, secret, notes, started):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    asyncio.run(_Server(notes).run(plain, tls, secret, started))
    os._exit(0)


class _Server:
    def __init__(self, notes):
        self._notes = os.open(notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._stopping = asyncio.Event()
        self._idle = set()  # writers of connections that wait for a request
        self._busy = 0

    async def run(self, plain, tls, secret, started):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(secret / "tls.crt", secret / "tls.key")
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._stopping.set)
        servers = [await asyncio.start_server(self._converse, "127.0.0.1", port, backlog=1024,
                                              reuse_port=True, ssl=security)
                   for port, security in ((plain, None), (tls, context))]
        started.send("ready")
        await self._stopping.wait()
        for server in servers:
            server.close()
        for writer in list(self._idle):
            writer.close()
        while self._busy:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.1)  # for farewells to be sent

    async def _converse(self, reader, writer):
        try:
            while not self._stopping.is_set():
                self._idle.add(writer)
                head = await reader.readuntil(b"\r\n\r\n")
                self._idle.discard(writer)
                self._busy += 1
                try:
                    await self._answer(head, reader, writer)
                finally:
                    self._busy -= 1
        except (asyncio.IncompleteReadError, OSError, ssl.SSLError):
            pass
        self._idle.discard(writer)
        writer.close()

    async def _answer(self, head, reader, writer):
        if post := _POST.match(head):
            os.write(self._notes, post[1] + b"\n")
            await reader.readexactly(int(_LENGTH.search(head)[1]))
        last = b"Connection: close\r\n" if self._stopping.is_set() else b""
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n" + last + b"\r\n" + _BODY)
        await writer.drain()
