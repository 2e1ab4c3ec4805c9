"""One direction has ended and the other says nothing: such connections are usually forgotten
ones. They have a shorter deadline, which bytes in the remaining direction put off."""

import sys

sys.path.append(sys.path[0] + "/..")
import time

from support import names
from support.channel import Cut
from support.scenario import SCENARIOS, main, tls_listener


def patient(channel, seen):
    """When the client has ended, speaks for longer than the timeout, and then falls silent."""
    while channel.recv():
        pass
    for _ in range(10):
        channel.send(b".")
        time.sleep(0.2)
    channel.socket.settimeout(30)
    try:
        channel.socket.recv(1)  # until the cut
    except OSError as error:
        seen.error = error
    time.sleep(30)


def test(t):
    plain, tls = t.backend(patient), t.backend(patient, tls=t.backend_tls())
    port = t.port()
    proxy = t.sallyport(tls_listener(port) + t.three_sites(plain.address, tls.address),
                        settings="limits: {half_closed_timeout: 1s}\n")
    channels = [t.connect(port, f"{s}.test") for s in SCENARIOS]
    for channel in channels:
        channel.end()
    for scenario, channel in zip(SCENARIOS, channels):
        assert channel.recv_exactly(10) == b"." * 10, scenario
        try:
            raise AssertionError(f"{scenario}: a clean end: {channel.recv()!r}")
        except Cut:
            pass
        proxy.access_line(scenario=scenario, reason="half_closed_timeout", by="proxy")
    assert proxy.metrics().sum(names.LIMITS, limit="half_closed_timeout") == 3


if __name__ == "__main__":
    main(test)
