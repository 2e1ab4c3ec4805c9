"""How a scenario file runs: alone, in a folder of its own, with an exit status that says it all.

    def test(t): …
    if __name__ == "__main__":
        main(test)

0 is passed, 1 failed, 77 skipped with a printed reason.
"""

import argparse
import contextlib
import os
import pathlib
import resource
import shutil
import signal
import sys
import tempfile
import traceback

from . import backends
from .channel import connect, connect_tls, server_context
from .pki import CACHE_VARIABLE, Authority
from .ports import Reservation
from .process import Process
from .sallyport import Sallyport

SCENARIOS = ("offload", "passthrough", "reencrypt")
SKIPPED = 77


class Skip(Exception):
    """Raised with the reason why a scenario cannot be run on this machine."""


class Test:
    """What a scenario works with. Everything made through it is undone when the scenario ends."""

    def __init__(self, program, folder, undo):
        self.program = program
        self.folder = folder
        self._undo = undo
        self.pki_folder = pathlib.Path(os.environ.get(CACHE_VARIABLE) or folder / "pki")
        self.authority = Authority(self.pki_folder)

    def other_authority(self, name="Other CA"):
        """A CA that nobody trusts unless told to."""
        return Authority(self.pki_folder, name)

    def port(self):
        """A port for a listener of the proxy."""
        return self.keep(Reservation()).port

    def keep(self, thing):
        """Closes `thing` when the scenario ends."""
        self._undo.callback(thing.close)
        return thing

    def sallyport(self, body, **options):
        return self.keep(Sallyport(self.program, self.folder, body, **options))

    def backend(self, handler=backends.echo, **options):
        return self.keep(backends.Backend(handler, **options))

    def backend_process(self, handler, **options):
        return self.keep(backends.BackendProcess(handler, **options))

    def process(self, arguments, **options):
        process = Process(arguments, self.folder, **options)
        self._undo.callback(process.kill)
        return process

    def connect(self, port, name=None, **options):
        """A client's channel: TLS when it asks for a name, else plain."""
        if name is None:
            return self.keep(connect(port, **options))
        return self.keep(connect_tls(port, name, self.authority, **options))

    @property
    def sanitizer(self):
        """The sanitizer that the program was built with, or None: it needs memory and time."""
        symbols = self.program.read_bytes()
        return next((n for n in ("asan", "tsan") if f"__{n}_init".encode() in symbols), None)

    def three_sites(self, plain, tls, service_keys="", site_keys=""):
        """Sites and services for each scenario, under its name and .test.

        `plain` and `tls` are the addresses of backends; the TLS one must be backend.test. Clients
        see the certificate of "site" where TLS ends at the proxy, else the backend's.
        """
        hosts = [f"{s}.test" for s in SCENARIOS]
        site = self.authority.issue("site", dns=hosts)
        return f"""
secrets:
  - {{name: site, directory: {site}}}
  - {{name: authority, ca.crt: {self.authority.file}}}
sites:
  - {{host: offload.test, scenario: offload, secret: site, service: plain{site_keys}}}
  - {{host: passthrough.test, scenario: passthrough, service: encrypted}}
  - {{host: reencrypt.test, scenario: reencrypt, secret: site, service: again{site_keys}}}
services:
  - {{name: plain, endpoints: ["{plain}"]{service_keys}}}
  - {{name: encrypted, endpoints: ["{tls}"]{service_keys}}}
  - {{name: again, endpoints: ["{tls}"],
     tls: {{name: backend.test, secret: authority}}{service_keys}}}
"""

    def backend_tls(self, **options):
        """The server context that goes with three_sites."""
        secret = self.authority.issue("backend.test", dns=("backend.test", "passthrough.test"))
        return server_context(secret, **options)


def tls_listener(port, keys=""):
    return f'listeners:\n  - {{name: tls, address: "127.0.0.1:{port}", protocol: tls{keys}}}\n'


def tcp_line(port, service, name="tcp"):
    """One more listener, to follow tls_listener."""
    return (f'  - {{name: {name}, address: "127.0.0.1:{port}", protocol: tcp, '
            f"service: {service}}}\n")


def main(test):
    arguments = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__,
                                        formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sallyport", default="build/release/sallyport", type=pathlib.Path,
                           help="the program to test")
    arguments.add_argument("--keep", action="store_true", help="leave the temporary folder behind")
    chosen = arguments.parse_args()
    program = chosen.sallyport.resolve()
    if not program.exists():
        sys.exit(f"{program} is not there: build it first")

    _allow_many_descriptors()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that nothing is left behind
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sallyport-test-"))
    status = 0
    try:
        with contextlib.ExitStack() as undo:
            try:
                test(Test(program, folder, undo))
            except Skip:
                raise
            except (Exception, KeyboardInterrupt):
                traceback.print_exc()  # before the clearing up, which a failure may have spoilt
                sys.stderr.flush()
                raise
    except Skip as reason:
        print(f"skipped: {reason}")
        status = SKIPPED
    except (Exception, KeyboardInterrupt):  # the latter from the runner, when time is up
        traceback.print_exc()
        _show_logs(folder)
        status = 1
    finally:
        if chosen.keep:
            print(f"left behind: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # threads of backends may still wait for a peer


def _allow_many_descriptors():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _show_logs(folder):
    for log in sorted(folder.rglob("*.out")) + sorted(folder.rglob("access.log")):
        lines = log.read_text(errors="replace").splitlines()
        print(f"--- {log.relative_to(folder)}", *lines[-40:], sep="\n", file=sys.stderr)
