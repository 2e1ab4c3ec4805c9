"""Latency in an open loop: at fixed rates, and at half of what each proxy can do itself."""

import statistics

from harness.cost import prove
from harness.loads import run_load, window
from harness.matrix import HTTP, OFFLOAD, Row, Workload

REQUEST = ("--path", "/1k", "--connections", "64")
PROOF = Row(OFFLOAD, Workload("rate", "request", HTTP, REQUEST), protocol="h1")
COLUMNS = ("p50", "p99", "p99.9")
# A virtual machine is held up for some milliseconds a few times a second, whoever runs on it, and at
# a high rate the p99 of a second is that pause. Most short windows have none: their median is what
# the proxies do, and the quartiles beside it show the machine. 2 000 requests, for the p99's sake.
SHORTEST_WINDOW = 0.2  # seconds
REQUESTS = 2000


def run(stage):
    started = {}
    for name in stage.http_proxies():
        started[name] = stage.start(name)
        prove(stage, name, PROOF, started[name])
    top = {name: top_rate(stage, running) for name, running in started.items()}
    rows = [{"rate": rate, "rates": {name: rate for name in started}}
            for rate in stage.options.rates]
    rows.append({"rate": "half of its own top", "rates": {n: top[n] / 2 for n in started}})
    for row in rows:
        row["top"], row["rounds"] = top, {name: [] for name in started}
    for number in range(stage.options.rounds):
        for row in rows:
            names = list(started)
            for name in names[number % len(names):] + names[:number % len(names)]:
                windows = at_rate(stage, started[name], row["rates"][name])
                row["rounds"][name] += windows
                print(f"{row['rates'][name]:.0f}/s, {name:10} "
                      + ", ".join(f"{c} {statistics.median(w[c] for w in windows):.0f} µs"
                                  for c in COLUMNS), flush=True)
    for row in rows:
        row["proxies"] = {
            name: {**{c: statistics.median(each[c] for each in windows) for c in COLUMNS},
                   "p99_quartiles": quartiles([each["p99"] for each in windows]),
                   "errors": sum(each["errors"] for each in windows)}
            for name, windows in row["rounds"].items()}
    for running in started.values():
        stage.stop(running)
    return rows


def quartiles(figures):
    first, _, third = statistics.quantiles(figures, n=4) if figures[1:] else figures * 3
    return [first, third]


def top_rate(stage, running):
    """In a closed loop. Where load and backends have one core, it may be theirs that is full: the
    cost table's column of the core says so."""
    rates = [run_load(stage, OFFLOAD, running.address, HTTP, [*REQUEST, *window(stage.options)])
             ["exchanges_per_second"] for _ in range(3)]
    return statistics.median(rates)


def at_rate(stage, running, rate):
    """Windows one after the other, as long as a run is, at least one."""
    seconds = max(SHORTEST_WINDOW, REQUESTS / rate)
    seen = [run_load(stage, OFFLOAD, running.address, HTTP,
                     [*REQUEST, "--rate", f"{rate:.0f}", "--duration", f"{seconds:.3f}s",
                      "--warm-up", f"{stage.options.warm_up}s"])
            for _ in range(max(1, int(stage.options.seconds / seconds)))]
    return [{**{c: each["latency_us"][c] for c in COLUMNS}, "errors": each["errors"]}
            for each in seen]
