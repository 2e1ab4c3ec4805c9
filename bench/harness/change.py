"""A configuration that changes every second under load: what it costs, and who notices."""

import subprocess
import time

from harness.loads import finish_load, load_command
from harness.cost import prove
from harness.matrix import HTTP
from harness.processes import family, family_cpu_seconds, memory_kib
from harness.sites import SCENARIO, names_of, row_of


def run(stage):
    rows = []
    count = min(100, max(stage.options.sites))
    for name, proxy in stage.proxies.items():
        if not proxy.reload or not proxy.template(SCENARIO).exists():
            continue
        running = stage.start(name, SCENARIO, sites=names_of(count))
        prove(stage, name, row_of(count), running)
        quiet = watch(stage, running, lambda number: None)
        busy = watch(stage, running, lambda number: proxy.reconfigure(
            running, names_of(count) + [f"new{number}.sites.bench.test"]))
        rows.append({"proxy": name, "sites": count, "changes": stage.options.changes, "quiet": quiet,
                     "changing": busy})
        print(f"change, {name:10} failed {busy['failed']} p99.9 {busy['p99.9']} µs, CPU "
              f"{busy['cpu_s']:.2f} s of {quiet['cpu_s']:.2f} s, {busy['memory_mib']:.0f} MiB of "
              f"{quiet['memory_mib']:.0f} MiB", flush=True)
        stage.stop(running)
    return rows


def watch(stage, running, change):
    pid = running.process.pid
    before = family_cpu_seconds(pid)
    command = load_command(stage, SCENARIO, running.address, HTTP,
                           ["--path", "/1k", "--connections", "64", "--rate",
                            str(stage.options.rates[0]), "--duration", f"{stage.options.changes + 2}s"])
    load = stage.processes.start(command, stage.load_cores(), stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
    most = 0
    for number in range(stage.options.changes):
        time.sleep(0.5)
        change(number)
        for _ in range(5):
            time.sleep(0.1)
            most = max(most, memory_kib(family(pid)))
    seen = finish_load(stage, load, stage.options.changes + 2)
    latency = seen["latency_us"]
    # A connection that is ended between two requests is no failed request: clients open another.
    ended = seen["errors_by_kind"].get("closed_idle", 0)
    return {"requests": seen["exchanges"], "failed": seen["errors"] - ended, "ended_idle": ended,
            "errors": seen["errors_by_kind"], "p99": latency["p99"], "p99.9": latency["p99.9"],
            "max": latency["max"], "cpu_s": family_cpu_seconds(pid) - before,
            "memory_mib": most / 1024}
