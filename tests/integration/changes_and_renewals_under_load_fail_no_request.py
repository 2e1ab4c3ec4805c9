"""While bench/load keeps 16 kept and 16 new connections busy on each of four hosts (offload,
reencrypt, passthrough, and one that demands a client's certificate), the watched configuration file
changes two hundred times, and fifty certificates are renewed: half by renaming, half by writing over
tls.crt and, 200 ms later, tls.key. A tls.crt is half there for a second, and half of a
configuration file is.

No request fails; a WebSocket, a spliced tcp connection and one that is passed through live on; each
change makes one snapshot, and nothing else makes one, so that none is made from a part of a file;
the next handshake after a renewal is applied shows the new certificate. SALLYPORT_FULL=1 for all of
it; by default a fifth."""

import sys

sys.path.append(sys.path[0] + "/..")
import collections
import json
import os
import pathlib
import shutil
import signal
import ssl
import time

from support import names
from support.channel import connect_tls
from support.crowd import EchoProcess
from support.http import Client
from support.http_backend import WebBackend
from support.localhost import BenchBackend, bench_program
from support.scenario import main
from support.waiting import eventually

ALONE = True
TIMEOUT = 420
HOSTS = ("offload.test", "reencrypt.test", "passthrough.test", "mtls.test")
RENEWED = ("offload.test", "reencrypt.test", "mtls.test")
RESUMING = ("reencrypt.test", "mtls.test")  # on new connections; the others shake hands in full
BETWEEN_HALVES = 0.2  # from tls.crt to tls.key, as the renewers meant here do it
HALF_WRITTEN = 1.0
LATEST = 30.0  # far more than a change takes on a machine that is this busy


def test(t):
    full = os.environ.get("SALLYPORT_FULL") == "1"
    changes, renewals = (200, 50) if full else (40, 10)
    edge = Edge(t)
    fresh = [(RENEWED[i % 3], t.authority.issue(f"renewed {i}", dns=(RENEWED[i % 3],)))
             for i in range(renewals)]
    halved = t.authority.issue("halved", dns=("offload.test",))
    loads = start_loads(t, edge)
    held = Held(t, edge)
    began = time.monotonic()
    for i in range(changes):
        edge.change(i)
        if i % (changes // renewals) == 0:
            number = i // (changes // renewals)
            edge.renew(*fresh[number], by_rename=number % 2 == 0)
        if i == changes // 2:
            edge.half_written_certificate("offload.test", halved)
            edge.half_written_configuration(i)
        held.echo(i)
    took = time.monotonic() - began
    served = finish_loads(loads)
    held.echo(changes)

    metrics = edge.proxy.metrics()
    assert metrics.sum(names.RELOADS, result="applied") == edge.applied
    assert metrics.sum(names.RELOADS, result="refused") == 0, edge.proxy.process.output[-2000:]
    print(f"{changes} changes, {renewals} renewals and 2 files half written in {took:.1f} s: "
          f"{edge.applied:g} snapshots, {sum(served.values())} requests, none failed")
    print(dict(served))
    print("ms until a renewal was in use, median and worst:", edge.delays())
    assert all(count > 50 for count in served.values()), served


class Edge:
    """The proxy, its files, and how often it must have applied something."""

    def __init__(self, t):
        self._t = t
        self.plain, self.second = BenchBackend(t, "plain"), BenchBackend(t, "second")
        self.tls = BenchBackend(t, "encrypted", tls=True)
        self.sockets = t.keep(WebBackend(name="sockets"))
        self.echo = t.keep(EchoProcess())
        self.tls_echo = t.keep(EchoProcess(t.authority.issue("through.test")))
        self.port, self.tcp_port = t.port(), t.port()
        self._secrets = pathlib.Path(t.folder) / "secrets"
        for host in RENEWED:
            (self._secrets / host).mkdir(parents=True)
            for name in ("tls.crt", "tls.key"):
                shutil.copy(t.authority.issue(f"first {host}", dns=(host,)) / name,
                            self._secrets / host / name)
        self.client = t.authority.issue("partner", client=True)
        self.proxy = t.sallyport(self._body(None), workers=2, settings="watch: true\n")
        self.applied = self._count()
        self._contexts = {host: ssl.create_default_context(cafile=t.authority.file)
                          for host in HOSTS}
        self._contexts["mtls.test"].load_cert_chain(self.client / "tls.crt",
                                                    self.client / "tls.key")
        self._delays = []

    def change(self, i):
        """Sites, routes, services and client_auth come, change and go; each second time the file is
        replaced, otherwise written over."""
        text = self.proxy.text(self._body(i))
        if i % 2:
            draft = self.proxy.file.with_suffix(".new")
            draft.write_text(text)
            draft.rename(self.proxy.file)
        else:
            self.proxy.file.write_text(text)
        self._wait_applied(f"change {i}")

    def renew(self, host, pair, by_rename):
        before, folder = self.shown(host), self._secrets / host
        if by_rename:
            for name in ("tls.crt", "tls.key"):
                shutil.copy(pair / name, folder / (name + ".new"))
            (folder / "tls.crt.new").rename(folder / "tls.crt")
            began = time.monotonic()
            (folder / "tls.key.new").rename(folder / "tls.key")
        else:
            (folder / "tls.crt").write_bytes((pair / "tls.crt").read_bytes())
            self._stays(host, before, BETWEEN_HALVES)
            began = time.monotonic()
            (folder / "tls.key").write_bytes((pair / "tls.key").read_bytes())
        self._wait_applied(f"the renewal of {host}")
        self._delays.append((time.monotonic() - began) * 1000)
        assert self.shown(host) == leaf(pair), f"{host} shows an old certificate"

    def half_written_certificate(self, host, pair):
        before, folder = self.shown(host), self._secrets / host
        whole = (pair / "tls.crt").read_bytes()
        (folder / "tls.crt").write_bytes(whole[:len(whole) // 2])
        self._stays(host, before, HALF_WRITTEN)
        with open(folder / "tls.crt", "ab") as file:
            file.write(whole[len(whole) // 2:])
        (folder / "tls.key").write_bytes((pair / "tls.key").read_bytes())
        self._wait_applied("the certificate that was half written")
        assert self.shown(host) == leaf(pair)

    def half_written_configuration(self, i):
        """The half is good YAML by itself, and all sites are in the other one."""
        text = self.proxy.text(self._body(i))
        half = text.index("sites:\n")
        with open(self.proxy.file, "w", encoding="utf-8") as file:
            file.write(text[:half])
            file.flush()
            for host in HOSTS:
                self._stays(host, self.shown(host), HALF_WRITTEN / len(HOSTS))
            file.write(text[half:])
        self._wait_applied("the configuration that was half written")

    def shown(self, host):
        """The certificate of one more handshake."""
        with connect_tls(self.port, host, self._t.authority,
                         context=self._contexts[host]) as channel:
            return channel.tls.getpeercert(binary_form=True)

    def delays(self):
        ordered = sorted(self._delays)
        return f"{ordered[len(ordered) // 2]:.0f}, {ordered[-1]:.0f}"

    def _stays(self, host, certificate, seconds):
        """For so long nothing is applied, and handshakes are as before."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.shown(host) == certificate, f"{host} shows another certificate too early"
            assert self._count() == self.applied, "a snapshot was made from a part of a file"
            time.sleep(0.02)

    def _wait_applied(self, what):
        self.applied += 1
        eventually(f"{what} is applied", lambda: self._count() >= self.applied, LATEST)
        assert self._count() == self.applied, f"{what} was applied more than once"

    def _count(self):
        return self.proxy.metrics().sum(names.RELOADS, result="applied")

    def _body(self, i):
        at = -1 if i is None else i
        routes = [f"{{path: /r{at % 7}, service: plain}}"] if at % 3 == 0 else []
        routes.append("{path: /ws, service: sockets}")
        routes.append(f"{{path: /, service: {'plain' if at % 2 else 'other'}}}")
        again = ["{path: /, service: again}"]
        if at % 4 == 1:
            again.append("{path: /staff, service: again, "
                         "client_auth: {verify: required, secret: partners}}")
        verify = "optional" if at % 5 == 2 else "required"
        failure = "abort" if at % 5 == 3 else "respond"
        extra = ""
        if at % 3 == 1:
            extra = f'  - {{host: "extra-{at % 5}.test", scenario: passthrough, service: extra}}\n'
        services = f'  - {{name: extra, endpoints: ["127.0.0.1:{9000 + at}"]}}\n' if extra else ""
        listed = [f'"{b.address}"' for b in (self.plain, self.second)][:1 if at % 4 < 2 else 2]
        return f"""secrets_directory: {self._secrets}
listeners:
  - {{name: https, address: "127.0.0.1:{self.port}", protocol: https}}
  - {{name: bytes, address: "127.0.0.1:{self.tcp_port}", protocol: tcp, service: echo}}
secrets:
  - {{name: authority, ca.crt: {self._t.authority.file}}}
  - {{name: partners, ca.crt: {self._t.authority.file}}}
services:
  - {{name: plain, endpoints: [{listed[0]}]}}
  - {{name: other, endpoints: [{", ".join(listed)}]}}
  - {{name: sockets, endpoints: ["{self.sockets.address}"]}}
  - {{name: echo, endpoints: ["{self.echo.address}"]}}
  - {{name: through, endpoints: ["{self.tls.address}"]}}
  - {{name: through-echo, endpoints: ["{self.tls_echo.address}"]}}
  - {{name: again, endpoints: ["{self.tls.address}"],
     tls: {{name: backend.test, secret: authority, depth: {4 + at % 2}}}}}
{services}sites:
  - {{host: offload.test, scenario: offload, routes: [{", ".join(routes)}]}}
  - {{host: reencrypt.test, scenario: reencrypt, routes: [{", ".join(again)}]}}
  - {{host: passthrough.test, scenario: passthrough, service: through}}
  - {{host: through.test, scenario: passthrough, service: through-echo}}
{extra}  - {{host: mtls.test, scenario: offload, service: plain, client_auth: {{verify: {verify},
     secret: partners, depth: {1 + at % 3}, on_failure: {failure}}}}}
"""


class Held:
    """Connections that are older than all changes."""

    def __init__(self, t, edge):
        socket = Client(t.connect(edge.port, "offload.test"), "offload.test")
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                   "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
        assert socket.get("/ws", upgrade).status == 101
        self._kinds = {"the WebSocket": socket.channel,
                       "the tcp connection": t.connect(edge.tcp_port),
                       "the connection passed through": t.connect(edge.port, "through.test")}

    def echo(self, number):
        said = b"change %06d" % number
        for kind, channel in self._kinds.items():
            channel.send(said)
            heard = channel.recv_exactly(len(said))
            assert heard == said, (kind, heard)


def start_loads(t, edge):
    program = bench_program(t, "load")
    loads = {}
    for host in HOSTS:
        name = host
        if host == "mtls.test":
            name += f",{edge.client / 'tls.crt'},{edge.client / 'tls.key'}"
        for kind in ("kept", "new"):
            loads[host, kind] = t.process(
                [program, f"127.0.0.1:{edge.port}", "--tls", "--host", name, "--ca",
                 t.authority.file, "--path", "/1k", "--status", 200, "-c", 16, "-d", "60m",
                 "--timeout", f"{LATEST:g}s", "--json",
                 *(["--new-connections"] if kind == "new" else []),
                 *(["--resume"] if kind == "new" and host in RESUMING else [])],
                name=f"load-{host}-{kind}")
    return loads


def finish_loads(loads):
    served = collections.Counter()
    for process in loads.values():
        process.signal(signal.SIGTERM)
    for key, process in loads.items():
        process.wait(LATEST)
        told = json.loads(process.output)
        assert told["errors"] == 0, (key, told["errors_by_kind"], told["first_errors"])
        served[" ".join(key)] = told["exchanges"]
    return served


def leaf(pair):
    return ssl.PEM_cert_to_DER_cert((pair / "tls.crt").read_text())


if __name__ == "__main__":
    main(test)
