"""`verify: ca` accepts any name of a trusted CA, and nothing else; `verify: none` accepts
everybody who speaks TLS. What is sent as SNI stays the service's name in all cases."""

import sys

sys.path.append(sys.path[0] + "/..")
import ssl

from support.channel import Cut, server_context
from support.scenario import main, tls_listener


def test(t):
    backends = {
        "right": t.backend(tls=server_context(t.authority.issue("backend.test"))),
        "other_name": t.backend(tls=server_context(t.authority.issue("elsewhere.test"))),
        "other_ca": t.backend(tls=server_context(t.other_authority().issue("backend.test"))),
    }
    accepted = {"full": {"right"}, "ca": {"right", "other_name"}, "none": set(backends)}
    hosts = {(verify, who): f"{verify}-{who.replace('_', '-')}.test"
             for verify in accepted for who in backends}
    port = t.port()
    body = tls_listener(port) + f"""
secrets:
  - {{name: site, directory: {t.authority.issue("site", dns=tuple(hosts.values()))}}}
  - {{name: authority, ca.crt: {t.authority.file}}}
"""
    services = "services:\n"
    body += "sites:\n"
    for (verify, who), host in hosts.items():
        body += (f"  - {{host: {host}, scenario: reencrypt, secret: site, "
                 f"service: {verify}-{who}}}\n")
        secret = "" if verify == "none" else ", secret: authority"
        services += (f'  - {{name: {verify}-{who}, endpoints: ["{backends[who].address}"], '
                     f"tls: {{verify: {verify}, name: backend.test{secret}}}}}\n")
    t.sallyport(body + services)
    for (verify, who), host in hosts.items():
        assert served(t, port, host) == (who in accepted[verify]), (verify, who)
    for backend in backends.values():
        assert {s.sni for s in backend.seen} == {"backend.test"}


def served(t, port, host):
    try:
        channel = t.connect(port, host)
        channel.send(b"hello")
        echoed = channel.recv_exactly(5)
        channel.close()
        return echoed == b"hello"
    except (Cut, ssl.SSLError):
        return False


if __name__ == "__main__":
    main(test)
