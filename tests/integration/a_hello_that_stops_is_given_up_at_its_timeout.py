"""A client that connects and says nothing, or half a hello, or drips so slowly that it will never
be done, holds a connection for `hello_timeout` and no longer: the deadline is for the whole
hello, not for the next byte."""

import sys

sys.path.append(sys.path[0] + "/..")
import threading
import time

from support import hello, names
from support.channel import Cut
from support.scenario import main, tls_listener

TIMEOUT_SECONDS = 1.0


def test(t):
    backend = t.backend()
    port = t.port()
    proxy = t.sallyport(tls_listener(port) + t.three_sites(backend.address, backend.address),
                        settings="limits: {hello_timeout: 1s}\n")
    whole = hello.of("offload.test")
    for start, dripping in ((b"", False), (whole[:3], False), (whole[:100], False),
                            (whole[:1], True)):
        channel = t.connect(port)
        began = time.monotonic()
        channel.send(start)
        if dripping:
            threading.Thread(target=drip, args=(channel, whole[1:]), daemon=True).start()
        try:
            assert channel.recv() == b""
        except Cut:
            pass
        waited = time.monotonic() - began
        assert TIMEOUT_SECONDS * 0.9 < waited < TIMEOUT_SECONDS * 4, (start, waited)
    proxy.wait_idle()
    metrics = proxy.metrics()
    assert metrics.sum(names.LIMITS, limit="hello_timeout") == 4
    assert metrics.sum(names.ENDED, reason="hello_timeout") == 4
    assert not backend.seen


def drip(channel, data):
    try:
        for i in range(len(data)):
            channel.send(data[i:i + 1])
            time.sleep(0.1)
    except (Cut, OSError):
        pass


if __name__ == "__main__":
    main(test)
