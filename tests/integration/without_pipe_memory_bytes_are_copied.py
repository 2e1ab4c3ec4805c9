"""Kernel pipes are a limited good: `pipe_memory` bounds what passthrough, and responses of HTTP that
go from a plain connection to another, take of them. When there is none to be had, bytes are copied
instead, all of them arrive, and the metric says that the limit was reached. With pipes, bulk goes
through the kernel, and an idle proxy holds no more than it may."""

import sys

sys.path.append(sys.path[0] + "/..")
import os

from support import names
from support.http_front import Front
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
        limits = f"limits: {{pipe_memory: {memory}}}\n"
        port = t.port()
        proxy = t.sallyport(tls_listener(port) + t.three_sites(backend.address, backend.address),
                            name=f"pipes-{memory}", settings=limits)
        channel = t.connect(port, "passthrough.test")
        channel.send(b"1")
        assert channel.recv_to_end() == data
        channel.close()
        expect(proxy, spliced)

        front = Front(t, lambda _, answer: answer.whole(data), name=f"http-{memory}",
                      settings=limits)
        with front.client("plain") as client:  # twice: what follows a body is another head
            assert [client.get().body == data for _ in range(2)] == [True, True]
        expect(front.proxy, spliced)


def expect(proxy, spliced):
    proxy.wait_idle()
    metrics = proxy.metrics()
    assert (metrics.sum(names.SPLICED) > SIZE // 2) == spliced, metrics.sum(names.SPLICED)
    assert (metrics.sum(names.LIMITS, limit="pipe_memory") > 0) != spliced
    assert metrics.sum(names.PIPES) <= (16 if spliced else 0)


if __name__ == "__main__":
    main(test)
