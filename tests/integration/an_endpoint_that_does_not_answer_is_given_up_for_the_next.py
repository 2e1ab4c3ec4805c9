"""One endpoint of a service drops what is sent to it (a full accept queue here, a dead host
there). After `connect_timeout` the next one is tried, within `connect_attempts`; the client
notices no more than the delay."""

import sys

sys.path.append(sys.path[0] + "/..")
import socket
import time

from support import backends, names
from support.channel import Cut
from support.scenario import main


def black_hole(t):
    """An address that takes no connection and refuses none: its accept queue is full."""
    listener = t.keep(socket.create_server(("127.0.0.1", 0), backlog=0))
    for _ in range(3):
        filler = t.keep(socket.socket())
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
    return "127.0.0.1:%d" % listener.getsockname()[1]


def test(t):
    good = t.backend(backends.named("good"))
    some, none = t.port(), t.port()
    hole, other, third = black_hole(t), black_hole(t), black_hole(t)
    proxy = t.sallyport(f"""
listeners:
  - {{name: some, address: "127.0.0.1:{some}", protocol: tcp, service: some}}
  - {{name: none, address: "127.0.0.1:{none}", protocol: tcp, service: none}}
services:
  - {{name: some, endpoints: ["{hole}", "{good.address}"]}}
  - {{name: none, endpoints: ["{hole}", "{other}", "{third}"]}}
""", settings="limits: {connect_timeout: 500ms, connect_attempts: 2}\n")
    for _ in range(2):
        channel = t.connect(some)
        assert channel.recv_exactly(5) == b"good\n"
        channel.close()
    retried = proxy.access_line(connect_attempts=2, endpoint=good.address)
    assert retried["reason"] == "closed" and retried["connected_us"] > 0.4e6, retried

    channel = t.connect(none)
    began = time.monotonic()
    try:
        raise AssertionError(f"a clean end: {channel.recv()!r}")
    except Cut:
        pass
    assert 0.9 < time.monotonic() - began < 4
    line = proxy.access_line(reason="connect_timeout")
    assert line["connect_attempts"] == 2 and line["by"] == "backend", line
    metrics = proxy.metrics()
    assert metrics.sum(names.LIMITS, limit="connect_timeout") >= 2
    assert metrics.sum(names.LIMITS, limit="connect_attempts") == 1


if __name__ == "__main__":
    main(test)
