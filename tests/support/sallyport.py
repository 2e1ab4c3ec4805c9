"""The proxy as a process: started, reloaded, watched and stopped as an operator would."""

import http.client
import json
import pathlib
import re
import signal

from . import names
from .ports import free_port
from .process import Process
from .waiting import eventually

_SAMPLE = re.compile(r"^([a-z_:]+)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

_START_ATTEMPTS = 5
_TAKEN = "Address already in use"


class Ended(Exception):
    """The proxy is gone before it was ready."""


class Sallyport:
    """Runs `body` (listeners, sites, services, …) with HTTP addresses and a log of its own.

    `settings` are further top-level lines. `watch` is off, so that a test says when a change of
    the file counts.
    """

    def __init__(self, program, folder, body, name="sallyport", workers=1, settings="",
                 **options):
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir()
        self.file = self.folder / "sallyport.yaml"
        self.access_log = self.folder / "access.log"
        self._lines_moved = 0
        self._settings = (f"workers: {workers}\n"
                          f"access_log: {{path: {self.access_log}}}\n")
        if "watch:" not in settings:
            self._settings += "watch: false\n"
        if "drain:" not in settings:
            self._settings += "drain: {delay: 0s, timeout: 5s}\n"
        self._settings += settings.rstrip("\n") + "\n" if settings else ""
        self._start(program, body, options)

    def _start(self, program, body, options):
        """The two HTTP addresses take no partner on their port, so that a port found free may be
        taken by somebody else before they are there: then it is tried again with others."""
        for attempt in range(1, _START_ATTEMPTS + 1):
            self.metrics_port, self.admin_port = free_port(), free_port()
            self.write(body)
            self.process = Process([program, "run", "-c", self.file], self.folder, self.folder.name,
                                   **options)
            try:
                return self.wait_ready()
            except Ended:
                if attempt == _START_ATTEMPTS or _TAKEN not in self.process.output:
                    raise
            self.process.log.unlink()

    # Configuration

    def text(self, body):
        """The whole configuration file for a body."""
        return (f'metrics: {{address: "127.0.0.1:{self.metrics_port}"}}\n'
                f'admin: {{address: "127.0.0.1:{self.admin_port}"}}\n' + self._settings + body)

    def write(self, body):
        self.file.write_text(self.text(body))

    def reload(self, body, within=15.0):
        """Writes the file, sends SIGHUP and waits for the verdict: "applied" or "refused"."""
        self.write(body)
        return self.hang_up(within)

    def hang_up(self, within=15.0):
        before = self._reloads()
        self.process.signal(signal.SIGHUP)
        after = eventually("SIGHUP is acted on",
                           lambda: (now := self._reloads()) != before and now, within)
        return "applied" if after["applied"] > before["applied"] else "refused"

    def _reloads(self):
        metrics = self.metrics()
        return {r: metrics.sum(names.RELOADS, result=r) for r in ("applied", "refused")}

    # HTTP addresses

    def get(self, path, port=None, host=None):
        """(status, body) of a GET at the metrics address, or at `port`."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.metrics_port, timeout=10)
        try:
            connection.request("GET", path, headers={"Host": host} if host else {})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def admin(self, path):
        """The JSON of a path at the admin address."""
        status, body = self.get(path, self.admin_port)
        assert status == 200, (status, body)
        return json.loads(body)

    def metrics(self):
        status, body = self.get(names.METRICS)
        assert status == 200, (status, body)
        return Metrics(body)

    def is_ready(self):
        try:
            return self.get(names.READYZ)[0] == 200
        except OSError:
            return False

    def wait_ready(self, within=15.0):
        def ready():
            if not self.process.alive:
                raise Ended(f"it ended with {self.process.status}:\n{self.process.output}")
            return self.is_ready()
        eventually("the proxy is ready", ready, within)

    def wait_idle(self, within=15.0):
        """Until no connection is open, and each that there was has its access line."""
        eventually("all connections have ended",
                   lambda: self.metrics().sum(names.OPEN) == 0, within)
        ended = self.metrics().sum(names.ENDED)
        eventually(f"{ended:g} access lines are written",
                   lambda: len(self.access_lines()) + self._lines_moved >= ended, within)

    # Access log

    def access_lines(self, **fields):
        """The lines so far whose fields have these values."""
        if not self.access_log.exists():
            return []
        # The last line may be in the middle of being written.
        complete = self.access_log.read_text().rpartition("\n")[0]
        lines = [json.loads(line) for line in complete.splitlines()]
        return [line for line in lines if all(line.get(k) == v for k, v in fields.items())]

    def access_line(self, within=10.0, **fields):
        """The first line with these values, once it is there."""
        def found():
            lines = self.access_lines(**fields)
            assert lines, f"the log has {self.access_lines()[-3:]}"
            return lines[0]
        return eventually(f"an access line with {fields}", found, within)

    def rotate_access_log(self):
        """As logrotate does: moves the file away and sends SIGHUP. The lines that were moved."""
        moved = self.access_log.with_name("access.log.1")
        self.access_log.rename(moved)
        self.hang_up()
        lines = moved.read_text().splitlines()
        self._lines_moved += len(lines)
        return lines

    # Ending

    def stop(self, within=20.0):
        """SIGTERM; a failure unless it ends with 0."""
        status = self.process.stop(within)
        assert status == 0, f"{self.process.name} ended with {status}:\n{self.process.output}"

    def close(self):
        """At the end of a test: it must still be there, unless the test itself ended it."""
        try:
            if self.process.alive:
                self.stop()
            else:
                assert self.process.status in (0, -signal.SIGKILL), \
                    f"it had ended with {self.process.status}:\n{self.process.output}"
        finally:
            self.process.kill()


class Metrics:
    """Prometheus text, parsed."""

    def __init__(self, text):
        self.samples = []
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, labels, value = _SAMPLE.match(line).groups()
                self.samples.append((name, dict(_LABEL.findall(labels or "")), float(value)))

    def sum(self, name, **labels):
        """Over all samples of that name with these labels."""
        return sum(value for n, l, value in self.samples
                   if n == name and all(l.get(k) == v for k, v in labels.items()))
