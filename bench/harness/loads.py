"""Drives a proxy with bench/load, h2load or wrk and says what it cost."""

import json
import re
import subprocess
import time

from harness.matrix import CIPHERSUITE
from harness.processes import BenchError, cpu_seconds
from harness.proxies import find

# On a machine with neighbours a load may not get its turn in the whole of its time.
ATTEMPTS = 3
# Requests of a tool before those that are measured: some for each stream that a row has.
WARMING = 10_000


def load_command(stage, scenario, address, host, arguments):
    command = [stage.build / "bench" / "load", address, "--json", "--host", host, *arguments,
               "--tls", "--ca", stage.folder / "ca.crt", "--ciphersuites", CIPHERSUITE]
    if scenario.client:
        command += ["--cert", stage.folder / "client.crt", "--key", stage.folder / "client.key"]
    return [str(word) for word in command]


def run_load(stage, scenario, address, host, arguments, workers=1, seconds=10):
    process = stage.processes.start(load_command(stage, scenario, address, host, arguments),
                                    stage.load_cores(workers), stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True)
    return finish_load(stage, process, seconds)


def finish_load(stage, process, seconds):
    try:
        out, err = process.communicate(timeout=120 + seconds)
    finally:
        stage.processes.stop(process)
    if process.returncode not in (0, 1):
        raise BenchError(f"load ended with status {process.returncode}: {err}")
    return json.loads(out)


def window(options):
    return ["--duration", f"{options.seconds}s", "--warm-up", f"{options.warm_up}s"]


def few_resumed(row, seen):
    """The first of each connection cannot be: nobody has a ticket yet."""
    firsts = int(row.workload.load[row.workload.load.index("--connections") + 1])
    return seen["handshakes_full"] - firsts > seen["handshakes_resumed"] / 20


def measure(stage, row, name, running, workers=1):
    """One run: CPU µs of the proxy per unit, and what else is worth keeping."""
    if row.workload.tool != "load":
        return measure_with_tool(stage, row, running, workers)
    arguments = list(row.workload.load)
    if row.protocol == "h2":
        arguments.append("--http2")
    if name == "floor" and "--new-connections" in arguments and row.scenario.http:
        # It cannot take the word out of the request, which would cost it its backend connection.
        arguments.append("--persistent")
    arguments += window(stage.options) + ["--watch-pid", ",".join(map(str, running.pids))]
    for _ in range(ATTEMPTS):
        seen = run_load(stage, row.scenario, running.address, row.workload.host, arguments, workers,
                        stage.options.seconds)
        if seen["errors"] or (seen["exchanges"] and seen["watched_cpu_seconds"]):
            break
    if seen["errors"] or not seen["exchanges"]:
        raise BenchError(f"{name}, {row.name}: {seen['exchanges']} exchanges, errors: "
                         f"{seen['first_errors']}")
    if row.workload.name == "resumed" and few_resumed(row, seen):
        raise BenchError(f"{name}, {row.name}: {seen['handshakes_full']} handshakes were full, "
                         f"{seen['handshakes_resumed']} resumed")
    return {
        "cpu_us": seen["watched_cpu_seconds"] * 1e6 / seen["exchanges"],
        "per_second": seen["exchanges_per_second"],
        "core_busy": seen["watched_cpu_seconds"] / seen["seconds"],
        "p50_us": seen["latency_us"]["p50"],
        "p99_us": seen["latency_us"]["p99"],
    }


def tool_command(row, running, how_long):
    *arguments, path = row.workload.load
    host, port = row.workload.host, running.address.rpartition(":")[2]
    if row.workload.tool == "wrk":
        # It connects to the name that it asks for.
        return [find("wrk"), *how_long, *arguments, f"https://localhost:{port}{path}"]
    # The port is left out of the authority, as clients of port 443 leave it out.
    return [find("h2load"), *how_long, *arguments, "--connect-to", running.address,
            "-H", f":authority: {host}", "--tls13-ciphers", CIPHERSUITE,
            f"https://{host}:{port}{path}"]


def requests_of(tool, text):
    """How many were answered well; None if there was anything else."""
    if tool == "wrk":
        counts = re.search(r"(\d+) requests in", text)
        return counts and "Non-2xx" not in text and "Socket errors" not in text and int(counts[1])
    counts = re.search(r"(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored", text)
    return counts and not int(counts[3]) and int(counts[2])


def run_tool(stage, row, running, workers, *how_long):
    """What it said."""
    process = stage.processes.start(tool_command(row, running, how_long), stage.load_cores(workers),
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        return process.communicate(timeout=60 + stage.options.seconds)[0]
    except subprocess.TimeoutExpired:
        raise BenchError(f"{row.workload.tool}, {row.name}: it did not end") from None
    finally:
        stage.processes.stop(process)


def measure_with_tool(stage, row, running, workers):
    """wrk or h2load. Their connections are opened within the measured time: they are few, and as
    many for each proxy. Those to the backend, which may be many, are there by then, and free:
    where time ends a run, as with wrk, the proxy cuts those that have not answered."""
    seconds = f"{max(1, round(stage.options.seconds + stage.options.warm_up))}s"
    if row.workload.tool == "wrk":
        how_long, warming = ("-d", seconds), ("-d", "1s")
    else:
        how_long, warming = ("-D", seconds), ("-n", str(WARMING))
    run_tool(stage, row, running, workers, *warming)
    before, began = sum(map(cpu_seconds, running.pids)), time.monotonic()
    text = run_tool(stage, row, running, workers, *how_long)
    cpu, took = sum(map(cpu_seconds, running.pids)) - before, time.monotonic() - began
    done = requests_of(row.workload.tool, text)
    if not done:
        raise BenchError(f"{row.workload.tool}, {row.name}:\n{text[-2000:]}")
    return {"cpu_us": cpu * 1e6 / done, "per_second": done / took, "core_busy": cpu / took}
