"""One worker and several: what each request costs when there are more loops."""

import statistics

from harness.cost import prove
from harness.loads import measure
from harness.matrix import HTTP, OFFLOAD, Row, Workload

ROWS = [Row(OFFLOAD, Workload("keepalive-1k", "1 KiB request", HTTP,
                              ("--path", "/1k", "--connections", "64")), protocol="h1"),
        Row(OFFLOAD, Workload("full", "new connection", HTTP,
                              ("--path", "/1k", "--new-connections", "--connections", "16")),
            protocol="h1")]


def run(stage):
    counts = stage.options.workers
    started = {}
    for count in counts:
        for name in stage.http_proxies():
            running = stage.start(name, workers=count)
            prove(stage, name, ROWS[0], running)
            started[count, name] = running
    results = [{"workload": row.workload.name, "workers": count, "proxies": {}}
               for row in ROWS for count in counts]
    for _ in range(stage.options.rounds):
        for row in ROWS:
            for (count, name), running in started.items():
                seen = measure(stage, row, name, running, count)
                cell = next(r for r in results if r["workload"] == row.workload.name
                            and r["workers"] == count)["proxies"]
                cell.setdefault(name, {"rounds": []})["rounds"].append(seen)
                print(f"{count} workers, {row.workload.name}, {name:10} {seen['cpu_us']:.2f} µs "
                      f"{seen['per_second']:.0f}/s", flush=True)
    for result in results:
        for cell in result["proxies"].values():
            for key in ("cpu_us", "per_second"):
                cell[key] = statistics.median(each[key] for each in cell["rounds"])
    for running in started.values():
        stage.stop(running)
    return results
