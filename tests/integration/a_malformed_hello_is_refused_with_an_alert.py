"""TLS records that hold no sound ClientHello: lengths that contradict each other, a message that
is not a ClientHello, a record of no bytes over and over. Each ends with decode_error or a close,
none reaches a backend, and the proxy serves the next client."""

import sys

sys.path.append(sys.path[0] + "/..")
import struct

from support import hello
from support.channel import Cut
from support.scenario import main, tls_listener


def record(payload):
    return struct.pack("!BHH", 22, 0x0301, len(payload)) + payload


def test(t):
    backend = t.backend(tls=t.backend_tls())
    port = t.port()
    proxy = t.sallyport(tls_listener(port) + t.three_sites(backend.address, backend.address))
    good = hello.handshake_of(hello.of("passthrough.test"))
    extensions_too_long = bytearray(good)
    at = good.index(b"passthrough.test")
    extensions_too_long[at - 2:at] = b"\xff\xff"
    malformed = {
        "a name longer than its extension": record(bytes(extensions_too_long)),
        "a ServerHello": record(b"\x02" + good[1:]),
        "a body cut short": record(b"\x01\x00\x00\x10" + good[4:20]),
        "a session id of 255 bytes": record(good[:38] + b"\xff" + good[39:]),
        "empty records": record(b"") * 100,
    }
    for what, data in malformed.items():
        channel = t.connect(port)
        channel.send(data)
        try:
            answer = channel.recv_to_end()
        except Cut:
            answer = b""
        assert answer == b"" or answer[0] == 21, (what, answer)
    proxy.wait_idle()
    reasons = [line["reason"] for line in proxy.access_lines()]
    assert len(reasons) == len(malformed), reasons
    assert set(reasons) <= {"hello_malformed", "not_tls"}, dict(zip(malformed, reasons))
    assert not backend.seen
    channel = t.connect(port, "passthrough.test")
    channel.send(b"fine")
    assert channel.recv_exactly(4) == b"fine"
    channel.close()


if __name__ == "__main__":
    main(test)
