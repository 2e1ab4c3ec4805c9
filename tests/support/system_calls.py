"""What a process asks of the kernel, counted by strace."""

import re
import shutil
import signal

from .scenario import Skip

_ROW = re.compile(r"^\s*(\d+)\s+(\w+)$", re.M)


class SystemCalls:
    """Counts from construction on, over all threads; stop() gives {name: count}."""

    def __init__(self, t, process, name):
        if not shutil.which("strace"):
            raise Skip("strace is not installed")
        self._report = t.folder / f"strace-{name}"
        self._strace = t.process(["strace", "-f", "-c", "-U", "calls,name",
                                  "-o", self._report, "-p", process.pid], name=f"strace-{name}")
        try:
            self._strace.wait_for_output("attached")
        except AssertionError:
            if "not permitted" in self._strace.output:
                raise Skip(f"strace may not attach here: {self._strace.output}") from None
            raise

    def stop(self):
        self._strace.signal(signal.SIGINT)
        self._strace.wait()
        text = self._report.read_text()
        return {name: int(count) for count, name in _ROW.findall(text) if name != "total"}
