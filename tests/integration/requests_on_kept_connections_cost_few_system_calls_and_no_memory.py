"""What a request of 1 KiB costs in steady state, client and backend both on kept connections, in
each scenario and version of HTTP: how many system calls, and how many allocations: none but those
that OpenSSL makes for each record. Counted as the difference between a long and a short run of the
same load, so that what opens and ends connections cancels out. The bounds are what was seen, and
less than one call or allocation on top."""

import sys

sys.path.append(sys.path[0] + "/..")
import json
import time
import typing

from support.allocations import Allocations
from support.localhost import BenchBackend, bench_program
from support.ports import free_port
from support.process import run
from support.scenario import Skip, main
from support.system_calls import SystemCalls
from support.waiting import eventually

ALONE = True
TIMEOUT = 100
SHORT, LONG = 500, 2500


class Row(typing.NamedTuple):
    """A load of one request after the other, and what each of them costs beside its transfers."""

    host: str
    http: int
    waits: float    # one for each side that speaks, and one for each turn that a session posts
    openssl: float  # its allocations

    def __str__(self):
        return f"{self.host}, HTTP/{self.http}"


ROWS = [
    Row("offload.test", 1, 2, 2), Row("offload.test", 2, 3, 2),
    Row("mtls.test", 1, 2, 2), Row("mtls.test", 2, 3, 2),
    Row("reencrypt.test", 1, 2, 6), Row("reencrypt.test", 2, 3, 6),
    Row("passthrough.test", 1, 2, 0), Row("passthrough2.test", 2, 2, 0),
    Row("offload2.test", 2, 6, 2), Row("reencrypt2.test", 2, 6, 6),  # HTTP/2 to the backend, too
]
TRANSFERS = 4  # a read and a write at each side
MORE = 0.5  # of each of these: some responses come in two pieces
LOG_MOST = 0.5  # to hand lines of the log to the thread that writes them, many at once
OTHERS_MOST = 0.05
OWN_MOST = 0.05
TRANSFER = {"recvfrom", "recvmsg", "read", "sendto", "sendmsg", "write", "writev", "readv"}
LOG = {"futex", "poll"}


def test(t):
    if t.sanitizer:
        raise Skip("a sanitizer has calls and allocations of its own")
    backends = Backends(t)
    client = t.authority.issue("client", client=True)
    system_calls(t, Load(t, backends, client, "calls"))
    allocations(t, backends, client)


class Backends:
    """Each says 1 KiB to /1k: bench/backend in HTTP/1.1, nginx in HTTP/2."""

    def __init__(self, t):
        self.plain = BenchBackend(t, name="plain-backend").address
        self.tls = BenchBackend(t, tls=True, name="tls-backend").address
        folder = t.folder / "nginx"
        folder.mkdir()
        secret = t.authority.issue("backend.test", dns=("backend.test", "passthrough2.test"))
        self.plain2, self.tls2 = (f"127.0.0.1:{free_port()}" for _ in range(2))
        (folder / "nginx.conf").write_text(f"""
daemon off; master_process off; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 1000; }}
http {{
  access_log off; keepalive_requests 1000000;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen {self.plain2} http2; listen {self.tls2} ssl http2;
    ssl_certificate {secret}/tls.crt; ssl_certificate_key {secret}/tls.key;
    location / {{ return 200 "{"k" * 1024}"; }}
  }}
}}
""")
        t.process(["nginx", "-e", "stderr", "-p", folder, "-c", folder / "nginx.conf"],
                  name="nginx-http2")
        pid = folder / "pid"
        eventually("nginx is up", lambda: pid.exists() and pid.read_text())


class Load:
    """A proxy before the backends, and requests to it."""

    def __init__(self, t, backends, client, name, **options):
        self._t, self._port, self._client = t, t.port(), client
        hosts = sorted({row.host for row in ROWS})
        tls = "tls: {name: backend.test, secret: authority}"
        self.proxy = t.sallyport(f"""listeners:
  - {{name: https, address: "127.0.0.1:{self._port}", protocol: https}}
secrets:
  - {{name: site, directory: {t.authority.issue("kept", dns=hosts)}}}
  - {{name: authority, ca.crt: {t.authority.file}}}
sites:
  - {{host: offload.test, scenario: offload, secret: site, service: plain}}
  - {{host: mtls.test, scenario: offload, secret: site, service: plain,
     client_auth: {{verify: required, secret: authority}}}}
  - {{host: reencrypt.test, scenario: reencrypt, secret: site, service: again}}
  - {{host: passthrough.test, scenario: passthrough, service: ["{backends.tls}"]}}
  - {{host: passthrough2.test, scenario: passthrough, service: ["{backends.tls2}"]}}
  - {{host: offload2.test, scenario: offload, secret: site, service: plain2}}
  - {{host: reencrypt2.test, scenario: reencrypt, secret: site, service: again2}}
services:
  - {{name: plain, endpoints: ["{backends.plain}"]}}
  - {{name: again, endpoints: ["{backends.tls}"], {tls}}}
  - {{name: plain2, endpoints: ["{backends.plain2}"], protocol: http2}}
  - {{name: again2, endpoints: ["{backends.tls2}"], protocol: http2, {tls}}}
""", name=name, **options)

    def command(self, row):
        return [bench_program(self._t, "load"), f"127.0.0.1:{self._port}", "--tls", "--host",
                row.host, "--ca", self._t.authority.file, "--path", "/1k", "-c", 1,
                *(["--http2"] if row.http == 2 else []),
                *(["--cert", self._client / "tls.crt", "--key", self._client / "tls.key"]
                  if row.host == "mtls.test" else [])]

    def run(self, row, count):
        done = run([*self.command(row), "-n", count, "--json"], 60)
        assert done.returncode == 0, done
        told = json.loads(done.stdout)
        assert told["errors"] == 0 and told["exchanges"] == count, (row, told)


def system_calls(t, load):
    for row in ROWS:
        load.run(row, 100)  # connections to the backend are there from now on
        counts = {}
        for size in (SHORT, LONG):
            strace = SystemCalls(t, load.proxy.process, f"{row.host}-{row.http}-{size}")
            load.run(row, size)
            counts[size] = strace.stop()
        each = {name: (counts[LONG].get(name, 0) - counts[SHORT].get(name, 0)) / (LONG - SHORT)
                for name in counts[LONG] | counts[SHORT]}
        print(f"{row}: calls per request:",
              ", ".join(f"{n} {c:.3f}" for n, c in sorted(each.items(), key=lambda e: -e[1])
                        if c >= 0.001))
        transfers = sum(c for n, c in each.items() if n in TRANSFER)
        waits = sum(c for n, c in each.items() if n.startswith("epoll_") and "wait" in n)
        log = sum(c for n, c in each.items() if n in LOG)
        assert TRANSFERS - 0.1 <= transfers <= TRANSFERS + MORE, (row, each)
        assert waits <= row.waits + MORE, (row, each)
        assert log <= LOG_MOST, (row, each)
        assert sum(each.values()) - transfers - waits - log <= OTHERS_MOST, (row, each)
        assert each.get("epoll_ctl", 0) <= 0.01 and each.get("setsockopt", 0) <= 0.01, (row, each)


def allocations(t, backends, client):
    counter = Allocations(t.folder)
    load = Load(t, backends, client, "counted", env=counter.environment)
    for row in ROWS:
        load.run(row, 2 * LONG)  # until buffers have found their size
        counts = {}
        for size in (SHORT, LONG):
            before = counter.count()
            assert all(before), "the counter is not in the process"
            load.run(row, size)
            counts[size] = [now - then for now, then in zip(settled(counter), before)]
        own, openssl = ((long - short) / (LONG - SHORT)
                        for long, short in zip(counts[LONG], counts[SHORT]))
        print(f"{row}: allocations per request: {own:.4f} of its own, {openssl:.4f} of OpenSSL")
        if own > OWN_MOST or openssl > row.openssl + MORE:
            print_sites(t, load, row, counter)
        assert own <= OWN_MOST, (row, own)
        assert openssl <= row.openssl + MORE, (row, openssl)


def settled(counter):
    """The counts, once what ends connections is over as well."""
    last = [counter.count(), time.monotonic()]

    def quiet():
        now = counter.count()
        if now != last[0]:
            last[:] = now, time.monotonic()
        return time.monotonic() - last[1] > 0.3
    eventually("nothing is allocated any more", quiet)
    return last[0]


def print_sites(t, load, row, counter):
    """Where the allocations of a load come from that is under way already."""
    loading = t.process([*load.command(row), "-d", "1s"], name=f"sites-{row.host}-{row.http}")
    time.sleep(0.5)  # past the handshakes
    counter.note_sites()
    loading.wait()
    for count, size, names in counter.sites(load.proxy.process.pid, t.program)[:12]:
        print(f"  {count:4} of {size:6} bytes: {names}")


if __name__ == "__main__":
    main(test)
