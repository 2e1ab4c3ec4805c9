"""Somebody speaks HTTP, SSH or noise to a TLS port. There is no name to be found in that, and no
alert would be understood: the connection is closed long before the hello's deadline."""

import sys

sys.path.append(sys.path[0] + "/..")
import time

from support import names
from support.channel import Cut
from support.scenario import main, tls_listener

NOT_TLS = (b"GET / HTTP/1.1\r\nHost: offload.test\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n",
           b"\x80\x2e\x01\x03\x01", b"\x17\x03\x03\x00\x05hello", b"\0" * 200)


def test(t):
    backend = t.backend()
    port = t.port()
    proxy = t.sallyport(tls_listener(port) + t.three_sites(backend.address, backend.address))
    for data in NOT_TLS:
        channel = t.connect(port)
        began = time.monotonic()
        channel.send(data)
        try:
            answer = channel.recv_to_end()
        except Cut:
            answer = b""
        assert answer == b"", (data, answer)
        assert time.monotonic() - began < 5, data
    proxy.wait_idle()
    assert proxy.metrics().sum(names.ENDED, reason="not_tls") == len(NOT_TLS)
    assert [line["reason"] for line in proxy.access_lines()] == ["not_tls"] * len(NOT_TLS)
    assert not backend.seen


if __name__ == "__main__":
    main(test)
