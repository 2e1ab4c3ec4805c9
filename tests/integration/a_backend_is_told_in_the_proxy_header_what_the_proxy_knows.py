"""PROXY headers towards backends: v1 is the addresses alone; v2 adds the name that the client
asked for (authority), the ALPN, and, where TLS ended at the proxy, its version and whether a
verified client certificate was shown. The header goes first, in the clear, also when TLS to the
backend follows. As it is about one client, a connection that began with one carries one
request only."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.http_backend import WebBackend
from support.http_front import WAYS, Front
from support.scenario import SCENARIOS, main, tls_listener

TLS, CERTIFICATE_SEEN, CERTIFICATE_ONCE = 0x01, 0x02, 0x04


def test(t):
    plain = t.backend(proxy=True)
    tls = t.backend(proxy=True, tls=t.backend_tls(alpn=["echo"]))
    client = t.authority.issue("some client", dns=("client.test",), client=True)
    for version in ("v1", "v2"):
        port = t.port()
        t.sallyport(tls_listener(port) + t.three_sites(
            plain.address, tls.address, service_keys=f", proxy_protocol: {version}",
            site_keys=", alpn: [echo], client_auth: {verify: optional, secret: authority}"),
            name=version)
        for scenario in SCENARIOS:
            backend = plain if scenario == "offload" else tls
            for certificate in (None, client):
                if certificate and scenario == "passthrough":
                    continue
                channel = t.connect(port, f"{scenario}.test", alpn=["echo"],
                                    certificate=certificate)
                us = channel.socket.getsockname()
                channel.send(b"hi")
                assert channel.recv_exactly(2) == b"hi"
                channel.close()
                header = backend.seen[-1].proxy
                assert header.version == int(version[1]), (scenario, vars(header))
                assert header.source == us, (scenario, header.source, us)
                assert header.destination == ("127.0.0.1", port), (scenario, vars(header))
                if version == "v2":
                    check_tlvs(header, scenario, certificate)
    is_told_with_each_request(t)


def is_told_with_each_request(t):
    backends = {"plain": t.keep(WebBackend(proxy=True)),
                "tls": t.keep(WebBackend(proxy=True, tls=t.backend_tls()))}
    front = Front(t, **backends, service_keys=", proxy_protocol: v2", name="http")
    for way in WAYS:
        backend = front.backend(way)
        for _ in range(2):
            with front.client(way) as client:
                us = client.channel.socket.getsockname()
                for _ in range(2):
                    known = len(backend.seen)
                    assert client.get().status == 200, way
                    header = backend.seen[-1].proxy
                    assert len(backend.seen) == known + 1 and header.source == us, (way, us)
                    assert header.destination == ("127.0.0.1", front.port(way)), vars(header)
                    assert (header.tls is None) == (way == "plain"), (way, header.tls)


def check_tlvs(header, scenario, certificate):
    assert header.authority == f"{scenario}.test", header.authority
    if scenario == "passthrough":
        assert header.tls is None, header.tls  # nothing is known of that TLS
        return
    assert header.alpn == "echo", header.alpn
    flags, version = header.tls
    assert flags & TLS and version == "TLSv1.3", header.tls
    assert bool(flags & (CERTIFICATE_SEEN | CERTIFICATE_ONCE)) == bool(certificate), header.tls


if __name__ == "__main__":
    main(test)
