#!/usr/bin/env python3
"""With `kernel_tls: on` the kernel encrypts what goes to clients, and bulk is spliced through it;
with `off`, and in the directions that stay with OpenSSL, nothing is different but the counters. In
TLS 1.2 and 1.3 every byte arrives both ways, ends are told apart, and HTTP is as ever. A client that
asks for new keys (KeyUpdate), which the kernel cannot change, is told by an alert and counted.

Runs in a guest kernel that has TLS, whatever this machine's own kernel has."""

import sys

sys.path.append(sys.path[0] + "/..")
import os
import pathlib
import re
import shutil
import subprocess

from support import names
from support.http_backend import WebBackend
from support.scenario import Skip, main, tls_listener
from support.waiting import eventually

TIMEOUT = 240

SIZE = 3 * 1024 * 1024
VERSIONS = ("1.2", "1.3")


def test(t):
    if t.sanitizer:
        raise Skip("sanitized programs do not start in the guest")
    if os.environ.get("UML_RUN"):
        return in_guest(t)
    if not (shutil.which("linux.uml") or shutil.which("linux")):
        raise Skip("no User-Mode Linux on this machine (Debian package user-mode-linux)")
    support = pathlib.Path(__file__).parent.parent / "support"
    shim = t.folder / "uml_ptrace.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", shim, support / "uml_ptrace.c"],
                   check=True)
    done = subprocess.run(
        [support / "uml-run.sh", "-t", "200", "-s", t.folder, sys.executable, os.path.abspath(__file__),
         "--sallyport", t.program],
        env={**os.environ, "UML_PRELOAD": str(shim)}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, f"in the guest, {done.returncode}:\n{done.stdout}"


def in_guest(t):
    data = os.urandom(SIZE)

    def exchange(channel, _):
        """Sends all, then takes all: what the client sent is as long as what it got."""
        channel.send(data)
        channel.end()
        assert channel.recv_to_end() == data

    backend = t.backend(exchange)
    web = t.keep(WebBackend(lambda _, answer: answer.whole(data), name="web"))
    secret = t.authority.issue("site", dns=["on.test", "off.test", "web.test"])
    port, https = t.port(), t.port()
    proxy = t.sallyport(tls_listener(port) + f"""
  - {{name: https, address: "127.0.0.1:{https}", protocol: https}}
secrets:
  - {{name: site, directory: {secret}}}
sites:
  - {{host: on.test, listeners: [tls], scenario: offload, secret: site, service: bytes,
     kernel_tls: "on"}}
  - {{host: off.test, listeners: [tls], scenario: offload, secret: site, service: bytes,
     kernel_tls: "off"}}
  - {{host: web.test, listeners: [https], scenario: offload, secret: site, service: web,
     kernel_tls: "on"}}
services:
  - {{name: bytes, endpoints: ["{backend.address}"]}}
  - {{name: web, endpoints: ["{web.address}"]}}
""")
    bytes_arrive(t, proxy, port, data)
    responses_arrive(t, https, data)
    new_keys_are_refused(t, proxy, port)


def bytes_arrive(t, proxy, port, data):
    for version in VERSIONS:
        for site in ("on", "off"):
            before = proxy.metrics()
            channel = t.connect(port, f"{site}.test", version=version)
            channel.send(data)
            channel.end()
            got = channel.recv_to_end()
            assert got == data, (version, site, len(got))
            channel.socket.close()
            proxy.wait_idle()
            after = proxy.metrics()

            def grown(name, **labels):
                return after.sum(name, **labels) - before.sum(name, **labels)
            assert grown(names.KERNEL_TLS, encrypted_by="kernel") == (site == "on"), (version, site)
            assert grown(names.KERNEL_TLS, encrypted_by="openssl") == 0, (version, site)
            assert (grown(names.SPLICED) > SIZE // 4) == (site == "on"), (version, site)
            assert grown(names.ENDED, reason="closed") == 1, (version, site)


def responses_arrive(t, port, data):
    for version in VERSIONS:
        for _ in range(2):
            got = subprocess.run(
                ["curl", "-sS", "--max-time", "60", f"--tlsv{version}", "--tls-max", version,
                 "--cacert", str(t.authority.file), "--resolve", f"web.test:{port}:127.0.0.1",
                 f"https://web.test:{port}/1", f"https://web.test:{port}/2"],
                stdout=subprocess.PIPE, check=True).stdout
            assert got == data + data, (version, len(got))


def new_keys_are_refused(t, proxy, port):
    said = t.folder / "s_client"
    with open(said, "wb") as out:  # not a pipe: it would have to be read for the client to go on
        client = subprocess.Popen(
            ["openssl", "s_client", "-tls1_3", "-servername", "on.test", "-connect",
             f"127.0.0.1:{port}", "-CAfile", str(t.authority.file), "-msg"],
            stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT)
    try:
        client.stdin.write(b"K\n")
        client.stdin.flush()
        eventually("the client's KeyUpdate is counted", lambda: proxy.metrics().sum(
            names.ENDED, reason="client_key_update") == 1, 30)
        eventually("the client is told", lambda: re.search(
            rb"fatal internal_error", said.read_bytes()), 30)
    finally:
        client.kill()
        client.wait()


if __name__ == "__main__":
    main(test)
