"""Clients resume their sessions too, in TLS 1.2 and 1.3. A session of a site that asks for
nothing must not open one that demands a client certificate: there the handshake starts from the
beginning."""

import sys

sys.path.append(sys.path[0] + "/..")
import ssl

from support import names
from support.channel import Cut, client_context
from support.scenario import main, tls_listener


def test(t):
    backend = t.backend()
    port = t.port()
    secret = t.authority.issue("site", dns=("open.test", "strict.test"))
    proxy = t.sallyport(tls_listener(port) + f"""
secrets:
  - {{name: site, directory: {secret}}}
sites:
  - {{host: open.test, scenario: offload, secret: site, service: plain}}
  - {{host: strict.test, scenario: offload, secret: site, service: plain,
     client_auth: {{verify: required, secret: site}}}}
services:
  - {{name: plain, endpoints: ["{backend.address}"]}}
""", workers=2)
    for version in ("1.2", "1.3"):
        context = client_context(t.authority, version=version)
        session = None
        for i in range(4):
            channel = t.connect(port, "open.test", context=context, session=session)
            channel.send(b"hi")
            assert channel.recv_exactly(2) == b"hi"
            assert channel.tls.session_reused == (i > 0), (version, i)
            session = channel.tls.session
            channel.close()
        try:
            channel = t.connect(port, "strict.test", context=context, session=session)
            channel.send(b"hi")
            raise AssertionError(f"{version}: let in: {channel.recv()!r}")
        except (Cut, ssl.SSLError):
            pass
        proxy.wait_idle()
        strict = proxy.access_lines(site="strict.test")
        assert [line["reason"] for line in strict] == \
            ["client_certificate_missing"] * (1 if version == "1.2" else 2), strict
    assert proxy.metrics().sum(names.HANDSHAKES, side="client", resumed="true") == 6


if __name__ == "__main__":
    main(test)
