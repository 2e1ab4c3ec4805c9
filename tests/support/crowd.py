"""Thousands of connections at once: an echo server in a process of its own, and held clients."""

import asyncio
import multiprocessing
import ssl

from .channel import Cut, client_context, connect_tls

_context = multiprocessing.get_context("fork")


class EchoProcess:
    """Echoes on each of any number of connections. `secret` makes it a TLS server."""

    def __init__(self, secret=None):
        ours, theirs = _context.Pipe()
        self._process = _context.Process(target=_serve, args=(secret, theirs), daemon=True)
        self._process.start()
        self.port = ours.recv()
        self.address = f"127.0.0.1:{self.port}"

    def close(self):
        self._process.kill()
        self._process.join()


def _serve(secret, started):
    tls = None
    if secret:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(secret / "tls.crt", secret / "tls.key")

    async def echo(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except (OSError, ssl.SSLError):
            pass
        writer.close()

    async def serve():
        server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=tls, backlog=2048)
        started.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


class Crowd:
    """Holds `counts[name]` TLS connections to each name open; each has echoed once."""

    def __init__(self, port, authority, counts):
        context = client_context(authority)
        self._channels = [
            (name, connect_tls(port, name, authority, context=context))
            for name, count in counts.items() for _ in range(count)]
        assert not self.echo_all()

    def echo_all(self):
        """Sends something through each and has it back; returns those that did not."""
        failures = []
        for name, channel in self._channels:
            try:
                channel.send(b"still here")
                if channel.recv_exactly(10) != b"still here":
                    failures.append((name, "ended"))
            except (Cut, OSError, ssl.SSLError) as error:
                failures.append((name, repr(error)))
        return failures

    def close(self):
        """Ends each as a client should: our end first, then the backend's."""
        for _, channel in self._channels:
            channel.end()
        for name, channel in self._channels:
            assert channel.recv_to_end() == b"", name
            channel.close()
