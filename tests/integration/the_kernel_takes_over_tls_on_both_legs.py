#!/usr/bin/env python3
"""With `kernel_tls: on` the kernel encrypts what is sent and decrypts what is received, to clients
and to backends alike, as far as OpenSSL hands it the keys, and bulk is spliced; with `off`, and in
what stays with OpenSSL, nothing is different but the counters. In all three scenarios, in TLS 1.2 and
1.3, every byte arrives both ways and a cut is told from an end; HTTP is as ever. A record that was
tampered with ends the connection. A peer that asks for new keys (KeyUpdate), which the kernel cannot
change, ends it, too, and is counted. An upload that pauses has reached the backend by then.

Runs in a guest kernel that has TLS, whatever this machine's own kernel has.
SALLYPORT_FULL=1: all three ciphers, and 48 MiB each way instead of 3."""

import sys

sys.path.append(sys.path[0] + "/..")
import os
import pathlib
import shutil
import subprocess

from support import names
from support.bulk import MIB
from support.channel import Cut, server_context
from support.http_backend import WebBackend
from support.kernel_tls_cases import SUITES, VERSIONS, carry_in_all_cases
from support.openssl_program import OpensslProgram
from support.ports import free_port
from support.scenario import Skip, main, tls_listener
from support.waiting import eventually

FULL = bool(os.environ.get("SALLYPORT_FULL"))
TIMEOUT = 1500


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
        [support / "uml-run.sh", "-t", "1400" if FULL else "400", "-s", t.folder, sys.executable,
         os.path.abspath(__file__), "--sallyport", t.program],
        env={**os.environ, "UML_PRELOAD": str(shim)}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, f"in the guest, {done.returncode}:\n{done.stdout}"


def in_guest(t):
    carry_in_all_cases(t, (48 if FULL else 3) * MIB, True,
                       list(SUITES) if FULL else ["AES_128_GCM_SHA256"])
    with_small_peers(t)


def with_small_peers(t):
    """Ends and requests of all kinds, all through one proxy with the kernel's TLS everywhere."""
    data = os.urandom(2 * MIB)
    got = []

    def respond(request, answer):
        got.append(answer.read_body())
        answer.whole(data)

    plain = t.backend(ends)
    site = t.authority.issue("web", dns=["bytes.test", "again.test", "keys.test", "web.test",
                                         "webagain.test", "pause.test", "backend.test"])
    secure = {v: t.backend(ends, tls=server_context(site, version=v)) for v in VERSIONS}
    web = t.keep(WebBackend(respond))
    secure_web = t.keep(WebBackend(respond, tls=server_context(site)))
    patient = t.backend(hears_all, tls=server_context(site))
    keys, port, https = free_port(), t.port(), t.port()
    tls = "tls: {name: backend.test, secret: authority"
    proxy = t.sallyport(tls_listener(port) + f"""
  - {{name: https, address: "127.0.0.1:{https}", protocol: https}}
secrets:
  - {{name: site, directory: {site}}}
  - {{name: authority, ca.crt: {t.authority.file}}}
sites:
  - {{host: bytes.test, listeners: [tls], scenario: offload, secret: site, service: bytes}}
  - {{host: again.test, listeners: [tls], scenario: reencrypt, secret: site, service: again}}
  - {{host: keys.test, listeners: [tls], scenario: reencrypt, secret: site, service: keys}}
  - {{host: web.test, listeners: [https], scenario: offload, secret: site, service: web}}
  - {{host: webagain.test, listeners: [https], scenario: reencrypt, secret: site,
     service: webagain}}
  - {{host: pause.test, listeners: [https], scenario: reencrypt, secret: site, service: patient}}
services:
  - {{name: bytes, endpoints: ["{plain.address}"]}}
  - {{name: again, endpoints: ["{secure["1.2"].address}"], {tls}, max_tls: "1.2"}}}}
  - {{name: keys, endpoints: ["127.0.0.1:{keys}"], {tls}}}}}
  - {{name: web, endpoints: ["{web.address}"]}}
  - {{name: webagain, endpoints: ["{secure_web.address}"], {tls}}}}}
  - {{name: patient, endpoints: ["{patient.address}"], {tls}}}}}
""", name="small", settings='kernel_tls: "on"')
    cuts_are_no_ends(t, proxy, port, plain)
    tampering_ends(t, proxy, port, plain)
    cuts_of_backends_are_no_ends(t, proxy, port)
    requests_and_responses_arrive(t, proxy, https, data, got)
    uploads_that_pause_are_passed_on(t, https, patient)
    clients_new_keys_are_refused(t, proxy, port)
    backends_new_keys_are_refused(t, proxy, port, site, keys)


def ends(channel, seen):
    """Notes what comes until the end and ends, too; at the word "cut" it cuts."""
    while data := channel.recv():
        seen.received += data
        if seen.received == b"cut":
            channel.socket.close()
            return
    channel.end()
    seen.ended = True


def hears_all(channel, seen):
    """Notes what comes; answers a request whose body ends with "end"."""
    while data := channel.recv():
        seen.received += data
        if seen.received.endswith(b"end"):
            channel.send(b"HTTP/1.1 204 No Content\r\n\r\n")


def ended(proxy, reason):
    return proxy.metrics().sum(names.ENDED, reason=reason)


def cuts_are_no_ends(t, proxy, port, backend):
    for version in VERSIONS:
        for host, size in (("bytes.test", 5), ("bytes.test", MIB), ("again.test", MIB)):
            before = ended(proxy, "client_truncated")
            channel = t.connect(port, host, version=version)
            channel.send(os.urandom(size))
            channel.socket.shutdown(1)  # FIN, but no close_notify
            eventually(f"the cut is seen: TLS {version}, {host}, {size}",
                       lambda: ended(proxy, "client_truncated") == before + 1, 20)
            channel.socket.close()
    eventually("all are over", lambda: all(s.over for s in backend.seen), 20)
    assert not any(hasattr(s, "ended") for s in backend.seen), "a backend took a cut for the end"


def tampering_ends(t, proxy, port, backend):
    """A record that nobody with the keys has made: of data, and one that says it is an alert."""
    for version in VERSIONS:
        for kind in (b"\x17", b"\x15"):
            before = ended(proxy, "client_reset")
            channel = t.connect(port, "bytes.test", version=version)
            channel.send(b"x" * 100)
            eventually("it has come", lambda: backend.seen[-1].received == b"x" * 100, 20)
            channel.socket.sendall(kind + b"\x03\x03\x00\x40" + os.urandom(64))
            eventually(f"a bad record ends it: TLS {version}",
                       lambda: ended(proxy, "client_reset") == before + 1, 20)
            eventually("the backend learns", lambda: backend.seen[-1].over, 20)
            assert backend.seen[-1].received == b"x" * 100
            assert not hasattr(backend.seen[-1], "ended"), "it looked like an end"
            channel.socket.close()


def cuts_of_backends_are_no_ends(t, proxy, port):
    for version in VERSIONS:
        before = ended(proxy, "backend_truncated")
        channel = t.connect(port, "again.test", version=version)
        channel.send(b"cut")
        try:
            rest = channel.recv_to_end()
            raise AssertionError(f"the client took a cut for the end, after {rest}")
        except Cut:
            pass
        eventually("the backend's cut is counted",
                   lambda: ended(proxy, "backend_truncated") == before + 1, 20)
        channel.socket.close()


def requests_and_responses_arrive(t, proxy, port, data, got):
    upload = t.folder / "upload"
    upload.write_bytes(data[::-1])
    for version in VERSIONS:
        for host in ("web.test", "webagain.test"):
            for http in ("--http1.1", "--http2"):
                del got[:]
                spliced = proxy.metrics().sum(names.SPLICED)
                response = subprocess.run(
                    ["curl", "-sS", "--max-time", "60", f"--tlsv{version}", "--tls-max", version,
                     http, "--cacert", str(t.authority.file), "--resolve",
                     f"{host}:{port}:127.0.0.1", "--data-binary", f"@{upload}",
                     f"https://{host}:{port}/1", f"https://{host}:{port}/2"],
                    stdout=subprocess.PIPE, check=True).stdout
                assert response == data + data, (version, host, http, len(response))
                assert got == [data[::-1]] * 2, (version, host, http)
                spliced = proxy.metrics().sum(names.SPLICED) - spliced
                if host == "web.test":  # from a plain socket into the kernel's TLS
                    assert (spliced > len(data)) == (http == "--http1.1"), (version, http, spliced)


def uploads_that_pause_are_passed_on(t, port, backend):
    for version in VERSIONS:
        channel = t.connect(port, "pause.test", version=version)
        half = os.urandom(20_000)
        channel.send(b"POST / HTTP/1.1\r\nHost: pause.test\r\nContent-Length: 40003\r\n\r\n" + half)
        eventually("what has been sent is there",
                   lambda: backend.seen and backend.seen[-1].received.endswith(half), 20)
        channel.send(half + b"end")
        assert channel.recv().startswith(b"HTTP/1.1 204"), version
        channel.socket.close()


def clients_new_keys_are_refused(t, proxy, port):
    with OpensslProgram(t, "s_client", "-servername", "bytes.test", "-connect",
                        f"127.0.0.1:{port}", "-CAfile", t.authority.file) as client:
        client.type(b"K\n")
        eventually("the client's KeyUpdate is counted",
                   lambda: ended(proxy, "client_key_update") == 1, 30)
        client.says(b"fatal internal_error")
    assert proxy.metrics().sum(names.KERNEL_TLS_KEY_UPDATES, side="client") == 1


def backends_new_keys_are_refused(t, proxy, port, secret, at):
    with OpensslProgram(t, "s_server", "-accept", f"127.0.0.1:{at}", "-cert", secret / "tls.crt",
                        "-key", secret / "tls.key") as server:
        server.says(b"ACCEPT")
        channel = t.connect(port, "keys.test")
        channel.send(b"hello\n")
        server.says(b"hello")
        server.type(b"K\n")
        eventually("the backend's KeyUpdate is counted",
                   lambda: ended(proxy, "backend_key_update") == 1, 30)
        server.says(b"fatal internal_error")
        try:
            channel.recv_to_end()
            raise AssertionError("the client took it for the end")
        except Cut:
            pass
    assert proxy.metrics().sum(names.KERNEL_TLS_KEY_UPDATES, side="backend") == 1


if __name__ == "__main__":
    main(test)
