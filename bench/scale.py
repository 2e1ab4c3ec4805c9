#!/usr/bin/env python3
"""What many sites cost: start, memory, and the change of one certificate.

    bench/scale.py [--program build/dev/sallyport] [--sites 100,1000,10000] [--json FILE]

Each site has an ECDSA P-256 certificate of its own in a folder of secrets_directory. Per size it
prints the CPU and the time until a request to every host has been served, until every key is
checked, the memory then, and what one renewed certificate costs: from the rename of its folder's
files to the first handshake that shows it, and the CPU of the process meanwhile. Needs the `openssl`
command; makes its files in a temporary folder, once for each size.
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

    def __init__(self, program):
        self.program = program

    def issue(self, folder, host):
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


def shown(port, name, request=False):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        with CONTEXT.wrap_socket(raw, server_hostname=name) as tls:
            if request:
                tls.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
                answer = b""
                while data := tls.recv(4096):
                    answer += data
                if not answer.startswith(b"HTTP/1.1 200"):
                    raise RuntimeError(f"{name}: {answer[:80]!r}")
            return tls.getpeercert(binary_form=True)


def wait_ready(process, metrics):
    while process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/readyz", timeout=1):
                return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("it did not start:\n" + process.stderr.read())


def renew(pki, folder, port, pid, name):
    """Both files by rename; the time counts from the second, when the pair is whole."""
    fresh = folder / "fresh"
    pki.issue(fresh, name)
    secret = folder / "secrets" / name
    before = shown(port, name)
    spent = precise_cpu(pid)
    os.rename(fresh / "tls.crt", secret / "tls.crt")
    os.rename(fresh / "tls.key", secret / "tls.key")
    began = time.monotonic()
    looks = 0
    while shown(port, name) == before:
        looks += 1
        if time.monotonic() > began + 10:
            raise RuntimeError("the renewed certificate does not come")
    took = time.monotonic() - began
    # What the looks themselves cost, which are full handshakes, is taken off.
    after = precise_cpu(pid)
    for _ in range(looks + 1):
        shown(port, name)
    return took * 1000, (after - spent - (precise_cpu(pid) - after)) * 1000


def measure(program, pki, folder, count, backend):
    secrets = folder / "secrets"
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda i: pki.issue(secrets / host(i), host(i)), range(count)))
    port, metrics = free_port(), free_port()
    config = write_config(folder, count, port, metrics, backend.port)
    began = time.monotonic()
    process = subprocess.Popen([program, "run", "-c", config], stderr=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, text=True)
    try:
        wait_ready(process, metrics)
        row = {"sites": count, "ready_s": time.monotonic() - began, "ready_cpu_s": cpu(process.pid)}
        while metric(metrics, "sallyport_certificates_unchecked"):
            time.sleep(0.1)
        row["checked_s"] = time.monotonic() - began
        row["checked_rss_mib"] = memory(process.pid)
        spent = cpu(process.pid)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda i: shown(port, host(i), request=True), range(count)))
        row["all_served_s"] = time.monotonic() - began
        row["served_cpu_s"] = cpu(process.pid) - spent
        row["rss_mib"] = memory(process.pid)
        changes = [renew(pki, folder, port, process.pid, host(i * count // 11)) for i in range(11)]
        row["renewed_ms"] = statistics.median(c[0] for c in changes)
        row["renewed_cpu_ms"] = statistics.median(c[1] for c in changes)
        row["renewed_worst_ms"] = max(c[0] for c in changes)
        row["bad"] = metric(metrics, "sallyport_certificates_bad_total")
        return row
    finally:
        process.terminate()
        process.wait(timeout=30)


COLUMNS = [("sites", "sites", "{:.0f}"), ("ready_cpu_s", "CPU to ready s", "{:.2f}"),
           ("ready_s", "ready s", "{:.2f}"), ("checked_s", "all checked s", "{:.1f}"),
           ("served_cpu_s", "CPU of a request to each s", "{:.2f}"), ("rss_mib", "RSS MiB", "{:.0f}"),
           ("renewed_ms", "one renewed ms", "{:.1f}"), ("renewed_worst_ms", "worst of 11 ms", "{:.1f}"),
           ("renewed_cpu_ms", "its CPU ms", "{:.1f}")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default=str(ROOT / "build/dev/sallyport"))
    parser.add_argument("--sites", default="100,1000,10000")
    parser.add_argument("--json")
    options = parser.parse_args()
    pki, backend, rows = Pki(options.program), Backend(), []
    print("| " + " | ".join(title for _, title, _ in COLUMNS) + " |")
    print("|" + "---:|" * len(COLUMNS))
    for count in map(int, options.sites.split(",")):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="sallyport-scale-"))
        try:
            row = measure(options.program, pki, folder, count, backend)
        finally:
            shutil.rmtree(folder)
        rows.append(row)
        print("| " + " | ".join(form.format(row[key]) for key, _, form in COLUMNS) + " |", flush=True)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
