"""Two tiers, an edge and an inner proxy: client → Sallyport (PROXY v2 out) → Sallyport (PROXY v2
in) → backend. In every scenario of the edge the backend, which is sent a header by the inner
proxy in turn, and both proxies' access lines know the real client's address and port."""

import sys

sys.path.append(sys.path[0] + "/..")
import socket

from support.channel import TlsChannel, client_context
from support.scenario import SCENARIOS, main, tls_listener


def test(t):
    plain = t.backend(proxy=True)
    tls = t.backend(proxy=True, tls=t.backend_tls())
    # The inner proxy: bytes on one port (what the edge decrypted), TLS on the other.
    inner_tcp, inner_tls = t.port(), t.port()
    backend_secret = t.authority.issue("backend.test", dns=("backend.test", "passthrough.test"))
    trusted = "proxy_protocol: required, trusted_networks: [127.0.0.1/32]"
    inner = t.sallyport(f"""
listeners:
  - {{name: bytes, address: "127.0.0.1:{inner_tcp}", protocol: tcp, service: plain, {trusted}}}
  - {{name: tls, address: "127.0.0.1:{inner_tls}", protocol: tls, {trusted}}}
secrets:
  - {{name: backend, directory: {backend_secret}}}
sites:
  - {{host: passthrough.test, scenario: passthrough, service: encrypted}}
  - {{host: backend.test, scenario: offload, secret: backend, service: plain}}
services:
  - {{name: plain, endpoints: ["{plain.address}"], proxy_protocol: v2}}
  - {{name: encrypted, endpoints: ["{tls.address}"], proxy_protocol: v2}}
""", name="inner")
    port = t.port()
    edge = t.sallyport(tls_listener(port) + t.three_sites(
        f"127.0.0.1:{inner_tcp}", f"127.0.0.1:{inner_tls}", service_keys=", proxy_protocol: v2"),
        name="edge")

    for scenario in SCENARIOS:
        # 127.0.0.9 is a client of its own: neither proxy connects from there.
        sock = socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.9", 0))
        client = sock.getsockname()
        channel = t.keep(TlsChannel(sock, client_context(t.authority),
                                    server_hostname=f"{scenario}.test"))
        channel.send(b"whose bytes are these")
        assert channel.recv_exactly(21) == b"whose bytes are these", scenario
        channel.close()

        backend = tls if scenario == "passthrough" else plain
        header = backend.seen[-1].proxy
        assert header.version == 2 and header.source == client, (scenario, vars(header))
        assert header.destination == ("127.0.0.1", port), (scenario, header.destination)
        text = "%s:%d" % client
        for proxy in (edge, inner):
            line = proxy.access_line(client=text)
            assert line["reason"] == "closed", line
        assert not inner.access_line(client=text)["peer"].startswith("127.0.0.9:")


if __name__ == "__main__":
    main(test)
