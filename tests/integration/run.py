#!/usr/bin/env python3
"""Runs every scenario of this folder, each in a process of its own, and counts.

A file may say `TIMEOUT = seconds` (60 if it does not), or `ALONE = True` when what it measures
would not bear a neighbour. Certificates are made once and shared.

Real peers on a busy machine can be late: what failed is run once more when all else is over, alone,
and is called unsteady if it passes then. Both times are shown. No second run for a crash, for what a
sanitizer reported, or where more than UNSTEADY_MAX failed. The last line is
`N passed, N failed, N skipped`; the exit status is 1 if any failed.
"""

import argparse
import ast
import concurrent.futures
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from support.pki import CACHE_VARIABLE  # noqa: E402
from support.scenario import SKIPPED  # noqa: E402

DEFAULT_TIMEOUT = 60
SANITIZED_FACTOR = 4
UNSTEADY_MAX = 3
NEVER_EXCUSED = ("Sanitizer", "runtime error:", "crashed: ")


class Scenario:
    def __init__(self, path):
        self.path = path
        self.name = path.stem
        values = {}
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign) and (value := constant(node.value)):
                values.update({t.id: value.value for t in node.targets})
        self.timeout = values.get("TIMEOUT", DEFAULT_TIMEOUT)
        self.alone = values.get("ALONE", False)


def constant(value):
    """What an assignment gives; of `A if FULL else B` what this run is. None: it is more than that."""
    if isinstance(value, ast.IfExp) and ast.unparse(value.test) == "FULL":
        value = value.body if os.environ.get("SALLYPORT_FULL") else value.orelse
    return value if isinstance(value, ast.Constant) else None


class Outcome:
    def __init__(self, word, seconds, output):
        self.word, self.seconds, self.output = word, seconds, output


def main():
    arguments = argparse.ArgumentParser(description=__doc__,
                                        formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sallyport", default="build/release/sallyport", type=pathlib.Path)
    arguments.add_argument("--jobs", type=int, default=2 * len(os.sched_getaffinity(0)),
                           help="at once; they mostly wait (default: two for each core)")
    arguments.add_argument("--only", metavar="PATTERN", default="",
                           help="those whose name contains it")
    chosen = arguments.parse_args()
    if not chosen.sallyport.exists():
        sys.exit(f"{chosen.sallyport} is not there: build it first")
    patient = b"__asan_init" in (image := chosen.sallyport.read_bytes()) or b"__tsan_init" in image

    scenarios = [Scenario(p) for p in sorted(HERE.glob("*.py")) if p.name != "run.py"]
    scenarios = [s for s in scenarios if chosen.only in s.name]
    scenarios.sort(key=lambda s: -s.timeout)  # the long ones first, so that none is left over
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    failed = []
    with tempfile.TemporaryDirectory(prefix="sallyport-pki-") as pki:
        def run(scenario):
            factor = SANITIZED_FACTOR if patient else 1
            return scenario, run_one(scenario, chosen.sallyport.resolve(), pki, factor)

        together = [s for s in scenarios if not s.alone]
        alone = [s for s in scenarios if s.alone]
        for group, jobs in ((together, chosen.jobs), (alone, 1)):
            with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
                for done in concurrent.futures.as_completed([pool.submit(run, s) for s in group]):
                    scenario, outcome = done.result()
                    if outcome.word == "failed":
                        failed.append((scenario, outcome))
                    else:
                        counts[outcome.word] += 1
                    report(scenario, outcome)
        for scenario, first in failed:
            word = "failed"
            if len(failed) <= UNSTEADY_MAX and not any(w in first.output for w in NEVER_EXCUSED):
                print(f"again: {scenario.name}")
                again = run(scenario)[1]
                report(scenario, again)
                word = again.word
            counts[word] += 1
            print(f"{'unsteady' if word == 'passed' else 'failed'}: {scenario.name}")
    print(", ".join(f"{n} {word}" for word, n in counts.items()))
    sys.exit(1 if counts["failed"] or not scenarios else 0)


def run_one(scenario, program, pki, factor):
    began = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, str(scenario.path), "--sallyport", str(program)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", start_new_session=True, env=os.environ | {CACHE_VARIABLE: pki})
    try:
        output, _ = child.communicate(timeout=scenario.timeout * factor)
        word = {0: "passed", SKIPPED: "skipped"}.get(child.returncode, "failed")
    except subprocess.TimeoutExpired:
        output = stop(child) + f"not over after {scenario.timeout * factor} s\n"
        word = "failed"
    return Outcome(word, time.monotonic() - began, output)


def stop(child):
    """SIGINT lets the scenario say where it was and end what it had started; SIGKILL otherwise."""
    child.send_signal(signal.SIGINT)
    try:
        return child.communicate(timeout=20)[0]
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        return child.communicate()[0]


def report(scenario, outcome):
    print(f"{outcome.word:8}{outcome.seconds:6.1f} s  {scenario.name}", flush=True)
    if outcome.word == "failed" or (outcome.word == "skipped" and outcome.output):
        print("".join(f"    {line}\n" for line in outcome.output.splitlines()), end="", flush=True)


if __name__ == "__main__":
    main()
