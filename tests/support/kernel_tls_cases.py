"""Bulk both ways through one site for each scenario, version of TLS and word of `kernel_tls`,
counted and summed at both ends, and what the metrics must say of who encrypted it."""

import ssl

from . import names
from .bulk import BulkBackend, BulkClient
from .channel import server_context
from .scenario import tls_listener

VERSIONS = ("1.2", "1.3")
SUITES = {"AES_128_GCM_SHA256": "AES128-GCM-SHA256", "AES_256_GCM_SHA384": "AES256-GCM-SHA384",
          "CHACHA20_POLY1305_SHA256": "CHACHA20-POLY1305"}


def carry_in_all_cases(t, size, has_module, suites=("AES_128_GCM_SHA256",)):
    """`has_module`: this kernel has TLS."""
    cases = [Case(t, size, has_module, scenario, version, word, suite)
             for scenario in ("offload", "reencrypt")
             for version in VERSIONS for word in ("on", "off") for suite in suites]
    cases += [Case(t, size, has_module, "passthrough", version, "none", suites[0])
              for version in VERSIONS]
    secret = t.authority.issue("site", dns=[c.host for c in cases])
    port = t.port()
    proxy = t.sallyport(tls_listener(port) + f"""
secrets:
  - {{name: site, directory: {secret}}}
  - {{name: authority, ca.crt: {t.authority.file}}}
sites:
{"".join(c.site() for c in cases)}
services:
{"".join(c.service() for c in cases)}""", name="bulk")
    for case in cases:
        case.run(t, proxy, port)


def expected(version, has_module):
    """What the kernel does of a connection that is to be its own, and why it does not do more."""
    if not has_module:
        return {"kernel": "none", "reason": "no_module"}
    # Of TLS 1.3 OpenSSL hands keys for receiving over since 3.2.
    if version == "1.3" and ssl.OPENSSL_VERSION_INFO < (3, 2):
        return {"kernel": "send", "reason": "version"}
    return {"kernel": "both", "reason": ""}


class Case:
    """One connection with bulk both ways, and the site and service it goes by."""

    def __init__(self, t, size, has_module, scenario, version, word, suite):
        self.size, self.has_module = size, has_module
        self.scenario, self.version, self.word, self.suite = scenario, version, word, suite
        self.name = f"{scenario}-{version}-{word}-{suite}".lower().replace(".", "").replace("_", "")
        self.host = f"{self.name}.test"
        tls = None
        if scenario != "offload":
            secret = t.authority.issue("backend", dns=("backend.test", self.host))
            tls = server_context(secret, version=version)
        self.backend = t.keep(BulkBackend(size, first=scenario == "reencrypt", tls=tls))

    def __str__(self):
        return f"{self.scenario}, TLS {self.version}, kernel_tls: {self.word}, {self.suite}"

    def handshake(self):
        if self.version == "1.3":
            return f"ciphers: [TLS_{self.suite}]"
        name = SUITES[self.suite]
        return f"ciphers: [ECDHE-ECDSA-{name}, ECDHE-RSA-{name}]"

    def site(self):
        if self.scenario == "passthrough":
            return f"  - {{host: {self.host}, scenario: passthrough, service: {self.name}}}\n"
        return (f"  - {{host: {self.host}, scenario: {self.scenario}, secret: site, "
                f'service: {self.name},\n     kernel_tls: "{self.word}", {self.handshake()}}}\n')

    def service(self):
        tls = "" if self.scenario != "reencrypt" else (
            f',\n     tls: {{name: backend.test, secret: authority, min_tls: "{self.version}", '
            f'max_tls: "{self.version}",\n       kernel_tls: "{self.word}", {self.handshake()}}}')
        return f'  - {{name: {self.name}, endpoints: ["{self.backend.address}"]{tls}}}\n'

    def run(self, t, proxy, port):
        before = proxy.metrics()
        client = t.keep(BulkClient(port, self.host, t.authority, self.size,
                                   first=self.scenario != "reencrypt", version=self.version))
        ours, theirs = client.result(300), self.backend.result(60)
        for end in (ours, theirs):
            assert not end.error, f"{self}: {end.error}"
        for sent, received in ((ours, theirs), (theirs, ours)):
            assert sent.sent == self.size == received.received, (
                f"{self}: {sent.sent} bytes became {received.received}")
            assert sent.sent_sum == received.received_sum, f"{self}: other bytes than were sent"
        proxy.wait_idle()
        after = proxy.metrics()

        def grown(name, **labels):
            return after.sum(name, **labels) - before.sum(name, **labels)
        assert grown(names.ENDED, reason="closed") == 1, str(self)
        self.check_kernel(grown)

    def check_kernel(self, grown):
        legs = {"offload": ("client",), "reencrypt": ("client", "backend")}.get(self.scenario, ())
        labels = expected(self.version, self.has_module)
        for side in ("client", "backend"):
            wanted = int(self.word == "on" and side in legs)
            assert grown(names.KERNEL_TLS, side=side) == wanted, f"{self}: {side}"
            assert grown(names.KERNEL_TLS, side=side, **labels) == wanted, f"{self}: {side}"
        # What has TLS on one side goes one way with sending alone, and with both all ways.
        ways = {"send": {"offload": 1}, "both": {"offload": 2, "reencrypt": 2}}
        spliced = ways.get(labels["kernel"], {}) if self.word == "on" else {}
        ways = 2 if self.scenario == "passthrough" else spliced.get(self.scenario, 0)
        # A quarter is the least: before it is bulk, and where a reader is faster, it is copied.
        count = grown(names.SPLICED)
        assert (count > ways * self.size // 4) == (ways > 0), f"{self}: {count} bytes spliced"
