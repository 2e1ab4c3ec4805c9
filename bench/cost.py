#!/usr/bin/env python3
"""The cost table: CPU time of the proxy per unit of work, Sallyport beside nginx and HAProxy.

CPU time per exchange, MiB or connection is what stays steady on noisy machines, unlike rates and
latencies. Each proxy has one worker on one core; the load generator and the backends share another.
Rounds are interleaved: every proxy meets each workload within seconds of the others, in an order
that changes from round to round, and medians are reported. The configurations are the files in
bench/peers/, as a friend of each proxy would write them. Client and backends insist on one cipher
suite, so that nobody wins by choosing a cheaper one.
"""

import argparse
import atexit
import ctypes
import datetime
import json
import os
import pathlib
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench" / "peers"
PROXY_CORE, LOAD_CORE = 0, 1
CIPHERSUITE = "TLS_AES_128_GCM_SHA256"
NGINX_STREAM = pathlib.Path("/usr/lib/nginx/modules/ngx_stream_module.so")


# --- What is measured: scenarios, workloads, and which of them meet -------------------------------


@dataclass(frozen=True)
class Scenario:
    """Its configurations are bench/peers/PROXY/TEMPLATE.SUFFIX, the template its name if it has none
    of its own. `keys` is what the proxy shows to clients; with `client` they show a certificate."""

    name: str
    tls: bool = True  # between client and proxy
    template: str = ""
    keys: str = "tls"
    client: bool = False


@dataclass(frozen=True)
class Workload:
    name: str
    unit: str  # what one exchange of it is
    host: str  # which backend it goes to, by SNI and Host
    load: tuple  # arguments of bench/load


BYTES_SCENARIOS = [
    Scenario("passthrough-bytes"),
    Scenario("offload-bytes"),
    Scenario("reencrypt-bytes"),
]

BYTES_WORKLOADS = [
    Workload("keepalive-1k", "1 KiB exchange", "echo.bench.test",
             ("--exchange", "echo", "--size", "1KiB", "--connections", "64")),
    Workload("download", "MiB", "http.bench.test", ("--path", "/1m", "--connections", "8")),
    Workload("upload", "MiB", "http.bench.test",
             ("--path", "/upload", "--body", "1MiB", "--connections", "8")),
    Workload("connection", "new connection", "echo.bench.test",
             ("--exchange", "echo", "--size", "64", "--new-connections", "--connections", "16")),
]

HTTP_SCENARIOS = [Scenario("offload-http"), Scenario("reencrypt-http")]

HTTP_WORKLOADS = [
    Workload("keepalive-1k", "1 KiB request", "http.bench.test",
             ("--path", "/1k", "--connections", "64")),
    Workload("download", "MiB", "http.bench.test", ("--path", "/1m", "--connections", "8")),
    Workload("upload", "MiB", "http.bench.test",
             ("--path", "/upload", "--body", "1MiB", "--connections", "8")),
    Workload("connection", "new connection", "http.bench.test",
             ("--path", "/1k", "--new-connections", "--connections", "16")),
]

# Clients that come back with a session, and those that do not: most of such a row is the handshake.
HANDSHAKE_SCENARIOS = [
    Scenario("offload-http-rsa", template="offload-http", keys="rsa"),
    Scenario("mtls-http", client=True),
    Scenario("mtls-http-rsa", template="mtls-http", keys="rsa", client=True),
]

FULL_HANDSHAKE = HTTP_WORKLOADS[-1]
RESUMED_HANDSHAKE = Workload("resumed", "new connection", "http.bench.test",
                             (*FULL_HANDSHAKE.load, "--resume"))

ROWS = [(scenario, workload) for scenario in BYTES_SCENARIOS for workload in BYTES_WORKLOADS]
ROWS += [(scenario, workload) for scenario in HTTP_SCENARIOS for workload in HTTP_WORKLOADS]
ROWS += [(HTTP_SCENARIOS[0], RESUMED_HANDSHAKE)]
ROWS += [(HANDSHAKE_SCENARIOS[1], HTTP_WORKLOADS[0])]
ROWS += [(scenario, workload) for scenario in HANDSHAKE_SCENARIOS
         for workload in (FULL_HANDSHAKE, RESUMED_HANDSHAKE)]


# --- Processes ------------------------------------------------------------------------------------


class Processes:
    """Starts processes that do not outlive this one, whatever ends it."""

    def __init__(self):
        self.running = []
        atexit.register(self.stop)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(1))

    def start(self, command, core, **options):
        libc = ctypes.CDLL(None)

        def prepare():
            libc.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: even a killed script leaves nothing
            os.sched_setaffinity(0, {core})

        process = subprocess.Popen([str(word) for word in command], preexec_fn=prepare,
                                   start_new_session=True, stdin=subprocess.DEVNULL, **options)
        self.running.append(process)
        return process

    def stop(self):
        for process in self.running:
            signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + 3
        for process in self.running:
            try:
                process.wait(max(0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass
            signal_group(process, signal.SIGKILL)
            process.wait()
        self.running = []


def signal_group(process, number):
    # The group outlives its leader while a member, such as nginx's worker, still runs.
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass


def family(pid):
    """A process and all its descendants."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = pathlib.Path("/proc", entry, "stat").read_text()
            except OSError:
                continue  # ended meanwhile
            children.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry))
    found = [pid]
    for known in found:
        found += children.get(known, [])
    return found


def free_addresses(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    addresses = ["127.0.0.1:%d" % each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return addresses


def wait_for_listener(address, process, log, seconds=10):
    host, port = address.split(":")
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError:
            pass
        if process.poll() is not None:
            fail(f"{process.args[0]} ended with status {process.returncode}:\n{log.read_text()}")
        if time.monotonic() > deadline:
            fail(f"{process.args[0]} does not listen on {address}:\n{log.read_text()}")
        time.sleep(0.02)


def fail(message):
    sys.exit(f"cost.py: {message}")


# --- Keys -----------------------------------------------------------------------------------------


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


P256 = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
RSA = ("-newkey", "rsa:2048", "-nodes")


def make_keys(folder):
    """A CA, its P-256 and RSA certificates for proxies, of which backends have the first too, and
    one for clients."""
    openssl("req", "-x509", *P256, "-keyout", folder / "ca.key", "-out", folder / "ca.crt",
            "-subj", "/CN=bench CA", "-days", 30)
    servers = "subjectAltName=DNS:echo.bench.test,DNS:http.bench.test,DNS:backend.bench.test"
    issue(folder, "tls", P256, servers)
    issue(folder, "rsa", RSA, servers)
    issue(folder, "client", P256, "extendedKeyUsage=clientAuth")


def issue(folder, name, key, extension):
    openssl("req", *key, "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr",
            "-subj", f"/CN={name}.bench.test")
    (folder / "extension").write_text(extension)
    openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / "ca.crt",
            "-CAkey", folder / "ca.key", "-CAcreateserial", "-days", 30,
            "-extfile", folder / "extension", "-out", folder / f"{name}.crt")
    pem = (folder / f"{name}.crt").read_text() + (folder / f"{name}.key").read_text()
    (folder / f"{name}.pem").write_text(pem)


# --- Backends and proxies -------------------------------------------------------------------------


def start_backend(processes, program, folder, mode, tls):
    command = [program, mode]
    if tls:
        command += ["--cert", folder / "tls.crt", "--key", folder / "tls.key",
                    "--ciphersuites", CIPHERSUITE]
    process = processes.start(command, LOAD_CORE, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline().split()
    if len(line) != 2 or line[0] != "listening":
        fail(f"{program} {mode} did not start")
    return line[1]


def start_backends(processes, program, folder):
    return {
        "ECHO": start_backend(processes, program, folder, "echo", False),
        "HTTP": start_backend(processes, program, folder, "http", False),
        "ECHO_TLS": start_backend(processes, program, folder, "echo", True),
        "HTTP_TLS": start_backend(processes, program, folder, "http", True),
    }


@dataclass
class Proxy:
    name: str
    suffix: str
    program: str
    arguments: tuple  # FILE and DIR stand for the configuration and a folder of its own
    version: tuple  # arguments that print the version

    def template(self, scenario):
        return PEERS / self.name / f"{scenario.template or scenario.name}.{self.suffix}"

    def start(self, processes, scenario, folder, values):
        """Returns the address it listens on and its process."""
        own = folder / f"{self.name}-{scenario.name}"
        own.mkdir()
        (address,) = free_addresses(1)
        values = dict(values, LISTEN=address, DIR=str(own))
        for key, suffix in {"CERT": "crt", "KEY": "key", "PEM": "pem"}.items():
            values[key] = str(folder / f"{scenario.keys}.{suffix}")
        text = self.template(scenario).read_text()
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        file = own / f"configuration.{self.suffix}"
        file.write_text(text)
        words = {"FILE": file, "DIR": own}
        command = [self.program, *(words.get(word, word) for word in self.arguments)]
        log = own / "output"
        with log.open("w") as output:
            process = processes.start(command, PROXY_CORE, stdout=output, stderr=output, cwd=own)
        wait_for_listener(address, process, log)
        return address, process

    def version_text(self):
        result = subprocess.run([self.program, *self.version], capture_output=True, text=True)
        return (result.stdout + result.stderr).strip().splitlines()[0]


def known_proxies(sallyport):
    return {
        "sallyport": Proxy("sallyport", "yaml", str(sallyport),
                           ("run", "-c", "FILE"), ("version",)),
        "nginx": Proxy("nginx", "conf", find("nginx"),
                       ("-p", "DIR", "-e", "stderr", "-c", "FILE"), ("-v",)),
        "haproxy": Proxy("haproxy", "cfg", find("haproxy"), ("-db", "-f", "FILE"), ("-v",)),
    }


def find(program):
    # Services live where users other than root do not look.
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") or ""


def check_tools(options, proxies):
    missing = []
    if "nginx" in proxies and not (proxies["nginx"].program and NGINX_STREAM.exists()):
        missing += ["nginx", "libnginx-mod-stream"]
    if "haproxy" in proxies and not proxies["haproxy"].program:
        missing += ["haproxy"]
    if not find("openssl"):
        missing += ["openssl"]
    if missing:
        fail("missing; install with: apt-get install " + " ".join(missing))
    programs = [options.build / "bench" / "load", options.build / "bench" / "backend"]
    if "sallyport" in proxies:
        programs.append(options.sallyport)
    for program in programs:
        if not os.access(program, os.X_OK):
            fail(f"{program} is not there: build it (cmake --build {options.build}), or name "
                 "another place with --build and --sallyport")
    if not {PROXY_CORE, LOAD_CORE} <= os.sched_getaffinity(0):
        fail("needs two cores: one for the proxy, one for load and backends")


# --- Measuring ------------------------------------------------------------------------------------


def run_load(options, scenario, workload, address, extra, core=LOAD_CORE):
    command = [options.build / "bench" / "load", address, "--json", "--host", workload.host,
               *workload.load, *extra]
    if scenario.tls:
        command += ["--tls", "--ca", options.folder / "ca.crt", "--ciphersuites", CIPHERSUITE]
    if scenario.client:
        command += ["--cert", options.folder / "client.crt", "--key", options.folder / "client.key"]
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                            timeout=60 + options.seconds,
                            preexec_fn=lambda: os.sched_setaffinity(0, {core}))
    if result.returncode not in (0, 1):
        fail(f"load ended with status {result.returncode}: {result.stderr}")
    return json.loads(result.stdout)


def measure(options, scenario, workload, address, pids):
    """One run: CPU µs of the proxy per unit, and what else is worth keeping."""
    seen = run_load(options, scenario, workload, address,
                    ["--duration", f"{options.seconds}s", "--warm-up", f"{options.warm_up}s",
                     "--watch-pid", ",".join(map(str, pids))])
    if seen["errors"] or not seen["exchanges"]:
        fail(f"{scenario.name} {workload.name}: {seen['exchanges']} exchanges, errors: "
             f"{seen['first_errors']}")
    return {
        "cpu_us": seen["watched_cpu_seconds"] * 1e6 / seen["exchanges"],
        "per_second": seen["exchanges_per_second"],
        "proxy_core_busy": seen["watched_cpu_seconds"] / seen["seconds"],
        "p50_us": seen["latency_us"]["p50"],
        "p99_us": seen["latency_us"]["p99"],
    }


def start_proxies(options, processes, proxies, scenarios, values):
    started = {}
    for scenario in scenarios:
        for proxy in proxies.values():
            address, process = proxy.start(processes, scenario, options.folder, values)
            # A first exchange shows that it works, and that forked workers are there to be watched.
            for workload in {w.host: w for s, w in options.rows if s == scenario}.values():
                seen = run_load(options, scenario, workload, address, ["--count", "1"])
                if seen["errors"]:
                    log = (options.folder / f"{proxy.name}-{scenario.name}" / "output").read_text()
                    fail(f"{proxy.name} {scenario.name}: {seen['first_errors']}\n{log}")
            started[proxy.name, scenario.name] = address, family(process.pid)
    return started


def measure_all(options, proxies, started):
    runs = {(s.name, w.name, p): [] for s, w in options.rows for p in proxies}
    for number in range(options.rounds):
        for at, (scenario, workload) in enumerate(options.rows):
            names = list(proxies)
            turn = (number + at) % len(names)
            for name in names[turn:] + names[:turn]:
                address, pids = started[name, scenario.name]
                result = measure(options, scenario, workload, address, pids)
                runs[scenario.name, workload.name, name].append(result)
                print(f"round {number + 1}/{options.rounds} {scenario.name:18} {workload.name:13} "
                      f"{name:10} {result['cpu_us']:8.2f} µs  {result['per_second']:9.0f}/s  core "
                      f"{result['proxy_core_busy']:4.0%}", flush=True)
    return runs


# --- Reporting ------------------------------------------------------------------------------------


def machine():
    model = ""
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    version = subprocess.run(["openssl", "version"], capture_output=True, text=True).stdout.strip()
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(), "openssl": version}


def summarise(options, proxies, runs):
    rows = []
    for scenario, workload in options.rows:
        row = {"scenario": scenario.name, "workload": workload.name, "unit": workload.unit,
               "proxies": {}}
        for name in proxies:
            rounds = runs[scenario.name, workload.name, name]
            row["proxies"][name] = {
                "cpu_us": statistics.median(each["cpu_us"] for each in rounds),
                "rounds": rounds,
            }
        # The ratio is taken within each round, where both met the same machine.
        peers = [name for name in proxies if name != "sallyport"]
        if "sallyport" in proxies and peers:
            best = min(peers, key=lambda name: row["proxies"][name]["cpu_us"])
            ours = runs[scenario.name, workload.name, "sallyport"]
            theirs = runs[scenario.name, workload.name, best]
            row["best_peer"] = best
            row["ratio"] = statistics.median(
                a["cpu_us"] / b["cpu_us"] for a, b in zip(ours, theirs))
        rows.append(row)
    return rows


def markdown(results):
    names = list(results["versions"])
    lines = [
        "CPU µs of the proxy per unit of work: one worker, all its processes and threads, user and "
        f"system; medians of {results['rounds']} interleaved rounds of {results['seconds']} s. "
        "The spread is the lowest and the highest round.", "",
        "{cpu}, {cores} cores, Linux {kernel}, {openssl}; ".format(**results["machine"])
        + f"{results['ciphersuite']}, P-256; {results['date']}.", ""]
    lines += [f"- {name}: {version}" for name, version in results["versions"].items()]
    lines += ["", "| scenario | workload | per | " + " | ".join(names) + " | to the better peer |",
              "|---" * (4 + len(names)) + "|"]
    for row in results["rows"]:
        cells = []
        for name in names:
            proxy = row["proxies"][name]
            values = [each["cpu_us"] for each in proxy["rounds"]]
            cells.append(f"{proxy['cpu_us']:.2f} ({min(values):.2f}–{max(values):.2f})")
        ratio = f"{row['ratio']:.2f} of {row['best_peer']}" if "ratio" in row else "–"
        lines.append(f"| {row['scenario']} | {row['workload']} | {row['unit']} | "
                     + " | ".join(cells) + f" | {ratio} |")
    return "\n".join(lines) + "\n"


def write_results(options, proxies, runs):
    results = {
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "ciphersuite": CIPHERSUITE,
        "rounds": options.rounds,
        "seconds": options.seconds,
        "versions": {name: proxy.version_text() for name, proxy in proxies.items()},
        "configurations": {f"{name}/{scenario.name}": proxy.template(scenario).read_text()
                           for name, proxy in proxies.items()
                           for scenario in dict.fromkeys(s for s, _ in options.rows)},
        "rows": summarise(options, proxies, runs),
    }
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "results.json").write_text(
        json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    table = markdown(results)
    (options.output / "cost.md").write_text(table)
    print("\n" + table + f"\nwritten to {options.output}")


# --- Command line ---------------------------------------------------------------------------------


def chosen(text, known, what):
    if not text:
        return list(known)
    names = text.split(",")
    for name in names:
        if name not in known:
            fail(f"no {what} {name}; there are: {', '.join(known)}")
    return names


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release",
                        help="build folder with bench/load, bench/backend and sallyport")
    parser.add_argument("--sallyport", type=pathlib.Path, help="default: the build folder's")
    parser.add_argument("--proxies", help="comma-separated: sallyport,nginx,haproxy")
    parser.add_argument("--scenarios", help="comma-separated; default: all")
    parser.add_argument("--workloads", help="comma-separated; default: all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2, help="measured per run")
    parser.add_argument("--warm-up", type=float, default=0.5, help="seconds before measuring")
    parser.add_argument("--quick", action="store_true", help="2 rounds of 1 s")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "build" / "cost")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds, options.warm_up = 2, 1, 0.2
    options.sallyport = options.sallyport or options.build / "sallyport"
    scenarios = chosen(options.scenarios, dict.fromkeys(s.name for s, _ in ROWS), "scenario")
    workloads = chosen(options.workloads, dict.fromkeys(w.name for _, w in ROWS), "workload")
    options.rows = [(s, w) for s, w in ROWS if s.name in scenarios and w.name in workloads]
    return options


def main():
    options = parse_options()
    proxies = known_proxies(options.sallyport.resolve())
    proxies = {name: proxies[name] for name in chosen(options.proxies, proxies, "proxy")}
    check_tools(options, proxies)
    with tempfile.TemporaryDirectory(prefix="sallyport-cost-") as folder:
        options.folder = pathlib.Path(folder)
        make_keys(options.folder)
        processes = Processes()
        try:
            values = start_backends(processes, options.build / "bench" / "backend", options.folder)
            values["CA"] = str(options.folder / "ca.crt")
            values["NGINX_MODULES"] = f"load_module {NGINX_STREAM};"
            scenarios = list(dict.fromkeys(scenario for scenario, _ in options.rows))
            started = start_proxies(options, processes, proxies, scenarios, values)
            runs = measure_all(options, proxies, started)
        finally:
            processes.stop()
        write_results(options, proxies, runs)


if __name__ == "__main__":
    main()
