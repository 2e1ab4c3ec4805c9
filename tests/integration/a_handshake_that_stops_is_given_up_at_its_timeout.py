"""A client that sends its hello and then nothing, and a backend that accepts and never answers
the proxy's hello: each handshake has its deadline, and the end says which of the two it was."""

import sys

sys.path.append(sys.path[0] + "/..")
import time

from support import backends, hello, names
from support.channel import Cut
from support.scenario import main, tls_listener


def test(t):
    mute = t.backend(backends.silent)
    port = t.port()
    proxy = t.sallyport(tls_listener(port) + t.three_sites(mute.address, mute.address),
                        settings="limits: {handshake_timeout: 1s}\n")

    channel = t.connect(port)
    began = time.monotonic()
    channel.send(hello.of("offload.test"))
    try:
        while channel.recv():
            pass
    except Cut:
        pass
    assert 0.9 < time.monotonic() - began < 5
    line = proxy.access_line(reason="client_handshake_timeout")
    assert line["scenario"] == "offload" and line["by"] == "client", line

    channel = t.connect(port, "reencrypt.test")
    try:
        raise AssertionError(f"a clean end: {channel.recv()!r}")
    except Cut:
        pass
    line = proxy.access_line(reason="backend_handshake_timeout")
    assert line["scenario"] == "reencrypt" and line["by"] == "backend", line
    assert proxy.metrics().sum(names.LIMITS, limit="handshake_timeout") == 2


if __name__ == "__main__":
    main(test)
