"""results.json and the Markdown tables made from it."""

import datetime
import json
import os
import pathlib
import platform
import subprocess

from harness.matrix import CIPHERSUITE


def machine():
    model = ""
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    version = subprocess.run(["openssl", "version"], capture_output=True, text=True).stdout.strip()
    release = dict(line.split("=", 1) for line in
                   pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(),
            "openssl": version, "system": release.get("PRETTY_NAME", "").strip('"')}


def results_of(stage, rows, sections):
    options = stage.options
    scenarios = list(dict.fromkeys(row.scenario for row in rows))
    return {
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "ciphersuite": CIPHERSUITE,
        "rounds": options.rounds,
        "seconds": options.seconds,
        "proxy_cores": sorted(stage.proxy_cores()),
        "load_cores": sorted(stage.load_cores()),
        "versions": {name: proxy.version_text() for name, proxy in stage.proxies.items()
                     if name != "floor"},
        "configurations": {f"{name}/{scenario.name}": proxy.configuration(scenario)
                           for name, proxy in stage.proxies.items() for scenario in scenarios
                           if any(proxy.serves(scenario, p) for p in ("bytes", "h1", "h2"))},
        "failures": stage.failures,
        **sections,
    }


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def names_in(rows):
    return list(dict.fromkeys(name for row in rows for name in row["proxies"]))


def cost_table(rows):
    names = names_in(rows)
    body = []
    for row in rows:
        cells = []
        for name in names:
            proxy = row["proxies"].get(name)
            if not proxy:
                cells.append("–")
                continue
            values = [each["cpu_us"] for each in proxy["rounds"]]
            cells.append(f"{proxy['cpu_us']:.2f} ({min(values):.2f}–{max(values):.2f})")
        ratio = f"**{row['ratio']:.2f}** of {row['best_peer']}" if row.get("ratio") else "–"
        floor = f"{row['to_floor']:.2f}" if row.get("to_floor") else "–"
        body.append([row["row"], row["unit"], *cells, ratio, floor])
    lines = ["## CPU µs of the proxy per unit of work", "",
             "All processes and threads, user and system; the median of the rounds, and the lowest "
             "and the highest. Ratios are medians of those within each round.", ""]
    return lines + table(["row", "per", *names, "sallyport to the best peer", "to the floor"], body)


def rate_table(rows):
    names = names_in(rows)
    body = []
    for row in rows:
        cells = []
        for name in names:
            rounds = row["proxies"].get(name, {}).get("rounds")
            if not rounds:
                cells.append("–")
                continue
            middle = sorted(rounds, key=lambda each: each["per_second"])[len(rounds) // 2]
            cells.append(f"{middle['per_second']:.0f} ({middle['core_busy']:.0%})")
        body.append([row["row"], *cells])
    lines = ["## Units per second in a closed loop", "",
             "In brackets how busy the proxy kept its core: well below 100 % it is the load's core "
             "that was the limit, and the figure says nothing about the proxy.", ""]
    return lines + table(["row", *names], body)


def memory_table(rows):
    names = names_in(rows)
    body = []
    for row in rows:
        held = [row["proxies"].get(name) for name in names]
        body.append([row["row"], str(row["connections"]), *(f"{h['kib']:.2f}" if h else "–" for h in held)])
    return ["## Memory per idle TLS connection, KiB", "",
            "PSS of all processes, over that of the fresh process, after each connection has made a "
            "request.", ""] + table(["row", "connections", *names], body)


def latency_table(rows):
    names = names_in(rows)
    body = []
    for row in rows:
        cells = []
        for name in names:
            cell = row["proxies"][name]
            rate = f"{row['rates'][name]:.0f}/s: " if isinstance(row["rate"], str) else ""
            errors = f", {cell['errors']:.0f} errors" if cell["errors"] else ""
            low, high = cell["p99_quartiles"]
            cells.append(f"{rate}{cell['p50']:.0f} / {cell['p99']:.0f} [{low:.0f}–{high:.0f}] / "
                         f"{cell['p99.9']:.0f}{errors}")
        body.append([str(row["rate"]), *cells])
    return ["## Latency in an open loop, µs", "",
            "p50 / p99 [quartiles] / p99.9 of 1 KiB requests, from the moment at which each was meant "
            "to begin; medians of windows of 2 000 requests and 0.2 s at least.", ""] + table(["requests a second", *names], body)


def sites_table(rows):
    names = names_in(rows)
    body = []
    for row in rows:
        cells = []
        for name in names:
            cell = row["proxies"][name]
            cells.append(f"{cell['cpu_us']:.2f} µs ({cell['to_first']:.2f}), start "
                         f"{cell['start_cpu_s']:.2f} s CPU, {cell['memory_mib']:.0f} MiB")
        body.append([str(row["sites"]), *cells])
    return ["## Many sites", "",
            "CPU per 1 KiB request (and over that with the first count of sites), CPU of the start, "
            "memory. All sites show one certificate.", ""] + table(["sites", *names], body)


def change_table(rows):
    header = ["proxy", "failed requests", "idle connections ended", "p99 µs", "p99.9 µs", "max µs",
              "CPU s", "memory MiB"]
    body = []
    for row in rows:
        quiet, busy = row["quiet"], row["changing"]
        both = [f"{quiet[key]:.0f} → {busy[key]:.0f}" for key in ("p99", "p99.9", "max")]
        body.append([row["proxy"], str(busy["failed"]), str(busy["ended_idle"]), *both,
                     f"{quiet['cpu_s']:.2f} → {busy['cpu_s']:.2f}",
                     f"{quiet['memory_mib']:.0f} → {busy['memory_mib']:.0f}"])
    title = f"{rows[0]['changes']} changes in as many seconds, {rows[0]['sites']} sites" if rows else ""
    return ["## A configuration that changes under load", "",
            f"{title}; without → with the changes.", ""] + table(header, body)


def workers_table(rows):
    names = names_in(rows)
    body = [[row["workload"], str(row["workers"]),
             *(f"{row['proxies'][n]['cpu_us']:.2f} µs, {row['proxies'][n]['per_second']:.0f}/s"
               for n in names)] for row in rows]
    return ["## Workers", "", "CPU per unit, and units a second. With as many workers as cores they "
            "share them with load and backends.", ""] + table(["workload", "workers", *names], body)


TABLES = {"cost": lambda rows: cost_table(rows) + rate_table(rows), "memory": memory_table,
          "latency": latency_table, "sites": sites_table, "change": change_table,
          "workers": workers_table}


def markdown(results):
    lines = [
        "# Results", "",
        "{cpu}, {cores} cores, {system}, Linux {kernel}, {openssl}; ".format(**results["machine"])
        + f"{results['ciphersuite']}; {results['date']}; {results['rounds']} interleaved rounds of "
        f"{results['seconds']} s; proxies on core {results['proxy_cores']}, load and backends on "
        f"{results['load_cores']}.", ""]
    lines += [f"- {name}: {version}" for name, version in results["versions"].items()] + [""]
    for name, make in TABLES.items():
        if results.get(name):
            lines += make(results[name])
    if results["failures"]:
        lines += ["## What went wrong", "", *(f"- {each.splitlines()[0]}" for each in results["failures"])]
    return "\n".join(lines) + "\n"


def write(results, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    text = markdown(results)
    (folder / "results.md").write_text(text)
    print("\n" + text + f"\nwritten to {folder}")
