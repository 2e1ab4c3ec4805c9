"""What a service's `tls` asks of a backend beyond authority and name: expected SANs in place of the
name, the depth of its chain, that nobody in it was revoked, versions and ciphers; and PostgreSQL's
words for `verify`. Whoever is not so gets nothing; nor does a connection that was kept from before
a change of these carry another request."""

import sys

sys.path.append(sys.path[0] + "/..")
import ssl

from support.channel import Cut, server_context
from support.client_pki import CertificateAuthority
from support.http_front import Front
from support.scenario import main, tls_listener

SPIFFE = "spiffe://example.com/bank"


class Backends:
    """One for each kind of certificate or context."""

    def __init__(self, t, folder):
        self.root = CertificateAuthority(folder / "root")
        self.issuing = CertificateAuthority(folder / "issuing", self.root)
        self.deeper = CertificateAuthority(folder / "deeper", self.issuing)
        issue = {
            "named": (self.root, "DNS:backend.test"),
            "by_uri": (self.root, f"URI:{SPIFFE},DNS:backend.test"),
            "by_ip": (self.root, "IP:127.0.0.1"),
            "by_cn": (self.root, ""),
            "one": (self.issuing, "DNS:backend.test"),
            "two": (self.deeper, "DNS:backend.test"),
            "revoked": (self.root, "DNS:backend.test"),
            "sub_revoked": (self.issuing, "DNS:backend.test"),
        }
        secrets = {}
        for name, (authority, sans) in issue.items():
            secrets[name] = authority.issue(folder / name, use="server", names=sans,
                                            subject="/CN=backend.test")
        self.root.revoke(folder / "revoked")
        self.issuing.revoke(folder / "sub_revoked")
        contexts = {name: server_context(secret) for name, secret in secrets.items()}
        for version in ("1.2", "1.3"):
            contexts[f"only_{version}"] = server_context(secrets["named"], version=version)
        contexts["one_cipher"] = server_context(secrets["named"], version="1.2")
        contexts["one_cipher"].set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
        self.all = {name: t.backend(tls=context) for name, context in contexts.items()}
        # All lists; without the root's, by which the issuing authority itself is judged; too old.
        crl = {name: a.revocation_list() for name, a in
               (("root", self.root), ("issuing", self.issuing), ("deeper", self.deeper))}
        lists = {"none": "", "lists": "".join(crl.values()), "rootless": crl["issuing"],
                 "stale": self.root.revocation_list(expired=True)}
        for name, text in lists.items():
            (folder / f"ca-{name}").mkdir()
            (folder / f"ca-{name}" / "ca.crt").write_text(self.root.certificate)
            if text:
                (folder / f"ca-{name}" / "ca.crl").write_text(text)
        self.folder = folder


# backend, secret, further keys of `tls`, whether it is served
CASES = [
    ("named", "none", "name: backend.test", True),
    ("named", "none", "name: elsewhere.test", False),
    # Any of the SANs named, and nothing but those; `name` is only asked for.
    ("by_uri", "none", f'name: elsewhere.test, names: ["{SPIFFE}"]', True),
    ("by_uri", "none", f'name: backend.test, names: ["{SPIFFE}/"]', False),
    ("by_uri", "none", f'name: backend.test, names: ["{SPIFFE.upper()}"]', False),
    ("by_uri", "none", f'name: elsewhere.test, names: ["spiffe://a/b", backend.test]', True),
    ("by_ip", "none", "name: elsewhere.test, names: [backend.test, 127.0.0.1]", True),
    ("by_ip", "none", 'name: elsewhere.test, names: ["127.0.0.2", "::1"]', False),
    ("named", "none", "name: backend.test, names: [elsewhere.test]", False),
    ("by_cn", "none", "name: backend.test, names: [backend.test]", False),
    ("one", "none", "name: backend.test, depth: 0", False),
    ("one", "none", "name: backend.test, depth: 1", True),
    ("two", "none", "name: backend.test, depth: 1", False),
    ("two", "none", "name: backend.test", True),
    ("revoked", "none", "name: backend.test", True),
    ("revoked", "lists", "name: backend.test", False),
    ("revoked", "lists", "name: backend.test, crl_check: leaf", False),
    ("revoked", "lists", 'verify: ca', False),
    ("revoked", "lists", 'verify: none', True),
    ("sub_revoked", "lists", "name: backend.test", False),
    ("two", "lists", "name: backend.test, crl_check: chain", True),
    ("one", "rootless", "name: backend.test, crl_check: leaf", True),
    ("one", "rootless", "name: backend.test", False),
    ("named", "stale", "name: backend.test", False),
    ("only_1.2", "none", 'name: backend.test, min_tls: "1.3"', False),
    ("only_1.3", "none", 'name: backend.test, max_tls: "1.2"', False),
    ("only_1.2", "none", 'name: backend.test, max_tls: "1.2"', True),
    ("one_cipher", "none", "name: backend.test, ciphers: ECDHE-ECDSA-AES128-GCM-SHA256", True),
    ("one_cipher", "none", "name: backend.test, ciphers: ECDHE-ECDSA-AES256-GCM-SHA384", False),
    ("named", "none", "name: backend.test, groups: [P-384]", True),
    ("named", "none", "verify: verify-full, name: backend.test", True),
    ("named", "none", "verify: verify-full, name: elsewhere.test", False),
    ("named", "none", "verify: verify-ca, name: elsewhere.test", True),
    ("named", "rootless", "verify: require, name: elsewhere.test", True),
]


def test(t):
    backends = Backends(t, t.folder)
    hosts = [f"case-{i}.test" for i in range(len(CASES))]
    port = t.port()
    body = tls_listener(port) + f"""secrets:
  - {{name: site, directory: {t.authority.issue("site", dns=hosts)}}}
""" + "".join(f"  - {{name: {n}, directory: {t.folder}/ca-{n}}}\n"
              for n in ("none", "lists", "rootless", "stale"))
    body += "sites:\n" + "".join(
        f"  - {{host: {host}, scenario: reencrypt, secret: site, service: s{i}}}\n"
        for i, host in enumerate(hosts))
    body += "services:\n" + "".join(
        f'  - {{name: s{i}, endpoints: ["{backends.all[who].address}"], '
        f"tls: {{secret: {secret}, {keys}}}}}\n" for i, (who, secret, keys, _) in enumerate(CASES))
    proxy = t.sallyport(body)
    for host, (who, secret, keys, expected) in zip(hosts, CASES):
        backend = backends.all[who]
        before = sum(len(s.received) for s in backend.seen)
        for _ in range(2):  # the second one may resume
            assert served(t, port, host) == expected, (who, secret, keys)
        if not expected:
            assert sum(len(s.received) for s in backend.seen) == before, (who, keys)
            assert proxy.access_line(site=host)["by"] == "backend", (who, keys)
    assert backends.all["by_ip"].seen[0].sni == "elsewhere.test"
    kept_connections(t)


def kept_connections(t):
    front = Front(t, name="front")
    changed = "tls: {name: backend.test, secret: authority"
    with front.client("reencrypt") as client:
        assert client.get().status == 200
        for keys, status in ((", names: [elsewhere.test]", 502), (", names: [backend.test]", 200),
                             (", ciphers: ECDHE-ECDSA-AES128-GCM-SHA256, max_tls: '1.2'", 200),
                             (", min_tls: '1.3'", 200)):
            before = len(front.tls.seen)
            assert front.proxy.reload(front.body.replace(changed, changed + keys)) == "applied"
            assert client.get().status == status, keys
            assert status != 200 or len(front.tls.seen) == before + 1, keys


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
