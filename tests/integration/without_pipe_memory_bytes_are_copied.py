"""Kernel pipes are a limited good: `pipe_memory` bounds what passthrough takes of them. When
there is none to be had, bytes are copied instead, all of them arrive, and the metric says that
the limit was reached. With pipes, bulk goes through the kernel, and an idle proxy holds no more
than it may."""

import sys

sys.path.append(sys.path[0] + "/..")
import os

from support import names
from support.scenario import main, tls_listener

SIZE = 16 * 1024 * 1024


def test(t):
    data = os.urandom(SIZE)

    def source(channel, _):
        channel.recv(1)
        channel.send(data)
        channel.end()

    backend = t.backend(source, tls=t.backend_tls())
    for memory, spliced in (("0", False), ("4MiB", True)):
        port = t.port()
        proxy = t.sallyport(tls_listener(port) + t.three_sites(backend.address, backend.address),
                            name=f"pipes-{memory}", settings=f"limits: {{pipe_memory: {memory}}}\n")
        channel = t.connect(port, "passthrough.test")
        channel.send(b"1")
        assert channel.recv_to_end() == data
        channel.close()
        proxy.wait_idle()
        metrics = proxy.metrics()
        assert (metrics.sum(names.SPLICED) > SIZE // 2) == spliced, metrics.sum(names.SPLICED)
        assert (metrics.sum(names.LIMITS, limit="pipe_memory") > 0) != spliced
        assert metrics.sum(names.PIPES) <= (16 if spliced else 0)


if __name__ == "__main__":
    main(test)
