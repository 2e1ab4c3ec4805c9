#!/usr/bin/env python3
"""What splice into the kernel's TLS saves against send into it, in one User-Mode-Linux guest.

    bench/kernel_tls.py --sallyport build/release/sallyport

Offload of responses of many mebibytes, TLS 1.3, by two proxies that differ in `pipe_memory` alone,
one after the other in each round. Prints the proxy's CPU per MiB of each, and the median of their
ratios within rounds. A guest has one CPU without instructions for AES, and system calls a hundred
times dearer than a real machine's: the ratio says something, the figures themselves do not.
"""

import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from support.bulk import MIB  # noqa: E402
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

    backend = t.backend(respond)
    secret = t.authority.issue("site", dns=["site.test"])
    proxies = {way: start(t, way, memory, secret, backend) for way, memory in WAYS.items()}
    ratios = []
    for _ in range(ROUNDS):
        cost = {way: download(t, *proxy) for way, proxy in proxies.items()}
        ratios.append(cost["splice"] / cost["send"])
        print(", ".join(f"{way} {ms:.2f} ms" for way, ms in cost.items()),
              f"of CPU per MiB, ratio {ratios[-1]:.3f}", flush=True)
    low, median, high = statistics.quantiles(ratios)
    print(f"splice / send: median {median:.3f}, quartiles {low:.3f} and {high:.3f}", flush=True)


def run_in_guest(t):
    support = ROOT / "tests" / "support"
    shim = t.folder / "uml_ptrace.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", shim, support / "uml_ptrace.c"],
                   check=True)
    subprocess.run([support / "uml-run.sh", "-t", "1200", "-s", t.folder, sys.executable,
                    os.path.abspath(__file__), "--sallyport", t.program],
                   env={**os.environ, "UML_PRELOAD": str(shim)}, stdin=subprocess.DEVNULL,
                   check=True)


def start(t, way, memory, secret, backend):
    port = t.port()
    proxy = t.sallyport(tls_listener(port) + f"""secrets:
  - {{name: site, directory: {secret}}}
sites:
  - {{host: site.test, scenario: offload, secret: site, service: all, kernel_tls: "on",
     ciphers: [{CIPHER}]}}
services:
  - {{name: all, endpoints: ["{backend.address}"]}}
""", name=way, settings=f"limits: {{pipe_memory: {memory}}}")
    return proxy, port, way


def download(t, proxy, port, way):
    """Milliseconds of the proxy's CPU per MiB."""
    before, spliced = proxy.process.cpu_seconds(), spliced_bytes(proxy)
    channel, size = t.connect(port, "site.test", version="1.3"), 0
    channel.send(b"x")
    while data := channel.recv():
        size += len(data)
    channel.socket.close()
    proxy.wait_idle()
    assert size == MEBIBYTES * MIB, size
    assert (spliced_bytes(proxy) - spliced > size * 0.9) == (way == "splice"), way
    return (proxy.process.cpu_seconds() - before) * 1000 / MEBIBYTES


def spliced_bytes(proxy):
    return proxy.metrics().sum("sallyport_spliced_bytes_total")


if __name__ == "__main__":
    main(measure)
