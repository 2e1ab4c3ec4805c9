"""Where a run takes place: its folder, cores, keys, backends and proxies."""

import os
import pathlib
import subprocess
import urllib.request

from harness.keys import make_keys
from harness.matrix import CIPHERSUITE, HTTP, OFFLOAD
from harness.processes import BenchError, Processes, Unsupported, free_address, wait_for_listener
from harness.proxies import NGINX_STREAM, filled_in, find, missing_packages

HTTP2_BACKEND = pathlib.Path(__file__).resolve().parent.parent / "backend" / "http2.conf"


class Stage:
    def __init__(self, options, proxies, folder):
        self.options, self.proxies = options, proxies
        self.folder = pathlib.Path(folder)
        self.build = options.build
        self.cores = options.cores or sorted(os.sched_getaffinity(0))
        self.processes = Processes()
        self.values = {}
        self.failures = []  # what is missing in the tables, and why
        self.check()

    def check(self):
        if missing := missing_packages(self.proxies):
            raise BenchError("missing; install with: apt-get install " + " ".join(missing))
        programs = [self.build / "bench" / name for name in ("load", "backend")]
        programs += [pathlib.Path(self.proxies[name].program) for name in ("sallyport", "floor")
                     if name in self.proxies]
        for program in programs:
            if not os.access(program, os.X_OK):
                raise BenchError(f"{program} is not there: build it (cmake --build {self.build}), "
                                 "or name another place with --build and --sallyport")
        if len(self.cores) < 2:
            raise BenchError("needs two cores: one for the proxy, one for load and backends")

    def proxy_cores(self, workers=1):
        return set(self.cores[:workers])

    def load_cores(self, workers=1):
        """Those that the proxy leaves; where it leaves none, the last, which it must share."""
        return set(self.cores[workers:] or self.cores[-1:])

    def prepare(self):
        make_keys(self.folder)
        self.values = {name: self.start_backend(mode, tls)
                       for name, mode, tls in (("ECHO", "echo", False), ("HTTP", "http", False),
                                               ("ECHO_TLS", "echo", True), ("HTTP_TLS", "http", True))}
        self.values |= self.start_http2_backends()
        self.values["CA"] = self.folder / "ca.crt"
        self.values["NGINX_MODULES"] = f"load_module {NGINX_STREAM};"

    def start_backend(self, mode, tls):
        command = [self.build / "bench" / "backend", mode]
        if tls:
            command += ["--cert", self.folder / "p256.crt", "--key", self.folder / "p256.key",
                        "--ciphersuites", CIPHERSUITE]
        process = self.processes.start(command, self.load_cores(), stdout=subprocess.PIPE, text=True)
        line = process.stdout.readline().split()
        if len(line) != 2 or line[0] != "listening":
            raise BenchError(f"{command[0]} {mode} did not start")
        return line[1]

    def start_http2_backends(self):
        """nginx, which serves over HTTP/2 what the HTTP backend says to /1k; none without nginx."""
        if not find("nginx"):
            return {}
        files = self.folder / "http2"
        files.mkdir()
        with urllib.request.urlopen(f"http://{self.values['HTTP']}/1k", timeout=10) as response:
            (files / "1k").write_bytes(response.read())
        values = {"HTTP2": free_address(), "HTTP2_TLS": free_address()}
        file, log = files / "nginx.conf", files / "output"
        file.write_text(filled_in(HTTP2_BACKEND.read_text(), {
            **values, "DIR": files, "CERT": self.folder / "p256.crt",
            "KEY": self.folder / "p256.key", "CIPHERSUITE": CIPHERSUITE}))
        with log.open("w") as output:
            process = self.processes.start([find("nginx"), "-e", "stderr", "-p", files, "-c", file],
                                           self.load_cores(), stdout=output, stderr=output)
        for address in values.values():
            wait_for_listener(address, process, log)
        return values

    def start(self, name, scenario=OFFLOAD, keys="p256", host=HTTP, **more):
        """A proxy; None if it does not serve this scenario."""
        try:
            return self.proxies[name].start(self, scenario, keys, host, **more)
        except Unsupported:
            return None

    def stop(self, running):
        self.processes.stop(running.process)

    def attempt(self, what, measure, *arguments):
        """What it measures; None, and a line among the failures, if it went wrong: what others
        measure is good. Nothing that it has started goes on then."""
        before = list(self.processes.running)
        try:
            return measure(self, *arguments)
        except BenchError as error:
            self.failures.append(f"{what}: {error}")
            print(f"FAILED {what}: {error}", flush=True)
            for process in [p for p in self.processes.running if p not in before]:
                self.processes.stop(process)
            return None

    def http_proxies(self):
        """Those that speak HTTP/1.1 and can be compared beyond the cost table."""
        return [name for name, proxy in self.proxies.items()
                if name != "floor" and proxy.serves(OFFLOAD, "h1")]
