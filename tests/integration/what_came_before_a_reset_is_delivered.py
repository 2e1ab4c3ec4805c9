"""A backend says its last words and resets the connection, and the proxy learns of both at once: the
client gets the words, and then the reset."""

import sys

sys.path.append(sys.path[0] + "/..")
import signal
import threading

from support.channel import Cut
from support.scenario import SCENARIOS, main, tls_listener

WORDS = b"last words"


class Backend:
    def __init__(self):
        self.go, self.gone = threading.Event(), threading.Event()

    def __call__(self, channel, _):
        channel.send(channel.recv())
        self.go.wait(20)
        channel.send(WORDS)
        channel.reset()
        self.gone.set()


def test(t):
    for scenario in SCENARIOS:
        backend = Backend()
        tls = t.backend_tls() if scenario != "offload" else None
        address = t.backend(backend, tls=tls).address
        port = t.port()
        proxy = t.sallyport(tls_listener(port) + t.three_sites(address, address), name=scenario)
        channel = t.connect(port, f"{scenario}.test")
        channel.send(b"first")
        assert channel.recv_exactly(5) == b"first"
        proxy.process.signal(signal.SIGSTOP)
        backend.go.set()
        assert backend.gone.wait(20)
        proxy.process.signal(signal.SIGCONT)
        assert channel.recv_exactly(len(WORDS)) == WORDS, scenario
        try:
            more = channel.recv()
        except Cut as cut:
            print(scenario, repr(cut))
        else:
            raise AssertionError(f"{scenario}: a clean end after {more!r}")
        line = proxy.access_line(scenario=scenario)
        assert line["reason"] == "backend_reset" and line["by"] == "backend", line
        proxy.stop()


if __name__ == "__main__":
    main(test)
