"""SIGTERM: /readyz fails at once, so that whoever sends us clients stops; during `delay` new
ones are still served; then listeners are closed and what is open may complete. The program ends
with 0 as soon as the last connection has, long before `timeout`."""

import sys

sys.path.append(sys.path[0] + "/..")
import signal
import socket
import time

from support import names
from support.scenario import SCENARIOS, main, tls_listener
from support.waiting import eventually


def test(t):
    plain, tls = t.backend(), t.backend(tls=t.backend_tls())
    port = t.port()
    proxy = t.sallyport(tls_listener(port) + t.three_sites(plain.address, tls.address),
                        settings="drain: {delay: 2s, timeout: 60s}\n", workers=2)
    held = [t.connect(port, f"{s}.test") for s in SCENARIOS]
    assert all(echoes(c) for c in held)
    assert proxy.get(names.READYZ)[0] == 200

    proxy.process.signal(signal.SIGTERM)
    began = time.monotonic()
    eventually("it says that it is not ready", lambda: proxy.get(names.READYZ)[0] == 503, 1.5)
    assert proxy.get(names.HEALTHZ)[0] == 200
    for scenario in SCENARIOS:
        newcomer = t.connect(port, f"{scenario}.test")
        assert echoes(newcomer), scenario
        newcomer.close()
    assert time.monotonic() - began < 2, "too slow a machine to see the delay"

    eventually("new connections are refused", lambda: refused(port), 10)
    assert time.monotonic() - began > 1.9
    assert all(echoes(c) for c in held)
    for channel in held:
        assert proxy.process.alive
        channel.end()
        assert channel.recv_to_end() == b""
    assert proxy.process.wait(10) == 0, proxy.process.output
    # A probe of the port that was let in has left without a word.
    reasons = [r for line in proxy.access_lines() if (r := line["reason"]) != "client_left"]
    assert reasons == ["closed"] * 6, reasons


def echoes(channel):
    channel.send(b"echo")
    return channel.recv_exactly(4) == b"echo"


def refused(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return False
    except ConnectionRefusedError:
        return True


if __name__ == "__main__":
    main(test)
