"""The proxy for programs that cannot be told where a name is: each way has an https listener of its
own, and the site `localhost` there. The backends are the fast ones of bench/."""

import pathlib

from .scenario import Skip

WAYS = ("offload", "reencrypt")


def bench_program(t, name):
    """bench/NAME as it was built beside the program under test."""
    program = t.program.parent / "bench" / name
    if not program.exists():
        raise Skip(f"{program.relative_to(t.program.parent)} was not built beside the program")
    return program


class BenchBackend:
    """bench/backend as an HTTP server: /1k answers with 1 KiB. Names differ within a scenario."""

    def __init__(self, t, name, tls=False):
        arguments = [bench_program(t, "backend"), "http"]
        if tls:
            secret = t.authority.issue("backend.test", dns=("backend.test", "passthrough.test"))
            arguments += ["--cert", secret / "tls.crt", "--key", secret / "tls.key"]
        self.process = t.process(arguments, name=name)
        self.process.wait_for_output("listening ")
        self.address = self.process.output.split("listening ")[1].split()[0]


class LocalFront:
    """`plain` and `tls` are addresses of backends, several in lists; `site_keys` go to both sites."""

    def __init__(self, t, plain, tls, settings="", site_keys="", **options):
        self.ports = {way: t.port() for way in WAYS}
        self.authority: pathlib.Path = t.authority.file
        secret = t.authority.issue("localhost", dns=("localhost",), ip=("127.0.0.1",))
        self.proxy = t.sallyport(f"""listeners:
  - {{name: offload, address: "127.0.0.1:{self.ports['offload']}", protocol: https}}
  - {{name: reencrypt, address: "127.0.0.1:{self.ports['reencrypt']}", protocol: https}}
secrets:
  - {{name: site, directory: {secret}}}
  - {{name: authority, ca.crt: {t.authority.file}}}
sites:
  - {{host: localhost, listeners: [offload], scenario: offload, secret: site, service: plain{site_keys}}}
  - {{host: localhost, listeners: [reencrypt], scenario: reencrypt, secret: site, service: again{site_keys}}}
services:
  - {{name: plain, endpoints: [{_listed(plain)}]}}
  - {{name: again, endpoints: [{_listed(tls)}], tls: {{name: backend.test, secret: authority}}}}
""", settings=settings, **options)

    def url(self, way, path="/"):
        return f"https://localhost:{self.ports[way]}{path}"


def bench_front(t, name="sallyport", **options):
    """A LocalFront before two backends of bench/."""
    plain = BenchBackend(t, name=f"{name}-plain-backend")
    tls = BenchBackend(t, tls=True, name=f"{name}-tls-backend")
    return LocalFront(t, plain.address, tls.address, name=name, **options)


def _listed(addresses):
    addresses = [addresses] if isinstance(addresses, str) else addresses
    return ", ".join(f'"{a}"' for a in addresses)
