"""The proxies: their configurations, how they are started, and what makes them read them again."""

import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
from dataclasses import dataclass, field

from harness.matrix import CIPHERSUITE, ECHO, HTTP, Scenario
from harness.processes import BenchError, family, free_address, wait_for_listener

PEERS = pathlib.Path(__file__).resolve().parent.parent / "peers"
NGINX_STREAM = pathlib.Path("/usr/lib/nginx/modules/ngx_stream_module.so")


def find(program):
    # Services live where users other than root do not look.
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") or ""


def filled_in(text, values, sites=()):
    """A template: @NAME@ is a value, and what stands between lines with @EACH-SITE@ and
    @END-SITES@ comes once for each site, whose name is @SITE@."""
    def each(match):
        return "".join(match[1].replace("@SITE@", site) for site in sites)

    text = re.sub(r"[^\n]*@EACH-SITE@\n(.*?)[^\n]*@END-SITES@\n", each, text, flags=re.S)
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    return text


@dataclass
class Running:
    """A started proxy."""

    address: str
    process: subprocess.Popen
    file: pathlib.Path  # its configuration
    log: pathlib.Path
    scenario: Scenario
    values: dict
    pids: list = field(default_factory=list)

    def look_up_family(self):
        self.pids = family(self.process.pid)


@dataclass
class Proxy:
    """One that reads a file of bench/peers/NAME."""

    name: str
    suffix: str
    program: str
    arguments: tuple  # FILE and DIR stand for the configuration and a folder of its own
    version: tuple  # arguments that print the version
    protocols: tuple = ("bytes", "h1", "h2")
    one_backend: bool = False  # a process for each backend
    reload: int = 0  # the signal that makes it read its file again; 0: it cannot

    def template(self, scenario):
        return PEERS / self.name / f"{scenario.name}.{self.suffix}"

    def serves(self, scenario, protocol):
        return protocol in self.protocols and self.template(scenario).exists()

    def configuration(self, scenario):
        return self.template(scenario).read_text()

    def words(self, scenario, values, file, folder):
        return [self.program, *(word.replace("FILE", str(file)).replace("DIR", str(folder))
                                for word in self.arguments)]

    def start(self, bench, scenario, keys, host, workers=1, sites=()):
        """Returns it Running. `host` is the backend of those that have one_backend."""
        label = "-".join([self.name, scenario.name, keys, host, str(workers), str(len(sites))])
        folder = bench.folder / label
        number = 1
        while folder.exists():
            number += 1
            folder = bench.folder / f"{label}-{number}"
        folder.mkdir()
        values = self.values(bench, scenario, keys, host, workers, folder)
        file = folder / f"configuration.{self.suffix}"
        running = Running(values["LISTEN"], None, file, folder / "output", scenario, values)
        if self.suffix:
            self.write(running, sites)
        environment = dict(os.environ, **{key: str(value) for key, value in values.items()})
        with running.log.open("w") as output:
            running.process = bench.processes.start(
                self.words(scenario, values, file, folder), bench.proxy_cores(workers),
                stdout=output, stderr=output, cwd=folder, env=environment)
        wait_for_listener(running.address, running.process, running.log)
        return running

    def values(self, bench, scenario, keys, host, workers, folder):
        address = free_address()
        name = "HTTP2" if scenario.backend_http2 else {ECHO: "ECHO", HTTP: "HTTP"}[host]
        name += "_TLS" if scenario.backend_tls else ""
        if name not in bench.values:
            raise Unsupported(f"{scenario.name}: its backend is nginx, which is not installed")
        values = dict(bench.values, LISTEN=address, DIR=folder, WORKERS=workers,
                      SCENARIO=scenario.name, BACKEND=bench.values[name],
                      CIPHERSUITE=CIPHERSUITE)
        for key, suffix in {"CERT": "crt", "KEY": "key", "PEM": "pem"}.items():
            values[key] = bench.folder / f"{keys}.{suffix}"
        for key in ("LISTEN", "BACKEND", *(key for key in bench.values
                                           if key.startswith(("HTTP", "ECHO")))):
            values[key + "_PORT"] = values[key].rpartition(":")[2]
        return values

    def write(self, running, sites):
        text = filled_in(self.configuration(running.scenario), running.values, sites)
        running.file.write_text(text)
        # For those that look sites up in a map.
        names = [HTTP, *sites]
        (running.file.parent / "sites.map").write_text("".join(f"{name} http\n" for name in names))

    def reconfigure(self, running, sites):
        """Writes its file anew, with these sites, and tells it so."""
        self.write(running, sites)
        os.kill(running.process.pid, self.reload)

    def version_text(self):
        if not self.version:
            return self.program
        result = subprocess.run([self.program, *self.version], capture_output=True, text=True)
        return (result.stdout + result.stderr).strip().splitlines()[0]


class Floor(Proxy):
    """bench/floor, which is told everything on its command line."""

    def serves(self, scenario, protocol):
        return protocol != "h2"

    def configuration(self, scenario):
        return "floor " + " ".join(self.options(scenario, {}))

    def words(self, scenario, values, file, folder):
        return [self.program, *self.options(scenario, values)]

    def options(self, scenario, values):
        def value(key):
            return str(values.get(key, f"@{key}@"))

        words = ["--listen", value("LISTEN"), "--backend", value("BACKEND")]
        if not scenario.tls_ends:
            return words + ["--splice"]
        words += ["--cert", value("CERT"), "--key", value("KEY")]
        if scenario.client:
            words += ["--client-ca", value("CA")]
        if scenario.backend_tls:
            words += ["--backend-ca", value("CA"), "--backend-name", "backend.bench.test"]
        return words + (["--pool"] if scenario.http else [])


class Own(Proxy):
    """The user's: a command that finds everything in its environment and in @NAME@ words, and says
    with status 77, before it listens, that a scenario is none of its own."""

    def serves(self, scenario, protocol):
        return True

    def configuration(self, scenario):
        return self.program

    def words(self, scenario, values, file, folder):
        return shlex.split(filled_in(self.program, values))


def known_proxies(sallyport, build):
    known = [
        Proxy("sallyport", "yaml", str(sallyport), ("run", "-c", "FILE"), ("version",),
              reload=signal.SIGHUP),
        Proxy("nginx", "conf", find("nginx"), ("-p", "DIR", "-e", "stderr", "-c", "FILE"), ("-v",),
              reload=signal.SIGHUP),
        Proxy("haproxy", "cfg", find("haproxy"), ("-W", "-db", "-f", "FILE"), ("-v",),
              reload=signal.SIGUSR2),
        Proxy("hitch", "conf", find("hitch"), ("--config=FILE",), ("--version",), one_backend=True),
        Proxy("nghttpx", "conf", find("nghttpx"), ("--conf=FILE",), ("--version",),
              protocols=("h2",)),
        Floor("floor", "", str(build / "bench" / "floor"), (), (), one_backend=True),
    ]
    return {proxy.name: proxy for proxy in known}


def own_proxy(text):
    name, equals, command = text.partition("=")
    if not equals or not name or not command:
        raise BenchError(f"--proxy {text}: must be NAME=COMMAND")
    return Own(name, "", command, (), (), one_backend=True)


def missing_packages(proxies):
    missing = []
    if "nginx" in proxies and not (proxies["nginx"].program and NGINX_STREAM.exists()):
        missing += ["nginx", "libnginx-mod-stream"]
    for name, package in {"haproxy": "haproxy", "hitch": "hitch", "nghttpx": "nghttp2-proxy"}.items():
        if name in proxies and not proxies[name].program:
            missing.append(package)
    return missing + ([] if find("openssl") else ["openssl"])
