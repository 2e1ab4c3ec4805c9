"""`connections_per_client` keeps one address from taking all the room: its next connection is
closed while another address is served. Behind a PROXY header it is the named client that counts,
not the proxy in front."""

import sys

sys.path.append(sys.path[0] + "/..")
import socket

from support import names, proxy_header
from support.channel import Channel, Cut
from support.scenario import main

LIMIT = 5


def test(t):
    backend = t.backend()
    direct, behind = t.port(), t.port()
    proxy = t.sallyport(f"""
listeners:
  - {{name: direct, address: "127.0.0.1:{direct}", protocol: tcp, service: plain}}
  - {{name: behind, address: "127.0.0.1:{behind}", protocol: tcp, service: plain,
     proxy_protocol: required, trusted_networks: [127.0.0.0/8]}}
services:
  - {{name: plain, endpoints: ["{backend.address}"]}}
""", settings=f"limits: {{connections_per_client: {LIMIT}}}\n", workers=2)

    def client_at(host):
        return t.keep(Channel(socket.create_connection(("127.0.0.1", direct),
                                                       source_address=(host, 0))))

    def client_named(host):
        channel = t.connect(behind)
        channel.send(proxy_header.v2((host, 1234), ("127.0.0.1", behind)))
        return channel

    for client, here, other in ((client_at, "127.0.0.2", "127.0.0.3"),
                                (client_named, "192.0.2.1", "192.0.2.2")):
        inside = [client(here) for _ in range(LIMIT)]
        assert all(echoes(c) for c in inside), client
        assert not echoes(client(here)), client
        assert echoes(client(other)), client
        assert all(echoes(c) for c in inside), client
    assert proxy.metrics().sum(names.LIMITS, limit="connections_per_client") == 2
    line = proxy.access_line(listener="behind", reason="over_connections_per_client")
    assert line["client"].startswith("192.0.2.1:"), line


def echoes(channel):
    try:
        channel.send(b"let in")
        return channel.recv_exactly(6) == b"let in"
    except Cut:
        return False


if __name__ == "__main__":
    main(test)
