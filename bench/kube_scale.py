#!/usr/bin/env python3
"""What a large cluster costs: start, memory, and one changed object, beside reloads of peers.

    bench/kube_scale.py [--program build/release/sallyport] [--sizes 100,1000,10000] [--json FILE]

Each size is so many Ingresses, TLS Secrets (each an ECDSA certificate of its own) and Services, and
an EndpointSlice with two endpoints for each, at the stateful API server of the tests. Per size it
prints the CPU and memory of the proxy when it is ready, and what one changed Ingress, Secret or
EndpointSlice after quiet costs: from the event on the wire to the first response that shows it, and
the CPU of the process; then the same under bench/load, with its failed requests. nginx and HAProxy
have as many hosts in files and reload for one changed host, under the same load.
"""
import argparse
import concurrent.futures
import contextlib
import json
import multiprocessing
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests")]

import scale  # noqa: E402
from kube_peers import PEERS  # noqa: E402
from support.kube import manifests  # noqa: E402
from support.kube.api_server import ApiServer  # noqa: E402
from support.kube.controller import Controller  # noqa: E402
from support.scenario import Test  # noqa: E402

LOADED = 16          # hosts that the load is spread over; the others change
QUIET = 0.7          # more than a burst is gathered for
KINDS = ("Ingress", "Secret", "EndpointSlice")


def answer_all(listener, name):
    """A backend that answers with its name, in a process whose CPU nobody counts."""
    body = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(name), name)

    def serve(connection):
        with connection, contextlib.suppress(ConnectionError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pending = b""
            while data := connection.recv(65536):
                pending += data
                while b"\r\n\r\n" in pending:
                    pending = pending.split(b"\r\n\r\n", 1)[1]
                    connection.sendall(body)
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


def start_backend(name):
    listener = socket.create_server(("", 0), backlog=512)
    process = multiprocessing.Process(target=answer_all, args=(listener, name.encode()),
                                      daemon=True)
    process.start()
    return listener.getsockname()[1]


def host(i):
    return f"site-{i}.example.com"


def issue_all(folder, count):
    """What is there already from another size or run is used."""
    pki = scale.Pki
    missing = [i for i in range(count) if not (folder / host(i) / "tls.crt").exists()]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda i: scale.Pki.issue(folder / host(i), host(i)), missing))
    for i in range(3):
        if not (folder / f"fresh-{i}" / "tls.crt").exists():
            scale.Pki.issue(folder / f"fresh-{i}", "*.example.com")


class Cluster:
    """The objects of one size at the API server."""

    def __init__(self, t, certificates, count, ports):
        self.server, self.certificates, self.ports = t.keep(ApiServer(t)), certificates, ports
        self.server.apply(manifests.ingress_class(), manifests.service("other"),
                          self.slice_of("other", "b"))
        for i in range(count):
            self.server.apply(
                self.ingress(i, "a"), manifests.service(f"web-{i}"), self.slice_of(f"web-{i}", "a"),
                manifests.tls_secret(f"tls-{i}", certificates / host(i)))
        self.server.store.compact()

    def slice_of(self, name, backend):
        port = self.ports[backend]
        return manifests.endpoints(name, [f"127.0.0.1:{port}", f"127.0.0.2:{port}"])

    def ingress(self, i, backend):
        return manifests.ingress(f"site-{i}", host(i), f"web-{i}" if backend == "a" else "other",
                                 secret=f"tls-{i}")

    def change(self, kind, i, fresh):
        """One object becomes another; its host is served by "b", or with another certificate."""
        if kind == "Ingress":
            return self.ingress(i, "b")
        if kind == "EndpointSlice":
            return self.slice_of(f"web-{i}", "b")
        return manifests.tls_secret(f"tls-{i}", self.certificates / f"fresh-{fresh % 3}")


class Probe:
    """Looks at one host until it is served in another way."""

    def __init__(self, port, kind, name):
        self.port, self.kind, self.name, self.looks = port, kind, name, 0
        self.tls = None
        if kind != "Secret":
            raw = socket.create_connection(("127.0.0.1", port), timeout=20)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.tls = scale.CONTEXT.wrap_socket(raw, server_hostname=name)

    def look(self):
        self.looks += 1
        if self.kind == "Secret":
            return scale.shown(self.port, self.name)
        self.tls.sendall(f"GET / HTTP/1.1\r\nHost: {self.name}\r\n\r\n".encode())
        data = b""
        while not data.endswith((b"\r\n\r\na", b"\r\n\r\nb")):
            more = self.tls.recv(4096)
            if not more:
                raise RuntimeError(f"{self.name}: cut after {data!r}")
            data += more
        return data[-1:]

    def until_other(self, before, since, within=10):
        while self.look() == before:
            if time.monotonic() > since() + within:
                raise RuntimeError(f"a changed {self.kind} does not come")
        return time.monotonic() - since()

    def close(self):
        if self.tls:
            self.tls.close()


def one_change(cluster, proxy, kind, i, count_cpu):
    """(milliseconds from the event to traffic, milliseconds of CPU)"""
    probe = Probe(proxy.https_port, kind, host(i))
    before = probe.look()
    changed = cluster.change(kind, i, i)
    pid = proxy.process.pid
    time.sleep(QUIET)
    probe.looks = 0
    spent = scale.precise_cpu(pid)
    sent = cluster.server.events_sent
    cluster.server.apply(changed)
    while cluster.server.events_sent == sent:
        time.sleep(0.0002)
    began = cluster.server.last_event
    took = probe.until_other(before, lambda: began)
    cost = 0
    if count_cpu:
        # What the looks cost is taken off; what is cleared away a second later counts.
        time.sleep(1.2)
        middle = scale.precise_cpu(pid)
        for _ in range(probe.looks):
            probe.look()
        time.sleep(1.2)
        cost = (middle - spent) - (scale.precise_cpu(pid) - middle)
    probe.close()
    return took * 1000, cost * 1000


class Load:
    """bench/load in two forms: kept connections, and a new one for each request."""

    def __init__(self, program, port, seconds):
        hosts = [part for i in range(LOADED) for part in ("--host", host(i))]
        common = [program, f"127.0.0.1:{port}", "--tls", *hosts, "-d", f"{seconds}s", "--json"]
        self.processes = [subprocess.Popen(common + more, stdout=subprocess.PIPE, text=True)
                          for more in (["-c", "32", "--rate", "300"],
                                       ["-c", "8", "--rate", "40", "--new-connections"])]

    @property
    def running(self):
        return all(p.poll() is None for p in self.processes)

    def results(self):
        """(exchanges, failed, worst latency in ms, kinds of failures)"""
        found = [json.loads(p.communicate()[0]) for p in self.processes]
        kinds = {}
        for one in found:
            for kind, number in one["errors_by_kind"].items():
                kinds[kind] = kinds.get(kind, 0) + number
        return (sum(f["exchanges"] for f in found), sum(f["errors"] for f in found),
                max(f["latency_us"]["max"] for f in found) / 1000, kinds)


def measure(options, t, certificates, count, ports):
    cluster = Cluster(t, certificates, count, ports)
    cluster.server.last_event, cluster.server.events_sent = 0.0, 0
    proxy = t.keep(Controller(t, cluster.server, wait=False, workers=2, kubernetes="""
watch_timeout: 10m
leader_election: {enabled: false}""", settings="watch: true"))
    pid = proxy.process.pid
    began = time.monotonic()
    while not proxy.is_ready():
        time.sleep(0.02)
        if time.monotonic() > began + 300:
            raise RuntimeError("it does not become ready")
    row = {"ingresses": count, "ready_s": time.monotonic() - began,
           "ready_cpu_s": scale.precise_cpu(pid), "ready_rss_mib": scale.memory(pid)}
    for i in range(0, count, max(1, count // 100)):
        if (got := scale.status(proxy.https_port, host(i), "/")) != 200:
            raise RuntimeError(f"{host(i)}: {got}")
    row["served_cpu_s"] = scale.precise_cpu(pid)
    while scale.metric(proxy.metrics_port, "sallyport_certificates_unchecked"):
        time.sleep(0.2)
    row["checked_cpu_s"] = scale.precise_cpu(pid)
    row["rss_mib"] = scale.memory(pid)
    free = iter(range(LOADED, count))
    for kind in KINDS:
        done = [one_change(cluster, proxy, kind, next(free), True) for _ in range(options.changes)]
        row[kind] = {"ms": statistics.median(d[0] for d in done), "worst_ms": max(d[0] for d in done),
                     "cpu_ms": statistics.median(d[1] for d in done)}
    seconds = options.changes * 3 * (QUIET + 0.3) + 3
    load = Load(options.load, proxy.https_port, seconds)
    time.sleep(1)
    done = [one_change(cluster, proxy, kind, next(free), False)
            for _ in range(options.changes) for kind in KINDS]
    row["changes_under_load"], row["all_under_load"] = len(done), load.running
    row["loaded_ms"] = statistics.median(d[0] for d in done)
    row["loaded_worst_ms"] = max(d[0] for d in done)
    row["exchanges"], row["failed"], row["worst_latency_ms"], row["failures"] = load.results()
    row["end_rss_mib"] = scale.memory(pid)
    return row


def say(row):
    print(f"{row['ingresses']} Ingresses: ready after {row['ready_cpu_s']:.2f} s of CPU "
          f"({row['ready_s']:.2f} s) with {row['ready_rss_mib']:.0f} MiB; a hundred hosts served: "
          f"{row['served_cpu_s']:.2f} s; every key checked: {row['checked_cpu_s']:.2f} s, "
          f"{row['rss_mib']:.0f} MiB; at the end {row['end_rss_mib']:.0f} MiB")
    for kind in KINDS:
        one = row[kind]
        print(f"  one {kind}: {one['ms']:.1f} ms to traffic (worst {one['worst_ms']:.1f}), "
              f"{one['cpu_ms']:.1f} ms of CPU")
    print(f"  {row['changes_under_load']} changes under load: {row['loaded_ms']:.1f} ms (worst "
          f"{row['loaded_worst_ms']:.1f}); {row['failed']} of {row['exchanges']} requests failed "
          f"{row['failures'] or ''}, the slowest took {row['worst_latency_ms']:.1f} ms", flush=True)


def measure_peer(options, peer, folder, certificates, count, ports):
    with peer(folder, certificates, [host(i) for i in range(count)], ports) as proxy:
        row = {"peer": peer.name, "hosts": count, "ready_s": proxy.ready_s,
               "ready_cpu_s": proxy.cpu(), "rss_mib": proxy.memory()}
        seconds = options.reloads * (proxy.ready_s * 2 + 4) + 3
        load = Load(options.load, proxy.port, seconds)
        time.sleep(1)
        done = []
        for n in range(options.reloads):
            if not load.running:
                break
            name = host(count - 1 - n)
            spent, began = proxy.cpu(), time.monotonic()
            proxy.move(count - 1 - n, "b")
            written = time.monotonic()
            proxy.reload()
            peak = proxy.memory()
            while True:
                peak = max(peak, proxy.memory())
                probe = Probe(proxy.port, "EndpointSlice", name)
                came = probe.look() == b"b"
                probe.close()
                if came:
                    break
                if time.monotonic() > began + 120:
                    raise RuntimeError(f"{peer.name} does not reload")
            took = time.monotonic() - written
            time.sleep(2)
            done.append((took * 1000, (proxy.cpu() - spent) * 1000, peak))
        row["reload_ms"] = statistics.median(d[0] for d in done)
        row["reload_cpu_ms"] = statistics.median(d[1] for d in done)
        row["peak_mib"] = max(d[2] for d in done)
        row["reloads"] = len(done)
        row["exchanges"], row["failed"], row["worst_latency_ms"], row["failures"] = load.results()
    print(f"  {row['peer']}, {count} hosts: ready after {row['ready_cpu_s']:.2f} s of CPU with "
          f"{row['rss_mib']:.0f} MiB; one reload: {row['reload_ms']:.0f} ms, "
          f"{row['reload_cpu_ms']:.0f} ms of CPU with that of the load, {row['peak_mib']:.0f} MiB; "
          f"{row['failed']} of {row['exchanges']} requests failed in {row['reloads']} reloads "
          f"{row['failures'] or ''}, the slowest took {row['worst_latency_ms']:.1f} ms", flush=True)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default=str(ROOT / "build/release/sallyport"))
    parser.add_argument("--load", default=str(ROOT / "build/release/bench/load"))
    parser.add_argument("--sizes", default="100,1000,10000")
    parser.add_argument("--changes", type=int, default=7, help="of each kind, quiet and under load")
    parser.add_argument("--reloads", type=int, default=3, help="of each peer; 0: leave them out")
    parser.add_argument("--peers-only", action="store_true")
    parser.add_argument("--certificates", help="a folder to keep them in between runs")
    parser.add_argument("--json")
    options = parser.parse_args()
    ports = {name: start_backend(name) for name in ("a", "b")}
    rows = []
    with contextlib.ExitStack() as undo:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="sallyport-kube-scale-"))
        undo.callback(shutil.rmtree, folder)
        certificates = pathlib.Path(options.certificates or folder / "certificates")
        for count in map(int, options.sizes.split(",")):
            issue_all(certificates, count)
            if not options.peers_only:
                one = folder / f"sallyport-{count}"
                one.mkdir()
                with contextlib.ExitStack() as inner:
                    rows.append(measure(options, Test(options.program, one, inner), certificates,
                                        count, ports))
                say(rows[-1])
            for peer in PEERS if options.reloads else ():
                one = folder / f"{peer.name}-{count}"
                one.mkdir()
                rows.append(measure_peer(options, peer, one, certificates, count, ports))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
