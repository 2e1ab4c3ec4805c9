"""A full handshake costs the backend a signature. After the first connection the proxy resumes
its session, in TLS 1.2 and 1.3, and goes on doing so after a reload that leaves the service as
it was."""

import sys

sys.path.append(sys.path[0] + "/..")
from support import names
from support.scenario import main, tls_listener

CONNECTIONS = 10


def test(t):
    for version in ("1.2", "1.3"):
        backend = t.backend(tls=t.backend_tls(version=version))
        port = t.port()
        body = tls_listener(port) + t.three_sites(backend.address, backend.address)
        proxy = t.sallyport(body, name=f"tls-{version}")
        for i in range(CONNECTIONS):
            if i == CONNECTIONS // 2:
                assert proxy.reload(body + "  - {name: new, endpoints: [\"127.0.0.1:9\"]}\n") == \
                    "applied"
            channel = t.connect(port, "reencrypt.test")
            channel.send(b"again")
            assert channel.recv_exactly(5) == b"again"
            channel.close()
            proxy.wait_idle()
        resumed = sum(s.resumed for s in backend.seen)
        assert len(backend.seen) == CONNECTIONS and resumed >= CONNECTIONS - 2, \
            f"TLS {version}: {resumed} of {len(backend.seen)} resumed"
        counted = proxy.metrics().sum(names.HANDSHAKES, side="backend", resumed="true")
        assert counted == resumed, (counted, resumed)


if __name__ == "__main__":
    main(test)
