"""ClientHellos of any size, cut into any records, sent in any segments."""

import ssl
import struct
import time


def of(name, alpn=(), versions=None):
    """The records of an ordinary ClientHello, as OpenSSL writes it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if versions:
        context.minimum_version, context.maximum_version = versions
    out = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def alpn_of_bytes(count):
    """Protocols that make a hello longer by about `count`; none is one that anybody speaks."""
    return [f"{i:05d}".ljust(254, "-") for i in range(count // 255)]


def handshake_of(records):
    """The handshake bytes inside records."""
    message = b""
    while records:
        kind, _, length = struct.unpack("!BHH", records[:5])
        assert kind == 22, kind
        message += records[5:5 + length]
        records = records[5 + length:]
    return message


def in_records(records, count):
    """The same handshake bytes in `count` records of nearly one size."""
    message = handshake_of(records)
    cuts = [len(message) * i // count for i in range(count + 1)]
    pieces = [message[a:b] for a, b in zip(cuts, cuts[1:])]
    return b"".join(struct.pack("!BHH", 22, 0x0301, len(p)) + p for p in pieces)


# Ways of sending, for TlsChannel's send_hello.

def at_once(sock, data):
    sock.sendall(data)


def a_byte_at_a_time(sock, data):
    """Each byte in a segment of its own (TCP_NODELAY is set), with a breath now and then so that
    the proxy meets the hello in many stages."""
    for i in range(len(data)):
        sock.sendall(data[i:i + 1])
        if i % 16 == 0:
            time.sleep(0.0005)


def over_five_records(sock, data):
    for piece in _records(in_records(data, 5)):
        sock.sendall(piece)


def _records(data):
    while data:
        length = 5 + struct.unpack("!H", data[3:5])[0]
        yield data[:length]
        data = data[length:]
