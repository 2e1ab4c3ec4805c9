#!/usr/bin/env python3
"""What many sites cost: start, memory, and the change of one certificate or of one route.

    bench/scale.py [--program build/release/sallyport] [--sites 100,1000,10000] [--folder DIR]
                   [--renewals 200] [--json FILE]

Each site has an ECDSA P-256 certificate of its own in a folder of secrets_directory. Per size it
prints, in the order in which they are measured:

    CPU to ready    of the process, until it accepts connections: any host is served from here on
    all checked     wall time since the start until every key and name is checked by OpenSSL
    CPU to checked  of the process since the start, the checks included
    CPU to all      of the process since the start, when a full handshake with every host is done
    RSS             then
    renewed         wall time from the rename of a folder's files, tls.crt and then tls.key, to the
                    first handshake that shows the new certificate: median and worst; the CPU of the
                    process meanwhile, less that of the handshakes that looked for it
    route edited    wall time from the replacement of the configuration file to the first request
                    that meets a route which has changed; the CPU likewise
    growth          of the memory over the last three quarters of the renewals, while one client
                    keeps a connection from before each tenth of them

Needs the `openssl` command. Certificates are made in a temporary folder, or kept in --folder for the
next run.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, **more)


class Pki:
    """Self-signed certificates, as many as there are sites: what counts is that each is another."""

    @staticmethod
    def issue(folder, host):
        folder.mkdir(parents=True, exist_ok=True)
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", folder / "tls.key", "-out", folder / "tls.crt", "-days", "90",
            "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Backend(threading.Thread):
    """Answers every request; in this process, whose CPU nobody counts."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    @staticmethod
    def serve(connection):
        with connection:
            pending = b""
            while data := connection.recv(65536):
                pending += data
                while b"\r\n\r\n" in pending:
                    pending = pending.split(b"\r\n\r\n", 1)[1]
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def host(i):
    return f"site-{i}.example.com"


def write_config(folder, count, port, metrics, backend):
    lines = [f"secrets_directory: {folder}/secrets", f"metrics: {{address: '127.0.0.1:{metrics}'}}",
             "admin: off", "access_log: off", "watch: true",
             "listeners:", f"  - {{name: https, address: '127.0.0.1:{port}', protocol: https}}",
             "services:", f"  - {{name: web, endpoints: ['127.0.0.1:{backend}']}}", "sites:"]
    lines += [f"  - {{host: {host(i)}, scenario: offload, service: web}}" for i in range(count)]
    path = folder / "edge.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path


def cpu(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def precise_cpu(pid):
    """Of all threads, in seconds, to the nanosecond; /proc/PID/stat counts in hundredths."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except OSError:
            pass
    return total / 1e9


def memory(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024


def metric(port, name):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)
    return float(found[1]) if found else None


CONTEXT = ssl.create_default_context()
CONTEXT.check_hostname = False
CONTEXT.verify_mode = ssl.CERT_NONE


def connect(port, name):
    return CONTEXT.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=10),
                               server_hostname=name)


def shown(port, name):
    with connect(port, name) as tls:
        return tls.getpeercert(binary_form=True)


def status(port, name, path):
    with connect(port, name) as tls:
        tls.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while data := tls.recv(4096):
            answer += data
        return int(answer.split(b" ", 2)[1])


def wait_ready(process, metrics):
    while process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/readyz", timeout=1):
                return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("it did not start:\n" + process.stderr.read())


def cost_of_change(pid, change, look):
    """Calls `change`, then `look` until it is true: ms of wall time and of the process's CPU."""
    for _ in range(3):
        look()  # so that what a first look costs is not counted
    spent = precise_cpu(pid)
    change()
    began = time.monotonic()
    looks = 1
    while not look():
        looks += 1
        if time.monotonic() > began + 10:
            raise RuntimeError("the change does not come")
    took = time.monotonic() - began
    # What the looks themselves cost is taken off.
    after = precise_cpu(pid)
    for _ in range(looks):
        look()
    return took * 1000, (after - spent - (precise_cpu(pid) - after)) * 1000


def renew(pki, folder, port, pid, name):
    """Both files by rename; the time counts from the second, when the pair is whole."""
    fresh, secret = folder / "fresh", folder / "secrets" / name
    pki.issue(fresh, name)
    before = shown(port, name)

    def change():
        os.rename(fresh / "tls.crt", secret / "tls.crt")
        os.rename(fresh / "tls.key", secret / "tls.key")

    return cost_of_change(pid, change, lambda: shown(port, name) != before)


def edit_route(config, port, pid, name, number):
    """A route of one site is replaced by another, which answers with a status of its own."""
    text = config.read_text()
    line = re.search(rf"^  - {{host: {re.escape(name)},.*$", text, re.M)[0]
    code = (404, 410)[number % 2]
    edited = (f"  - {{host: {name}, scenario: offload, routes: [{{path: /, service: web}}, "
              f"{{path: /edited, respond: {code}}}]}}")
    draft = config.with_suffix(".new")
    draft.write_text(text.replace(line, edited))
    return cost_of_change(pid, lambda: os.rename(draft, config),
                          lambda: status(port, name, "/edited") == code)


def missing(secrets, count):
    return (i for i in range(count) if not (secrets / host(i) / "tls.crt").exists())


def renew_many(pki, folder, port, pid, count, renewals):
    """Each change, and by how much the memory grew after the first quarter, in percent."""
    changes, held, settled = [], [], None
    for i in range(renewals):
        if i % 10 == 0:
            held.append(connect(port, host(0)))
        changes.append(renew(pki, folder, port, pid, host(i * 7919 % count)))
        if i + 1 == max(1, renewals // 4):
            settled = memory(pid)
    growth = (memory(pid) / settled - 1) * 100
    for tls in held:
        tls.close()
    return changes, growth


def measure(program, pki, folder, count, backend, renewals):
    secrets = folder / "secrets"
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda i: pki.issue(secrets / host(i), host(i)), missing(secrets, count)))
    port, metrics = free_port(), free_port()
    config = write_config(folder, count, port, metrics, backend.port)
    began = time.monotonic()
    process = subprocess.Popen([program, "run", "-c", config], stderr=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, text=True)
    pid = process.pid
    try:
        wait_ready(process, metrics)
        row = {"sites": count, "ready_s": time.monotonic() - began, "ready_cpu_s": cpu(pid)}
        while metric(metrics, "sallyport_certificates_unchecked"):
            time.sleep(0.5)  # a look costs milliseconds, as each certificate has its metrics
        row["checked_s"], row["checked_cpu_s"] = time.monotonic() - began, cpu(pid)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda i: shown(port, host(i)), range(count)))
        row["all_s"], row["all_cpu_s"] = time.monotonic() - began, cpu(pid)
        row["rss_mib"] = memory(pid)
        changes, row["growth_percent"] = renew_many(pki, folder, port, pid, count, renewals)
        add_changes(row, "renewed", changes)
        edits = [edit_route(config, port, pid, host(i * count // 11), i) for i in range(11)]
        add_changes(row, "edited", edits)
        row["bad"] = metric(metrics, "sallyport_certificates_bad_total")
        return row
    finally:
        process.terminate()
        process.wait(timeout=30)


def add_changes(row, kind, changes):
    row[f"{kind}_ms"] = statistics.median(wall for wall, _ in changes)
    row[f"{kind}_worst_ms"] = max(wall for wall, _ in changes)
    row[f"{kind}_cpu_ms"] = statistics.median(used for _, used in changes)
    row[f"{kind}_cpu_worst_ms"] = max(used for _, used in changes)


COLUMNS = [("sites", "sites", "{:.0f}"), ("ready_cpu_s", "CPU to ready s", "{:.2f}"),
           ("ready_s", "ready s", "{:.2f}"), ("checked_s", "all checked s", "{:.1f}"),
           ("checked_cpu_s", "CPU to checked s", "{:.2f}"),
           ("all_cpu_s", "CPU to all s", "{:.2f}"), ("rss_mib", "RSS MiB", "{:.0f}"),
           ("renewed_ms", "renewed ms", "{:.1f}"), ("renewed_worst_ms", "worst", "{:.1f}"),
           ("renewed_cpu_ms", "its CPU ms", "{:.1f}"), ("renewed_cpu_worst_ms", "worst", "{:.1f}"),
           ("edited_ms", "route edited ms", "{:.1f}"), ("edited_worst_ms", "worst", "{:.1f}"),
           ("edited_cpu_ms", "its CPU ms", "{:.1f}"), ("growth_percent", "growth %", "{:.1f}")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default=str(ROOT / "build/release/sallyport"))
    parser.add_argument("--sites", default="100,1000,10000")
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--renewals", type=int, default=200)
    parser.add_argument("--json")
    options = parser.parse_args()
    pki, backend, rows = Pki(), Backend(), []
    print("| " + " | ".join(title for _, title, _ in COLUMNS) + " |")
    print("|" + "---:|" * len(COLUMNS))
    for count in map(int, options.sites.split(",")):
        folder = options.folder or pathlib.Path(tempfile.mkdtemp(prefix="sallyport-scale-"))
        try:
            row = measure(options.program, pki, folder, count, backend, options.renewals)
        finally:
            if not options.folder:
                shutil.rmtree(folder)
        rows.append(row)
        print("| " + " | ".join(form.format(row[key]) for key, _, form in COLUMNS) + " |", flush=True)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
