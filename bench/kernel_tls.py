#!/usr/bin/env python3
"""What splice into the kernel's TLS saves against send into it, in one User-Mode-Linux guest.

    bench/kernel_tls.py --sallyport build/release/sallyport

Offload, TLS 1.3, of responses of 1 MiB in HTTP/1.1 and of one stream of as many bytes, by two proxies
that differ in `pipe_memory` alone, one after the other in each round. Prints the proxy's CPU per MiB
of each, and the median of their ratios within rounds. A guest has one CPU without instructions for
AES, and system calls a hundred times dearer than a real machine's: the ratio says something, the
figures themselves do not.
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
MEBIBYTES = 128
CIPHER = "TLS_AES_128_GCM_SHA256"  # as everywhere in bench/
WAYS = {"splice": "64MiB", "send": "0"}  # and the memory of pipes that makes it so


def measure(t):
    if not os.environ.get("UML_RUN"):
        return run_in_guest(t)
    block = os.urandom(MIB)

    def respond(channel, _):
        channel.recv(1)
        for _ in range(MEBIBYTES):
            channel.send(block)
        channel.end()

    backends = t.backend(respond), t.keep(WebBackend(lambda _, answer: answer.whole(block)))
    secret = t.authority.issue("site", dns=["site.test"])
    proxies = {way: Front(t, way, memory, secret, *backends) for way, memory in WAYS.items()}
    for what, download in (("responses of 1 MiB", Front.responses), ("one stream", Front.stream)):
        ratios = []
        for _ in range(ROUNDS):
            cost = {way: proxy.cost(download) for way, proxy in proxies.items()}
            ratios.append(cost["splice"] / cost["send"])
            print(f"{what}:", ", ".join(f"{way} {ms:.2f} ms" for way, ms in cost.items()),
                  f"of CPU per MiB, ratio {ratios[-1]:.3f}", flush=True)
        low, median, high = statistics.quantiles(ratios)
        print(f"{what}: splice / send: median {median:.3f}, quartiles {low:.3f} and {high:.3f}",
              flush=True)


def run_in_guest(t):
    support = ROOT / "tests" / "support"
    shim = t.folder / "uml_ptrace.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", shim, support / "uml_ptrace.c"],
                   check=True)
    subprocess.run([support / "uml-run.sh", "-t", "1200", "-s", t.folder, sys.executable,
                    os.path.abspath(__file__), "--sallyport", t.program],
                   env={**os.environ, "UML_PRELOAD": str(shim)}, stdin=subprocess.DEVNULL,
                   check=True)


class Front:
    """A proxy, and what is downloaded through it."""

    def __init__(self, t, way, memory, secret, stream, web):
        self._t, self._way, self._bytes, self._web = t, way, t.port(), t.port()
        keys = f'scenario: offload, secret: site, kernel_tls: "on", ciphers: [{CIPHER}]'
        self._proxy = t.sallyport(tls_listener(self._bytes) + f"""
  - {{name: https, address: "127.0.0.1:{self._web}", protocol: https}}
secrets:
  - {{name: site, directory: {secret}}}
sites:
  - {{host: site.test, listeners: [tls], {keys}, service: ["{stream.address}"]}}
  - {{host: site.test, listeners: [https], {keys}, service: ["{web.address}"]}}
""", name=way, settings=f"limits: {{pipe_memory: {memory}}}")

    def cost(self, download):
        """Milliseconds of the proxy's CPU per MiB."""
        before, spliced = self._proxy.process.cpu_seconds(), self._spliced()
        size = download(self)
        self._proxy.wait_idle()
        assert size == MEBIBYTES * MIB, size
        assert (self._spliced() - spliced > size * 0.9) == (self._way == "splice"), self._way
        return (self._proxy.process.cpu_seconds() - before) * 1000 / MEBIBYTES

    def stream(self):
        channel, size = self._t.connect(self._bytes, "site.test", version="1.3"), 0
        channel.send(b"x")
        while data := channel.recv():
            size += len(data)
        channel.socket.close()
        return size

    def responses(self):
        channel = self._t.connect(self._web, "site.test", version="1.3")
        with Client(channel, "site.test") as client:
            return sum(len(client.get().body) for _ in range(MEBIBYTES))

    def _spliced(self):
        return self._proxy.metrics().sum(names.SPLICED)


if __name__ == "__main__":
    main(measure)
