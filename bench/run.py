#!/usr/bin/env python3
"""Sallyport beside nginx, HAProxy, hitch, nghttpx and the floor: what each unit of work costs.

CPU time per exchange, MiB or connection is what stays steady on noisy machines, unlike rates and
latencies. Each proxy has cores of its own; load generator and backends share the others. Rounds are
interleaved: every proxy meets each workload within seconds of the others, in an order that changes
from round to round, and medians are reported. The configurations are the files in bench/peers/, as
a friend of each proxy would write them. bench/README.md says how to read the results.
"""

import argparse
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from harness import change, cost, latency, memory, plots, report, sites, workers  # noqa: E402
from harness.matrix import all_rows, quick_rows  # noqa: E402
from harness.processes import BenchError  # noqa: E402
from harness.proxies import known_proxies, own_proxy  # noqa: E402
from harness.stage import Stage  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECTIONS = {"memory": memory.run, "latency": latency.run, "sites": sites.run, "change": change.run,
            "workers": workers.run}


def chosen(text, known, what):
    names = text.split(",") if text else []
    for name in names:
        if name not in known:
            raise BenchError(f"no {what} {name}; there are: {', '.join(known)}")
    return names or list(known)


def numbers(text):
    return [int(word) for word in text.split(",")]


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    add = parser.add_argument
    add("--build", type=pathlib.Path, default=ROOT / "build" / "release",
        help="build folder with bench/load, bench/backend, bench/floor and sallyport")
    add("--sallyport", type=pathlib.Path, help="default: the build folder's")
    add("--proxies", help="comma-separated, of: sallyport, nginx, haproxy, hitch, nghttpx, floor")
    add("--proxy", action="append", default=[], metavar="NAME=COMMAND",
        help="one of your own: it finds SCENARIO, LISTEN, BACKEND, CERT, KEY, PEM, CA, WORKERS and "
             "DIR in its environment, and as @NAME@ in COMMAND; may be repeated")
    add("--sections", help="comma-separated, of: cost, " + ", ".join(SECTIONS) + "; default: all")
    add("--scenarios", help="comma-separated; default: all")
    add("--workloads", help="comma-separated; default: all")
    add("--protocols", help="comma-separated, of: bytes, h1, h2")
    add("--keys", help="comma-separated, of: p256, rsa")
    add("--size", default="1KiB", help="of keep-alive exchanges")
    add("--sizes", default="1MiB", help="of downloads and uploads, comma-separated")
    add("--connections", type=int, default=64,
        help="of keep-alive rows; transfers have an eighth, handshakes a quarter")
    add("--idle", type=numbers, default=[1000, 10000], help="idle connections, comma-separated")
    add("--rates", type=numbers, default=[1000, 4000, 8000], help="requests a second, open loop")
    add("--sites", type=numbers, default=[1, 100, 10000])
    add("--changes", type=int, default=5, help="of the configuration, one a second")
    add("--workers", type=numbers, default=[1, 2])
    add("--rounds", type=int, default=5)
    add("--memory-rounds", type=int, default=2)
    add("--seconds", type=float, default=2, help="measured per run")
    add("--warm-up", type=float, default=0.5, help="seconds before measuring")
    add("--cores", type=numbers, help="first those of the proxy, one for each worker")
    add("--list", action="store_true", help="print the rows and end")
    add("--quick", action="store_true", help="2 rounds of 0.7 s, and not every row")
    add("--output", type=pathlib.Path, default=ROOT / "build" / "bench")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds, options.warm_up = 2, 0.7, 0.2
        options.idle, options.memory_rounds, options.rates = [1000], 1, [1000, 4000]
        options.sites, options.workers = [1, 1000], [1, 2]
    options.build = options.build.resolve()
    options.sallyport = (options.sallyport or options.build / "sallyport").resolve()
    return options


def rows_of(options):
    rows = all_rows(options.size, options.sizes.split(","), options.connections)
    rows = quick_rows(rows) if options.quick and not options.scenarios else rows
    for attribute, what, of in (
            ("scenarios", "scenario", lambda row: row.scenario.name),
            ("workloads", "workload", lambda row: row.workload.name),
            ("protocols", "protocol", lambda row: row.protocol),
            ("keys", "key", lambda row: row.keys)):
        names = chosen(getattr(options, attribute), dict.fromkeys(map(of, rows)), what)
        rows = [row for row in rows if of(row) in names]
    return rows


def proxies_of(options):
    proxies = known_proxies(options.sallyport, options.build)
    proxies = {name: proxies[name] for name in chosen(options.proxies, proxies, "proxy")}
    for text in options.proxy:
        own = own_proxy(text)
        proxies[own.name] = own
    return proxies


def run(options):
    rows = rows_of(options)
    if options.list:
        print("\n".join(row.name for row in rows))
        return
    names = chosen(options.sections, ["cost", *SECTIONS], "section")
    proxies = proxies_of(options)
    with tempfile.TemporaryDirectory(prefix="sallyport-bench-") as folder:
        stage = Stage(options, proxies, folder)
        sections = {}
        try:
            stage.prepare()
            if "cost" in names:
                sections["cost"] = cost.measure_all(stage, rows)
            for name in names:
                if name in SECTIONS:
                    measured = stage.attempt(name, SECTIONS[name])
                    sections |= {name: measured} if measured else {}
        finally:
            stage.processes.stop()
            if sections:
                results = report.results_of(stage, rows, sections)
                report.write(results, options.output)
                plots.draw(results, options.output)
    if stage.failures:
        raise BenchError(f"{len(stage.failures)} measurements failed; the report names them")


def main():
    try:
        run(parse_options())
    except BenchError as error:
        sys.exit(f"bench: {error}")


if __name__ == "__main__":
    main()
