"""The cost table: CPU time of each proxy per unit of work, in interleaved rounds."""

import statistics

from harness.loads import measure, run_load
from harness.processes import BenchError
from harness.proxies import Own

# Others stand in the table, but are nobody that one could take in place of the proxy.
NO_PEERS = ("sallyport", "floor")


def who_meets(stage, row):
    return [name for name, proxy in stage.proxies.items()
            if proxy.serves(row.scenario, row.protocol)
            # The floor is measured once for what each tool asks alike.
            and (name != "floor" or row.workload.tool == "load")]


def start_proxies(stage, rows):
    """Who meets each row, and its process: one for all the rows of a scenario and its keys."""
    started, proven = {}, {}
    for row in rows:
        for name in who_meets(stage, row):
            key = place(stage, name, row)
            if key not in started:
                started[key] = stage.start(name, row.scenario, row.keys, row.workload.host)
            if started[key] and (key, row.protocol) not in proven:
                proven[key, row.protocol] = is_served(stage, name, row, started[key])
    return {row.name: {name: started[place(stage, name, row)] for name in who_meets(stage, row)
                       if proven.get((place(stage, name, row), row.protocol))} for row in rows}


def is_served(stage, name, row, running):
    try:
        prove(stage, name, row, running)
        return True
    except BenchError as error:
        # We cannot know what a user's own proxy speaks.
        if not isinstance(stage.proxies[name], Own):
            raise
        print(f"left out: {error}".partition("\n")[0], flush=True)
        return False


def place(stage, name, row):
    host = row.workload.host if stage.proxies[name].one_backend else ""
    return name, row.scenario, row.keys, host


def prove(stage, name, row, running):
    """A first exchange shows that it works, and that forked workers are there to be watched."""
    kind = ("--exchange", "echo") if row.workload.host.startswith("echo") else ("--path", "/1k")
    http2 = ("--http2",) if row.protocol == "h2" else ()
    seen = run_load(stage, row.scenario, running.address, row.workload.host,
                    [*kind, *http2, "--count", "1"])
    if seen["errors"]:
        raise BenchError(f"{name} {row.name}: {seen['first_errors']}\n{running.log.read_text()}")
    running.look_up_family()


def measure_all(stage, rows):
    started = start_proxies(stage, rows)
    runs = {row.name: {name: [] for name in started[row.name]} for row in rows}
    for number in range(stage.options.rounds):
        for at, row in enumerate(rows):
            # In an order that changes: whoever comes first meets other caches and other clocks.
            names = list(started[row.name])
            turn = (number + at) % max(1, len(names))
            for name in names[turn:] + names[:turn]:
                result = stage.attempt("cost", measure, row, name, started[row.name][name])
                runs[row.name][name].append(result)
                if result:
                    print(f"round {number + 1}/{stage.options.rounds} {row.name:34} {name:10} "
                          f"{result['cpu_us']:9.2f} µs {result['per_second']:8.0f}/s core "
                          f"{result['core_busy']:4.0%}", flush=True)
    for running in {id(r): r for each in started.values() for r in each.values()}.values():
        stage.stop(running)
    return [summary(row, runs[row.name]) for row in rows]


def summary(row, runs):
    """Medians; ratios are taken within each round, where both met the same machine."""
    result = {"row": row.name, "scenario": row.scenario.name, "workload": row.workload.name,
              "keys": row.keys, "protocol": row.protocol, "unit": row.workload.unit, "proxies": {}}
    for name, rounds in runs.items():
        if good := [each for each in rounds if each]:
            result["proxies"][name] = {
                "cpu_us": statistics.median(each["cpu_us"] for each in good), "rounds": good}
    ours, measured = runs.get("sallyport"), result["proxies"]
    peers = [name for name in measured if name not in NO_PEERS]
    if "sallyport" in measured and peers:
        best = min(peers, key=lambda name: measured[name]["cpu_us"])
        result["best_peer"] = best
        result["ratio"] = ratio(ours, runs[best])
    if "sallyport" in measured and "floor" in measured:
        result["to_floor"] = ratio(ours, runs["floor"])
    return result


def ratio(ours, theirs):
    each = [a["cpu_us"] / b["cpu_us"] for a, b in zip(ours, theirs)
            if a and b and b["cpu_us"]]
    return statistics.median(each) if each else None
