"""What many sites cost: the start, the memory, and each request."""

import statistics
import time

from harness.loads import measure
from harness.matrix import HTTP, Row, Scenario, Workload
from harness.cost import prove
from harness.processes import cpu_seconds, memory_kib, settle

SCENARIO = Scenario("sites-http")


def names_of(count):
    """As many as there are beside the one that is asked for."""
    return [f"s{number}.sites.bench.test" for number in range(count - 1)]


def row_of(count):
    # Sixteen of the sites are asked for, the first and the last among them.
    names = names_of(count)
    asked = [HTTP, *names[:8], *names[-7:]] if count > 16 else [HTTP]
    more = [word for name in asked[1:] for word in ("--host", name)]
    return Row(SCENARIO, Workload(f"{count} sites", "1 KiB request", HTTP,
                                  ("--path", "/1k", "--connections", "64", *more)), protocol="h1")


def run(stage):
    rows = [{"sites": count, "proxies": {}} for count in stage.options.sites]
    started = {}
    for row in rows:
        for name, proxy in stage.proxies.items():
            if proxy.template(SCENARIO).exists():
                started[row["sites"], name] = start(stage, name, row)
    runs = {key: [] for key in started}
    for _ in range(stage.options.rounds):
        for (count, name), running in started.items():
            seen = measure(stage, row_of(count), name, running)
            runs[count, name].append(seen["cpu_us"])
            print(f"{count} sites, {name:10} {seen['cpu_us']:.2f} µs", flush=True)
    for row in rows:
        for name, cell in row["proxies"].items():
            mine, one = runs[row["sites"], name], runs[rows[0]["sites"], name]
            cell["cpu_us"], cell["rounds"] = statistics.median(mine), mine
            cell["to_first"] = statistics.median(a / b for a, b in zip(mine, one))
    for running in started.values():
        stage.stop(running)
    return rows


def start(stage, name, row):
    began = time.monotonic()
    running = stage.start(name, SCENARIO, sites=names_of(row["sites"]))
    took = time.monotonic() - began
    prove(stage, name, row_of(row["sites"]), running)
    # Some listen before they have read everything: all that the start costs is had by then.
    settle(running.pids)
    row["proxies"][name] = {"start_s": took, "start_cpu_s": sum(map(cpu_seconds, running.pids)),
                            "memory_mib": memory_kib(running.pids) / 1024}
    return running

