"""mTLS on bytes: the handshake itself fails without a client certificate, or with one of another
CA, or an expired one, in TLS 1.2 and 1.3; the backend hears of none of them. With the right
certificate it works, for offload and reencrypt; `optional` lets clients without one in, but no
wrong one. With `match` a good one of somebody else is a wrong one, too."""

import sys

sys.path.append(sys.path[0] + "/..")
import ssl

from support import names
from support.channel import Cut
from support.scenario import main, tls_listener


def test(t):
    good = t.authority.issue("good client", dns=("client.test",), client=True)
    wrong = {
        None: "client_certificate_missing",
        t.other_authority().issue("stranger", dns=("client.test",), client=True):
            "client_certificate_rejected",
        t.authority.issue("late client", dns=("client.test",), client=True, expired=True):
            "client_certificate_rejected",
        t.authority.issue("a server", dns=("client.test",)): "client_certificate_rejected",
    }
    for verify in ("required", "optional"):
        plain, tls = t.backend(), t.backend(tls=t.backend_tls())
        port = t.port()
        proxy = t.sallyport(tls_listener(port) + t.three_sites(
            plain.address, tls.address,
            site_keys=f", client_auth: {{verify: {verify}, secret: authority}}"), name=verify)
        for scenario in ("offload", "reencrypt"):
            for version in ("1.2", "1.3"):
                assert served(t, port, scenario, version, good), (verify, scenario, version)
                for certificate, reason in wrong.items():
                    let_in = verify == "optional" and certificate is None
                    connections = len(plain.seen) + len(tls.seen)
                    known = len(proxy.access_lines(reason=reason))
                    assert served(t, port, scenario, version, certificate) == let_in, \
                        (verify, scenario, version, certificate)
                    if not let_in:
                        proxy.wait_idle()
                        assert len(plain.seen) + len(tls.seen) == connections
                        lines = proxy.access_lines(reason=reason)
                        assert len(lines) == known + 1, proxy.access_lines()[-1]
        if verify == "required":
            assert proxy.metrics().sum(names.ENDED, reason="client_certificate_missing") == 4


    plain, tls = t.backend(), t.backend(tls=t.backend_tls())
    port = t.port()
    t.sallyport(tls_listener(port) + t.three_sites(
        plain.address, tls.address,
        site_keys=", client_auth: {secret: authority, match: {cn: good client}}"), name="match")
    namesake = t.authority.issue("good client 2", dns=("client.test",), client=True)
    for scenario in ("offload", "reencrypt"):
        for version in ("1.2", "1.3"):
            assert served(t, port, scenario, version, good), (scenario, version)
            try:
                t.connect(port, f"{scenario}.test", version=version, certificate=namesake).recv()
                raise AssertionError((scenario, version))
            except ssl.SSLError as error:
                assert error.reason == "SSLV3_ALERT_BAD_CERTIFICATE", (scenario, version, error)


def served(t, port, scenario, version, certificate):
    try:
        # In TLS 1.3 the client's handshake is over before the server has judged its certificate.
        channel = t.connect(port, f"{scenario}.test", version=version, certificate=certificate)
        channel.send(b"let me in")
        echoed = channel.recv_exactly(9)
        channel.close()
        return echoed == b"let me in"
    except (ssl.SSLError, Cut):
        return False


if __name__ == "__main__":
    main(test)
