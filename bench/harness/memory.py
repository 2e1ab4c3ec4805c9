"""What an idle TLS connection holds of a proxy's memory, after it has made a request."""

import statistics
import subprocess
import time

from harness.cost import prove
from harness.loads import load_command, run_load
from harness.matrix import HTTP, OFFLOAD, Row, Workload
from harness.processes import BenchError, descriptors, memory_kib, settle

PROOF = Row(OFFLOAD, Workload("idle", "idle connection", HTTP, ("--path", "/1k")), protocol="h1")


def run(stage):
    rows = []
    for count in stage.options.idle:
        rounds = {}
        for _ in range(stage.options.memory_rounds):
            for name in stage.http_proxies():
                kib = stage.attempt("memory", idle_kib, name, count)
                if kib is None:
                    continue
                rounds.setdefault(name, []).append(kib)
                print(f"{count} idle connections, {name:10} {kib:.2f} KiB each", flush=True)
        proxies = {name: {"kib": statistics.median(each), "rounds": each}
                   for name, each in rounds.items()}
        rows.append({"connections": count, "proxies": proxies})
    return rows


def idle_kib(stage, name, count):
    """Of a fresh process, so that nothing but these connections is in it."""
    running = stage.start(name)
    prove(stage, name, PROOF, running)
    # What is made once, by the first connections, belongs to none of the others.
    run_load(stage, OFFLOAD, running.address, HTTP,
             ["--path", "/1k", "--connections", "32", "--count", "3200"])
    running.look_up_family()
    before, open_before = memory_kib(running.pids), descriptors(running.pids)
    # In the open loop connections take turns: each has made its request after so many.
    held = stage.processes.start(
        load_command(stage, OFFLOAD, running.address, HTTP,
                     ["--path", "/1k", "--connections", str(count), "--rate", str(count),
                      "--count", str(count), "--linger", "300s"]),
        stage.load_cores(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        wait_until_open(running, open_before + count, held)
        settle([held.pid, *running.pids], quiet=1.5)
        if held.poll() is not None or descriptors(running.pids) < open_before + count * 0.98:
            raise BenchError(f"{name}: {count} connections were not kept open")
        return (memory_kib(running.pids) - before) / count
    finally:
        stage.processes.stop(held)
        stage.stop(running)


def wait_until_open(running, wanted, held):
    deadline = time.monotonic() + 120
    while descriptors(running.pids) < wanted:
        if held.poll() is not None:
            raise BenchError(f"load ended: {held.stderr.read().decode()}")
        if time.monotonic() > deadline:
            raise BenchError(f"{running.process.args[0]}: only {descriptors(running.pids)} "
                             f"descriptors:\n{running.log.read_text()}")
        time.sleep(0.1)
