"""Bytes without a name: a `tcp` listener hands everything to its service, as it is, or under TLS
of the proxy's own when the service has `tls`. A backend that speaks first is heard at once."""

import sys

sys.path.append(sys.path[0] + "/..")
from support import backends, names
from support.scenario import main


def test(t):
    plain = t.backend(backends.named("speaks first"))
    tls = t.backend(backends.named("under TLS"), tls=t.backend_tls())
    bare, wrapped = t.port(), t.port()
    proxy = t.sallyport(f"""
listeners:
  - {{name: bare, address: "127.0.0.1:{bare}", protocol: tcp, service: plain}}
  - {{name: wrapped, address: "127.0.0.1:{wrapped}", protocol: tcp, service: wrapped}}
secrets:
  - {{name: authority, ca.crt: {t.authority.file}}}
services:
  - {{name: plain, endpoints: ["{plain.address}"]}}
  - {{name: wrapped, endpoints: ["{tls.address}"], tls: {{name: backend.test, secret: authority}}}}
""")
    for port, greeting in ((bare, b"speaks first\n"), (wrapped, b"under TLS\n")):
        channel = t.connect(port)
        assert channel.recv_exactly(len(greeting)) == greeting
        channel.send(b"and echoes" * 10_000)
        channel.end()
        assert channel.recv_to_end() == b"and echoes" * 10_000
    line = proxy.access_line(listener="wrapped")
    assert line["reason"] == "closed" and line["bytes_from_client"] == 100_000, line
    assert "scenario" not in line and "sni" not in line, line
    assert proxy.metrics().sum(names.BYTES, scenario="none") == 400_000 + 13 + 10


if __name__ == "__main__":
    main(test)
