"""What an idle TLS connection holds of a proxy's memory, after it has made a request."""

import statistics
import subprocess
import time

from harness.cost import is_served, who_meets
from harness.loads import load_command, run_load
from harness.matrix import HTTP, MTLS, OFFLOAD, Row, Workload
from harness.processes import BenchError, connections_to, memory_kib, settle

IDLE = Workload("idle", "idle connection", HTTP, ("--path", "/1k"))
FIRST = Row(OFFLOAD, IDLE, protocol="h1")
# Measured with the first number of connections alone.
OTHERS = (Row(OFFLOAD, IDLE, protocol="h2"), Row(MTLS, IDLE, protocol="h1"))


def run(stage):
    rows = []
    for count in stage.options.idle:
        others = OTHERS if count == stage.options.idle[0] else ()
        rows += [measured(stage, row, count) for row in (FIRST, *others)]
    return rows


def measured(stage, row, count):
    rounds = {}
    for _ in range(stage.options.memory_rounds):
        for name in who_meets(stage, row):
            if name == "floor":
                continue
            kib = stage.attempt("memory", idle_kib, name, row, count)
            if kib is None:
                continue
            rounds.setdefault(name, []).append(kib)
            print(f"{count} connections, {row.name}, {name:10} {kib:.2f} KiB each", flush=True)
    proxies = {name: {"kib": statistics.median(each), "rounds": each}
               for name, each in rounds.items()}
    return {"row": row.name, "connections": count, "proxies": proxies}


def idle_kib(stage, name, row, count):
    """Of a fresh process, so that nothing but these connections is in it. None: it is not served."""
    running = stage.start(name, row.scenario, row.keys, HTTP)
    if not running or not is_served(stage, name, row, running):
        if running:
            stage.stop(running)
        return None
    request = ["--path", "/1k", *(("--http2",) if row.protocol == "h2" else ())]
    # What is made once, by the first connections, belongs to none of the others.
    run_load(stage, row.scenario, running.address, HTTP,
             [*request, "--connections", "32", "--count", "3200"])
    running.look_up_family()
    before = memory_kib(running.pids)
    # In the open loop connections take turns: each has made its request after so many.
    held = stage.processes.start(
        load_command(stage, row.scenario, running.address, HTTP,
                     [*request, "--connections", str(count), "--rate", str(count),
                      "--count", str(count), "--linger", "300s"]),
        stage.load_cores(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        wait_until_open(running, count, held)
        settle([held.pid, *running.pids], quiet=1.5)
        if held.poll() is not None or connections_to(running.address) < count:
            raise BenchError(f"{name}: {count} connections were not kept open")
        return (memory_kib(running.pids) - before) / count
    finally:
        stage.processes.stop(held)
        stage.stop(running)


def wait_until_open(running, wanted, held):
    deadline = time.monotonic() + 120
    while connections_to(running.address) < wanted:
        if held.poll() is not None:
            raise BenchError(f"load ended: {held.stderr.read().decode()}")
        if time.monotonic() > deadline:
            raise BenchError(f"{running.process.args[0]}: only {connections_to(running.address)} "
                             f"connections:\n{running.log.read_text()}")
        time.sleep(0.1)
