#!/usr/bin/env python3
"""What splice into the kernel's TLS saves against send into it, in one User-Mode-Linux guest.

    bench/kernel_tls.py --sallyport build/release/sallyport

Offload, TLS 1.3, of responses of 1 MiB in HTTP/1.1 and of one stream of as many bytes, by two proxies
that differ in `pipe_memory` alone and take turns. Prints the proxy's CPU per MiB of each, and the
median of their ratios within rounds. Takes some ten minutes of a machine that does nothing else.

The ratio says something, the figures themselves do not. A guest has one CPU, and system calls a
hundred times dearer than a real machine's. Its kernel encrypts in plain C, which both ways do alike,
and which hides all they do beside it: with AES-GCM it is nine tenths of the CPU, with
ChaCha20-Poly1305 a third of that. So both are measured: the first is the cipher of all else in
bench/, the second is nearer to a machine with instructions for either, and still far from it. The
guest's clock ticks 100 times in a second, and who is at work then is charged with the whole of it:
rounds of fewer MiB say nothing.
"""

import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from support import names  # noqa: E402
from support.bulk import MIB  # noqa: E402
from support.http import Client  # noqa: E402
from support.http_backend import WebBackend  # noqa: E402
from support.scenario import main, tls_listener  # noqa: E402

ROUNDS = 9
TURNS = 32     # of each proxy within a round, so that a machine that gets slower does so for both
MEBIBYTES = 8  # in a turn
CIPHERS = {"chacha.test": "TLS_CHACHA20_POLY1305_SHA256", "aes.test": "TLS_AES_128_GCM_SHA256"}
WAYS = {"splice": "64MiB", "send": "0"}  # and the memory of pipes that makes it so


def measure(t):
    if not os.environ.get("UML_RUN"):
        return run_in_guest(t)
    block = os.urandom(MIB)

    def respond(channel, _):
        while channel.recv(1):
            for _ in range(MEBIBYTES):
                channel.send(block)

    backends = t.backend(respond), t.keep(WebBackend(lambda _, answer: answer.whole(block)))
    secret = t.authority.issue("site", dns=CIPHERS)
    proxies = {way: Front(t, way, memory, secret, *backends) for way, memory in WAYS.items()}
    for host, cipher in CIPHERS.items():
        for what, kind in (("responses of 1 MiB", Responses), ("one stream", Stream)):
            print(f"{cipher}, {what}:")
            compare({way: kind(proxy, host) for way, proxy in proxies.items()})


def compare(downloads):
    ratios = []
    for _ in range(ROUNDS):
        cost = dict.fromkeys(downloads, 0)
        for _ in range(TURNS):
            for way, download in downloads.items():
                cost[way] += download.turn()
        ratios.append(cost["splice"] / cost["send"])
        print(", ".join(f"{way} {seconds * 1000 / TURNS / MEBIBYTES:.2f} ms"
                        for way, seconds in cost.items()),
              f"of CPU per MiB, ratio {ratios[-1]:.3f}", flush=True)
    low, median, high = statistics.quantiles(ratios)
    print(f"splice / send: median {median:.3f}, quartiles {low:.3f} and {high:.3f}", flush=True)
    for way, download in downloads.items():
        download.end(way)


def run_in_guest(t):
    support = ROOT / "tests" / "support"
    shim = t.folder / "uml_ptrace.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", shim, support / "uml_ptrace.c"],
                   check=True)
    subprocess.run([support / "uml-run.sh", "-t", "3600", "-s", t.folder, sys.executable,
                    os.path.abspath(__file__), "--sallyport", t.program],
                   env={**os.environ, "UML_PRELOAD": str(shim)}, stdin=subprocess.DEVNULL,
                   check=True)


class Front:
    """A proxy, with a site for each cipher."""

    def __init__(self, t, way, memory, secret, stream, web):
        self._t, self.tls, self.https = t, t.port(), t.port()

        def sites(listener, backend):
            return "".join(f"""
  - {{host: {host}, listeners: [{listener}], scenario: offload, secret: site, kernel_tls: "on",
     ciphers: [{cipher}], service: ["{backend.address}"]}}""" for host, cipher in CIPHERS.items())
        self._proxy = t.sallyport(tls_listener(self.tls) + f"""
  - {{name: https, address: "127.0.0.1:{self.https}", protocol: https}}
secrets:
  - {{name: site, directory: {secret}}}
sites:{sites("tls", stream)}{sites("https", web)}
""", name=way, settings=f"limits: {{pipe_memory: {memory}}}")

    def connect(self, port, host):
        return self._t.connect(port, host, version="1.3")

    def cpu_seconds(self):
        return self._proxy.process.cpu_seconds()

    def spliced(self):
        return self._proxy.metrics().sum(names.SPLICED)


class Download:
    """By one connection, kept for all turns."""

    def __init__(self, proxy, channel):
        self._proxy, self.channel, self._bytes = proxy, channel, 0
        self._spliced = proxy.spliced()

    def turn(self):
        """Seconds of the proxy's CPU."""
        before = self._proxy.cpu_seconds()
        size = self.take()
        assert size == MEBIBYTES * MIB, size
        self._bytes += size
        return self._proxy.cpu_seconds() - before

    def end(self, way):
        self.channel.socket.close()
        spliced = self._proxy.spliced() - self._spliced
        assert (spliced > self._bytes * 0.9) == (way == "splice"), f"{way}: {spliced} bytes spliced"


class Stream(Download):
    def __init__(self, proxy, host):
        super().__init__(proxy, proxy.connect(proxy.tls, host))

    def take(self):
        self.channel.send(b"x")
        size = 0
        while size < MEBIBYTES * MIB:
            size += len(self.channel.recv())
        return size


class Responses(Download):
    def __init__(self, proxy, host):
        super().__init__(proxy, proxy.connect(proxy.https, host))
        self._client = Client(self.channel, host)

    def take(self):
        return sum(len(self._client.get().body) for _ in range(MEBIBYTES))


if __name__ == "__main__":
    main(measure)
