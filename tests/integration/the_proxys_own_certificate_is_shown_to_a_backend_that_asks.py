"""A backend that demands a client certificate: the service's secret has tls.crt and tls.key, and
the backend learns who the proxy is. Without them in the secret, the backend refuses, and the
client's connection is cut."""

import sys

sys.path.append(sys.path[0] + "/..")
import ssl

from support import names
from support.channel import Cut
from support.scenario import main, tls_listener


def test(t):
    ours = t.authority.issue("sallyport", dns=("sallyport.internal",), client=True)
    for version in ("1.2", "1.3"):
        backend = t.backend(tls=t.backend_tls(client_authority=t.authority, version=version))
        port = t.port()
        proxy = t.sallyport(tls_listener(port) + f"""
secrets:
  - {{name: site, directory: {t.authority.issue("site", dns=("with.test", "without.test"))}}}
  - {{name: ours, directory: {ours}}}
  - {{name: authority, ca.crt: {t.authority.file}}}
sites:
  - {{host: with.test, scenario: reencrypt, secret: site, service: with}}
  - {{host: without.test, scenario: reencrypt, secret: site, service: without}}
services:
  - {{name: with, endpoints: ["{backend.address}"], tls: {{name: backend.test, secret: ours}}}}
  - {{name: without, endpoints: ["{backend.address}"],
     tls: {{name: backend.test, secret: authority}}}}
""", name=f"tls-{version}")
        for _ in range(3):  # resumed sessions included
            channel = t.connect(port, "with.test")
            channel.send(b"it is us")
            assert channel.recv_exactly(8) == b"it is us"
            channel.close()
            assert backend.seen[-1].client_name == "sallyport", backend.seen[-1].client_name
        channel = t.connect(port, "without.test")
        try:
            channel.send(b"nobody")
            raise AssertionError(f"a clean end: {channel.recv()!r}")
        except (Cut, ssl.SSLError):
            pass
        line = proxy.access_line(site="without.test")
        assert line["by"] == "backend", line
        assert proxy.metrics().sum(names.HANDSHAKES, side="backend") >= 3


if __name__ == "__main__":
    main(test)
