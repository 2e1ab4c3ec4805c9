"""`idle_timeout` is for connections over which nothing goes; one byte in either direction counts
as life, so that a connection lives on far beyond it as long as somebody says something."""

import sys

sys.path.append(sys.path[0] + "/..")
import time

from support import names
from support.channel import Cut
from support.scenario import SCENARIOS, main, tls_listener


def test(t):
    plain, tls = t.backend(), t.backend(tls=t.backend_tls())
    port = t.port()
    proxy = t.sallyport(tls_listener(port) + t.three_sites(plain.address, tls.address),
                        settings="limits: {idle_timeout: 1s}\n")
    busy = [t.connect(port, f"{s}.test") for s in SCENARIOS]
    idle = [t.connect(port, f"{s}.test") for s in SCENARIOS]
    until = time.monotonic() + 3
    while time.monotonic() < until:
        for channel in busy:
            channel.send(b".")
            assert channel.recv_exactly(1) == b"."
        time.sleep(0.1)
    for scenario, channel in zip(SCENARIOS, idle):
        try:
            raise AssertionError(f"{scenario}: a clean end: {channel.recv()!r}")
        except Cut:
            pass
        line = proxy.access_line(scenario=scenario, reason="idle_timeout")
        assert line["by"] == "proxy" and 0.9e6 < line["duration_us"] < 3e6, line
    for channel in busy:
        channel.send(b"!")
        assert channel.recv_exactly(1) == b"!"
        channel.close()
    assert proxy.metrics().sum(names.LIMITS, limit="idle_timeout") == 3


if __name__ == "__main__":
    main(test)
