"""Processes on cores of their own, what they cost, and where they listen."""

import atexit
import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time


class BenchError(Exception):
    """Something that whoever runs the harness must know, in one message."""


class Unsupported(BenchError):
    """A proxy has said that a scenario is none of its own."""


class Processes:
    """Starts processes that do not outlive this one, whatever ends it."""

    def __init__(self):
        self.running = []
        atexit.register(self.stop)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(1))

    def start(self, command, cores, **options):
        libc = ctypes.CDLL(None)

        def prepare():
            libc.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: even a killed script leaves nothing
            os.sched_setaffinity(0, cores)

        process = subprocess.Popen([str(word) for word in command], preexec_fn=prepare,
                                   start_new_session=True, stdin=subprocess.DEVNULL, **options)
        self.running.append(process)
        return process

    def stop(self, *processes):
        """These, or all."""
        chosen = processes or tuple(self.running)
        for process in chosen:
            signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + 3
        for process in chosen:
            try:
                process.wait(max(0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass
            signal_group(process, signal.SIGKILL)
            process.wait()
            self.running.remove(process)


def signal_group(process, number):
    # The group outlives its leader while a member, such as nginx's worker, still runs.
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass


def family(pid):
    """A process and all its descendants."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = pathlib.Path("/proc", entry, "stat").read_text()
            except OSError:
                continue  # ended meanwhile
            children.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry))
    found = [pid]
    for known in found:
        found += children.get(known, [])
    return found


def cpu_seconds(pid):
    """Of all threads of one process, to the nanosecond."""
    clock = (~pid << 3) | 2  # CPUCLOCK_SCHED of another process, as clock_getcpuclockid makes it
    try:
        return time.clock_gettime(clock)
    except OSError:
        return 0.0  # ended meanwhile


def settle(pids, quiet=0.3, deadline=120):
    """Waits until these processes do next to nothing."""
    end = time.monotonic() + deadline
    spent = sum(map(cpu_seconds, pids))
    while time.monotonic() < end:
        time.sleep(quiet)
        before, spent = spent, sum(map(cpu_seconds, pids))
        if spent - before < quiet * 0.05:
            return
    raise BenchError(f"processes {pids} are still busy after {deadline} s")


def family_cpu_seconds(pid):
    """Of a process and its descendants, those among them that have ended and were waited for."""
    total = 0.0
    for each in family(pid):
        total += cpu_seconds(each)
        try:
            stat = pathlib.Path(f"/proc/{each}/stat").read_text()
        except OSError:
            continue
        fields = stat.rpartition(")")[2].split()
        total += (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    return total


def memory_kib(pids):
    """What these processes hold of memory; what they share counts once (PSS)."""
    total = 0
    for pid in pids:
        try:
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total


def connections_to(address):
    """How many are open to a listener, whoever else has connections with its process (proc(5))."""
    local, established = f":{int(address.rpartition(':')[2]):04X}", "01"
    rows = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = (row.split(maxsplit=4) for row in rows)
    return sum(row[1].endswith(local) and row[3] == established for row in fields)


def free_address():
    with socket.socket() as each:
        each.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % each.getsockname()[1]


def wait_for_listener(address, process, log, seconds=60):
    host, port = address.split(":")
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError:
            pass
        if process.poll() == 77:
            raise Unsupported(f"{process.args[0]} does not serve this scenario")
        if process.poll() is not None:
            raise BenchError(f"{process.args[0]} ended with status {process.returncode}:\n"
                             + log.read_text())
        if time.monotonic() > deadline:
            raise BenchError(f"{process.args[0]} does not listen on {address}:\n{log.read_text()}")
        time.sleep(0.02)
