"""Real processes: started with their output in a file, and never left behind."""

import os
import pathlib
import signal
import subprocess
import sys

from .waiting import eventually

CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}


class Process:
    """Runs a program; `output` is what it wrote, both streams. It stays in our process group, which
    the runner kills as a whole if it must."""

    def __init__(self, arguments, folder, name=None, **options):
        self.name = name or pathlib.Path(arguments[0]).name
        self.log = pathlib.Path(folder) / f"{self.name}.out"
        with open(self.log, "ab") as out:
            self._popen = subprocess.Popen(
                [str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, **options)
        self.pid = self._popen.pid

    @property
    def output(self):
        return self.log.read_text(errors="replace")

    @property
    def alive(self):
        return self._popen.poll() is None

    @property
    def status(self):
        """The exit status, negative for a signal; None while it runs."""
        return self._popen.poll()

    def signal(self, number):
        self._popen.send_signal(number)

    def kill(self):
        if self.alive:
            self._popen.kill()
        if -self._popen.wait() in CRASHES:
            print(f"crashed: {self.name}: {signal.Signals(-self.status).name}", file=sys.stderr)

    def wait(self, within=15.0):
        try:
            return self._popen.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {within:g} s:\n{self.output}")

    def stop(self, within=15.0):
        """SIGTERM, and the exit status; SIGKILL and a failure when it does not end in time."""
        if self.alive:
            self.signal(signal.SIGTERM)
        try:
            return self.wait(within)
        finally:
            self.kill()

    def wait_for_output(self, text, within=15.0):
        def printed():
            if text in self.output:
                return True
            assert self.alive, f"{self.name} ended:\n{self.output}"
            return False
        eventually(f"{self.name} prints {text!r}", printed, within)

    def resident_bytes_max(self):
        return _status_kib(self.pid, "VmHWM") * 1024

    def resident_bytes(self):
        return _status_kib(self.pid, "VmRSS") * 1024

    def cpu_seconds(self):
        """Of all its threads, so far."""
        stat = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def core_wait_seconds(self):
        """In which its threads could have run and had no core: what others do to it."""
        tasks = pathlib.Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[1]) for task in tasks) / 1e9

    def descriptors(self):
        return len(list(pathlib.Path(f"/proc/{self.pid}/fd").iterdir()))


def _status_kib(pid, key):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    raise LookupError(key)


def run(arguments, within=30.0, input="", env=None):
    """Runs to the end; the CompletedProcess has text output and is not checked."""
    return subprocess.run([str(a) for a in arguments], input=input, env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace", timeout=within)
