"""Nothing is buffered beyond the sockets, one block or pipe per direction: when a client stops
reading, the backend that sends to it must be stopped in turn, and the proxy must not grow."""

import sys

sys.path.append(sys.path[0] + "/..")
import time

from support.scenario import SCENARIOS, main, tls_listener
from support.waiting import eventually

MIB = 1024 * 1024
# Socket buffers at both ends of both connections, as the kernel grows them on loopback, and ours.
MOST_IN_FLIGHT = 48 * MIB


class Source:
    """Sends without end, and knows how much it could."""

    def __init__(self):
        self.sent = 0

    def __call__(self, channel, _):
        block = bytes(64 * 1024)
        channel.recv(1)
        channel.socket.settimeout(None)
        while True:
            channel.send(block)
            self.sent += len(block)


def test(t):
    for scenario in SCENARIOS:
        source = Source()
        backend = t.backend(source, tls=t.backend_tls() if scenario != "offload" else None)
        port = t.port()
        body = tls_listener(port) + t.three_sites(backend.address, backend.address)
        proxy = t.sallyport(body, name=scenario)
        before = proxy.process.resident_bytes()
        channel = t.connect(port, f"{scenario}.test")
        channel.send(b"1")
        stalled = eventually("the source stalls", lambda: unchanged_for_half_a_second(source), 20)
        grown = proxy.process.resident_bytes() - before
        assert 0 < stalled < MOST_IN_FLIGHT, f"{scenario}: {stalled} bytes taken"
        assert t.sanitizer or grown < 8 * MIB, f"{scenario}: grown by {grown} bytes"
        assert len(channel.recv_exactly(stalled)) == stalled  # and it goes on
        eventually("the source goes on", lambda: source.sent > stalled)
        channel.reset()


def unchanged_for_half_a_second(source):
    before = source.sent
    time.sleep(0.5)
    return source.sent == before and before


if __name__ == "__main__":
    main(test)
