"""One worker, two bulk transfers at full speed, and an interactive connection beside them: what a
session moves in one turn is limited, so that a small exchange waits for milliseconds."""

import sys

sys.path.append(sys.path[0] + "/..")
import statistics
import threading
import time

from support.scenario import main, tcp_line, tls_listener

EXCHANGES = 50


def endless(channel, _):
    channel.recv(1)
    while True:
        channel.send(bytes(1024 * 1024))


def test(t):
    source = t.backend_process(endless)
    echo = t.backend()
    port, small = t.port(), t.port()
    body = (tls_listener(port) + tcp_line(small, "small") +
            t.three_sites(source.address, source.address) +
            f'  - {{name: small, endpoints: ["{echo.address}"]}}\n')
    t.sallyport(body)
    over = threading.Event()
    readers = [threading.Thread(target=read_on, args=(t.connect(port, "offload.test"), over))
               for _ in range(2)]
    for reader in readers:
        reader.start()

    channel = t.connect(small)
    times = []
    for _ in range(EXCHANGES):
        began = time.monotonic()
        channel.send(b"ping")
        assert channel.recv_exactly(4) == b"ping"
        times.append(time.monotonic() - began)
    # A channel belongs to one thread at a time: it is closed when its reader has let go of it.
    over.set()
    for reader in readers:
        reader.join()
    median = statistics.median(times)
    print(f"median {median * 1000:.2f} ms, worst {max(times) * 1000:.2f} ms")
    # Two endless sources, two readers and the proxy share the machine's cores: the bound is loose,
    # but a session that kept its turn for as long as there are bytes would never end it.
    assert median < 0.25, times


def read_on(channel, over):
    channel.send(b"1")
    while not over.is_set():
        assert channel.recv()
    channel.reset()


if __name__ == "__main__":
    main(test)
