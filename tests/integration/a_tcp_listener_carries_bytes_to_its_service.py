"""Bytes without a name: a `tcp` listener hands everything to its service as it is. A backend that
speaks first is heard at once, and the client's first byte need not be TLS."""

import sys

sys.path.append(sys.path[0] + "/..")
from support import backends, names
from support.scenario import main, tcp_line


def test(t):
    backend = t.backend(backends.named("speaks first"))
    port = t.port()
    proxy = t.sallyport("listeners:\n" + tcp_line(port, "plain") + f"""\
services:
  - {{name: plain, endpoints: ["{backend.address}"]}}
""")
    channel = t.connect(port)
    assert channel.recv_exactly(13) == b"speaks first\n"
    channel.send(b"and echoes" * 10_000)
    channel.end()
    assert channel.recv_to_end() == b"and echoes" * 10_000
    line = proxy.access_line(listener="tcp")
    assert line["reason"] == "closed" and line["by"] == "client", line
    assert line["bytes_from_client"] == 100_000 and line["bytes_from_backend"] == 100_013, line
    assert "scenario" not in line and "sni" not in line, line
    assert proxy.metrics().sum(names.BYTES, scenario="none") == 200_013


if __name__ == "__main__":
    main(test)
