"""A full handshake costs the backend a signature. After the first connection the proxy resumes
its session, in TLS 1.2 and 1.3, and goes on doing so after a reload that leaves the service as
it was. A certificate that has expired since is found all the same."""

import datetime
import sys
import time

sys.path.append(sys.path[0] + "/..")
from support import names
from support.channel import Cut, server_context
from support.client_pki import CertificateAuthority
from support.scenario import main, tls_listener
from support.waiting import eventually

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
        expires(t, version)


def expires(t, version):
    authority = CertificateAuthority(t.folder / f"backend-ca-{version}")
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=4)
    secret = authority.issue(t.folder / f"short-{version}", use="server", names="DNS:backend.test",
                             dates=("20200101000000Z", end.strftime("%Y%m%d%H%M%SZ")))
    backend = t.backend(tls=server_context(secret, version=version))
    port = t.port()
    site = t.authority.issue("site", dns=("reencrypt.test",))
    proxy = t.sallyport(tls_listener(port) + f"""
secrets:
  - {{name: site, directory: {site}}}
  - {{name: authority, ca.crt: {authority.folder / "ca.crt"}}}
sites:
  - {{host: reencrypt.test, scenario: reencrypt, secret: site, service: again}}
services:
  - {{name: again, endpoints: ["{backend.address}"],
     tls: {{name: backend.test, secret: authority}}}}
""", name=f"expires-{version}")
    for _ in range(2):
        channel = t.connect(port, "reencrypt.test")
        channel.send(b"again")
        assert channel.recv_exactly(5) == b"again"
        channel.close()  # in good order: OpenSSL forgets the sessions of connections that are cut
        proxy.wait_idle()
    assert [s.resumed for s in backend.seen] == [False, True], backend.seen
    eventually("the certificate has expired", lambda: time.time() > end.timestamp() + 1, 10)
    with t.connect(port, "reencrypt.test") as channel:
        try:
            raise AssertionError(f"an expired certificate: {channel.recv()!r}")
        except Cut:
            pass
    proxy.access_line(reason="backend_certificate_rejected")
    assert proxy.metrics().sum(names.HANDSHAKE_FAILURES, side="backend",
                               reason="certificate_expired") == 1


if __name__ == "__main__":
    main(test)
