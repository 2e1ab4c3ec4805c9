"""Connections that do not end by themselves hold the program for `drain.timeout` and no longer:
they are cut then, as cuts, their access lines say why, and the exit status is still 0."""

import sys

sys.path.append(sys.path[0] + "/..")
import signal
import time

from support.channel import Cut
from support.scenario import SCENARIOS, main, tls_listener


def test(t):
    plain, tls = t.backend(), t.backend(tls=t.backend_tls())
    port = t.port()
    proxy = t.sallyport(tls_listener(port) + t.three_sites(plain.address, tls.address),
                        settings="drain: {delay: 0s, timeout: 1500ms}\n")
    held = [t.connect(port, f"{s}.test") for s in SCENARIOS]
    for channel in held:
        channel.send(b"here")
        assert channel.recv_exactly(4) == b"here"
    proxy.process.signal(signal.SIGTERM)
    began = time.monotonic()
    assert proxy.process.wait(10) == 0, proxy.process.output
    assert 1.4 < time.monotonic() - began < 5
    for scenario, channel in zip(SCENARIOS, held):
        try:
            raise AssertionError(f"{scenario}: a clean end: {channel.recv()!r}")
        except Cut:
            pass
    reasons = [(line["scenario"], line["reason"], line["by"]) for line in proxy.access_lines()]
    assert sorted(reasons) == [(s, "drain_timeout", "proxy") for s in sorted(SCENARIOS)], reasons


if __name__ == "__main__":
    main(test)
