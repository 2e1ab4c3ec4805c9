"""PROXY v1 and v2 headers, of IPv4 and IPv6 clients and with TLVs, arrive whole, a byte at a
time, or in one segment with the ClientHello; a LOCAL header (a health check of the proxy in
front) leaves the peer's own address; a required header that is missing or malformed ends the
connection."""

import sys

sys.path.append(sys.path[0] + "/..")
import ssl
import struct

from support import hello, proxy_header
from support.channel import Cut
from support.scenario import main

V4 = ("192.0.2.1", 4711), ("192.0.2.2", 443)
V6 = ("2001:db8::1", 4711), ("2001:db8::2", 443)
TLVS = struct.pack("!BH", 0xEA, 3) + b"vpc" + struct.pack("!BH", 4, 200) + bytes(200)
LOCAL = b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"


def test(t):
    backend = t.backend()
    secret = t.authority.issue("site", dns=("site.test",))
    port = t.port()
    proxy = t.sallyport(f"""
listeners:
  - {{name: tls, address: "127.0.0.1:{port}", protocol: tls, proxy_protocol: required}}
secrets:
  - {{name: site, directory: {secret}}}
sites:
  - {{host: site.test, scenario: offload, secret: site, service: ["{backend.address}"]}}
""")
    headers = {
        proxy_header.v1(*V4): "192.0.2.1:4711", proxy_header.v1(*V6): "[2001:db8::1]:4711",
        proxy_header.v2(*V4): "192.0.2.1:4711", proxy_header.v2(*V6, TLVS): "[2001:db8::1]:4711",
        LOCAL: None, b"PROXY UNKNOWN\r\n": None,
    }
    expected = 0
    for header, client in headers.items():
        for send in (with_hello(header), with_hello(header, hello.a_byte_at_a_time)):
            channel = t.connect(port, "site.test", send_hello=send)
            channel.send(b"ok")
            assert channel.recv_exactly(2) == b"ok"
            channel.close()
            proxy.wait_idle()
            expected += 1
            lines = proxy.access_lines()
            assert len(lines) == expected, (len(lines), expected)
            if client:
                assert lines[-1]["client"] == client, (header, lines[-1])
            else:
                assert lines[-1]["client"].startswith("127.0.0.1:"), (header, lines[-1])

    broken = {
        b"": "proxy_header_missing",
        b"PROXY TCP4 192.0.2.1 nonsense 1 2\r\n": "proxy_header_malformed",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2" + b" " * 200 + b"\r\n": "proxy_header_malformed",
        b"\r\n\r\n\x00\r\nQUIT\n\x31\x11\x00\x0c" + bytes(12): "proxy_header_malformed",
        b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x04" + bytes(4): "proxy_header_malformed",
    }
    for header, reason in broken.items():
        try:
            t.connect(port, "site.test", first=header)
            raise AssertionError(f"served after {header!r}")
        except (Cut, OSError, ssl.SSLError):
            pass
        proxy.wait_idle()
        expected += 1
        lines = proxy.access_lines()
        assert len(lines) == expected and lines[-1]["reason"] == reason, (header, lines[-1])


def with_hello(header, send=hello.at_once):
    return lambda sock, data: send(sock, header + data)


if __name__ == "__main__":
    main(test)
