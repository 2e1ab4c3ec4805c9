"""bench/run.py works: each proxy that is installed, the floor and one of the user's own are driven
through rows of every kind, and results.json, the tables and --list say so. How fast anybody is, is
not looked at."""

import sys

sys.path.append(sys.path[0] + "/..")
import json
import pathlib
import shutil

from support.process import run
from support.scenario import Skip, main

ALONE = True
TIMEOUT = 180
ROOT = pathlib.Path(__file__).resolve().parents[2]
HARNESS = ROOT / "bench" / "run.py"
PEERS = ["nginx", "haproxy"]


def test(t):
    if t.sanitizer:
        raise Skip("what a sanitizer costs is not measured")
    build = pathlib.Path(t.program).parent
    for name in ("load", "backend", "floor"):
        if not (build / "bench" / name).exists():
            raise Skip(f"{build}/bench/{name} is not built")
    listed = run([sys.executable, HARNESS, "--list"])
    assert listed.returncode == 0, listed
    assert len(listed.stdout.splitlines()) > 40, listed.stdout
    wrong = run([sys.executable, HARNESS, "--workloads", "nonsense", "--list"])
    assert wrong.returncode == 1 and "no workload nonsense" in wrong.stderr, wrong

    proxies = ["sallyport", "floor"] + PEERS
    proxies += [n for n in ("hitch", "nghttpx") if shutil.which(n, path="/usr/sbin:/usr/bin")]
    output = t.folder / "results"
    own = f"{build}/bench/floor --listen @LISTEN@ --backend @BACKEND@ --cert @CERT@ --key @KEY@"
    done = run([sys.executable, HARNESS, "--build", build, "--proxies", ",".join(proxies),
                "--proxy", f"mine={own} --pool", "--output", output,
                "--scenarios", "offload-http,offload-bytes",
                "--workloads", "keepalive-1k,full,streams-1k,wrk-1k",
                "--keys", "p256", "--rounds", "1", "--seconds", "0.3", "--warm-up", "0.1",
                "--sections", "cost,memory,sites,change", "--idle", "40", "--memory-rounds", "1",
                "--rates", "200", "--sites", "1,40", "--changes", "1"], 170)
    assert done.returncode == 0, (done.stdout[-3000:], done.stderr[-3000:])
    results = json.loads((output / "results.json").read_text())
    rows = {row["row"]: row for row in results["cost"]}
    assert {"offload-http keepalive-1k h1", "offload-http full h1", "offload-http keepalive-1k h2",
            "offload-http streams-1k h2", "offload-http wrk-1k h1",
            "offload-bytes keepalive-1k"} <= set(rows), list(rows)
    for row in results["cost"]:
        met = set(row["proxies"])
        assert {"sallyport", *PEERS} <= met, row
        assert all(cell["cpu_us"] > 0 for cell in row["proxies"].values()), row
        assert row["ratio"] > 0 and row["best_peer"] in met - {"sallyport", "floor"}, row
    assert {"floor", "mine"} <= set(rows["offload-http keepalive-1k h1"]["proxies"]), rows
    # Of forty connections memory says nothing yet.
    assert len(results["memory"]) == 3, results["memory"]
    for row in results["memory"]:
        assert {"sallyport", *PEERS} <= set(row["proxies"]), row
    assert results["sites"][1]["proxies"]["sallyport"]["cpu_us"] > 0, results["sites"]
    ours = next(row for row in results["change"] if row["proxy"] == "sallyport")
    assert ours["changing"]["failed"] == 0 and ours["changing"]["requests"] > 500, ours
    assert "nginx/offload-http" in results["configurations"], list(results["configurations"])
    table = (output / "results.md").read_text()
    for title in ("CPU µs of the proxy", "Memory per idle", "Many sites", "changes under load"):
        assert title in table, table


if __name__ == "__main__":
    main(test)
