"""PROXY protocol headers (haproxy's proxy-protocol.txt), written and read by a second hand."""

import ipaddress
import socket
import struct

_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_ALPN, _AUTHORITY, _SSL = 0x01, 0x02, 0x20
_SSL_VERSION = 0x21


class Header:
    """What a header said. `version` is 1 or 2; `tlvs` maps a type to its bytes, version 2 only."""

    def __init__(self, version, source, destination, tlvs):
        self.version, self.source, self.destination, self.tlvs = version, source, destination, tlvs

    @property
    def authority(self):
        return self.tlvs[_AUTHORITY].decode() if _AUTHORITY in self.tlvs else None

    @property
    def alpn(self):
        return self.tlvs[_ALPN].decode() if _ALPN in self.tlvs else None

    @property
    def tls(self):
        """The client flags of the SSL TLV and its version, or None: (flags, "TLSv1.3")."""
        if _SSL not in self.tlvs:
            return None
        value = self.tlvs[_SSL]
        inner = _tlvs(value[5:])
        return value[0], inner.get(_SSL_VERSION, b"").decode()


def v1(source, destination):
    """(host, port) twice, to the header line."""
    family = "TCP6" if ":" in source[0] else "TCP4"
    return f"PROXY {family} {source[0]} {destination[0]} {source[1]} {destination[1]}\r\n".encode()


def v2(source, destination, tlvs=b""):
    s, d = ipaddress.ip_address(source[0]), ipaddress.ip_address(destination[0])
    body = s.packed + d.packed + struct.pack("!HH", source[1], destination[1]) + tlvs
    family = 0x21 if s.version == 6 else 0x11
    return _SIGNATURE + struct.pack("!BBH", 0x21, family, len(body)) + body


def read(sock):
    """Reads exactly one header off a socket, not a byte more."""
    start = _exactly(sock, 5)
    if start == b"PROXY":
        line = start
        while not line.endswith(b"\r\n"):
            line += _exactly(sock, 1)
            assert len(line) <= 107, line
        _, _, source, destination, source_port, destination_port = line.decode().split()
        return Header(1, (source, int(source_port)), (destination, int(destination_port)), {})
    start += _exactly(sock, 11)
    assert start[:12] == _SIGNATURE, f"not a PROXY header: {start!r}"
    command, family, length = struct.unpack("!BBH", start[12:])
    assert command == 0x21, hex(command)
    body = _exactly(sock, length)
    if family >> 4 == 1:
        parse, size = lambda b: socket.inet_ntop(socket.AF_INET, b), 4
    else:
        parse, size = lambda b: socket.inet_ntop(socket.AF_INET6, b), 16
    ports = struct.unpack("!HH", body[2 * size:2 * size + 4])
    return Header(2, (parse(body[:size]), ports[0]), (parse(body[size:2 * size]), ports[1]),
                  _tlvs(body[2 * size + 4:]))


def _tlvs(data):
    found = {}
    while data:
        kind, length = struct.unpack("!BH", data[:3])
        found[kind] = data[3:3 + length]
        data = data[3 + length:]
    return found


def _exactly(sock, count):
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        assert more, f"ended inside a PROXY header: {data!r}"
        data += more
    return data
