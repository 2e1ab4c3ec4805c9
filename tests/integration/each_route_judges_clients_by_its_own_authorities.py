"""A site asks in the handshake when one of its routes does, and each route judges by its own
authorities, by itself: with the intermediates that the client sent, on the connection's first
request and on later ones, and on resumed sessions, where the client sends no certificate any more.
In TLS 1.2 and 1.3. Whom a route does not name, it does not let in, and backends are told of clients
as the route says."""

import sys

sys.path.append(sys.path[0] + "/..")
import base64
import hashlib
import ssl
import urllib.parse

from support.channel import client_context
from support.client_pki import CertificateAuthority, ClientPki
from support.http_front import Front, account
from support.scenario import main

SITE = """  - {host: routes.test, scenario: offload, secret: site, routes: [
     {path: /, service: plain},
     {path: /partners, service: plain, client_auth: {secret: partners}},
     {path: /staff, service: plain, client_auth: {secret: staff, depth: 0}},
     {path: /leaf, service: plain, client_auth: {secret: half-listed, crl_check: leaf}},
     {path: /chain, service: plain, client_auth: {secret: half-listed, crl_check: chain}},
     {path: /anybody, service: plain, client_auth: {verify: optional_no_ca, secret: staff}},
     {path: /alice, service: plain, client_auth: {secret: staff, match: {
       cn: alice, ou: [Board, IT], dns: "*.staff.test", uri: "spiffe://staff.test/alice",
       email: alice@staff.test, ip: 10.0.0.1}, pass: {as: xfcc, certificate: true}}},
     {path: /this, service: plain, client_auth: {secret: staff, match: {
       fingerprint_sha256: "{fingerprint}"}, pass: {as: rfc9440}}},
     {path: /nginx, service: plain, client_auth: {secret: staff, match: {dns: a.staff.test},
       pass: {certificate: true}}}]}
"""
HOST = "routes.test"
ALICE = ("DNS:a.staff.test,URI:spiffe://staff.test/alice,email:alice@staff.test,IP:10.0.0.1,"
         "URI:x:y=z")


def test(t):
    pki = ClientPki(t.pki_folder)
    staff = CertificateAuthority(t.folder / "staff")
    people = t.folder / "people"
    alice = staff.issue(people / "alice", "/OU=IT/CN=alice", names=ALICE)
    strangers = [staff.issue(people / f"stranger{i}", subject, names=names)
                 for i, (subject, names) in enumerate((
                     ("/OU=IT/CN=alice2", ALICE),
                     ("/OU=Cleaning/CN=alice", ALICE),
                     ("/OU=IT/CN=x, CN=alice", ALICE),
                     ("/OU=IT/CN=alice", ALICE.replace("a.staff.test", "a.b.staff.test")),
                     ("/OU=IT/CN=alice", ALICE.replace("a.staff.test", "*.staff.test")),
                     ("/OU=IT/CN=alice", ALICE.replace("test/alice", "test/alice/x")),
                     ("/OU=IT/CN=alice", ALICE.replace("email:alice", "email:malice")),
                     ("/OU=IT/CN=alice", ALICE.replace("10.0.0.1", "10.0.0.10"))))]
    (t.folder / "staff.crt").write_text(staff.certificate)
    leaf = ssl.PEM_cert_to_DER_cert((alice / "leaf").read_text())
    digest = hashlib.sha256(leaf).hexdigest()
    fingerprint = ":".join(digest[i:i + 2] for i in range(0, 64, 2)).upper()
    front = Front(t, hosts=("routes.test",), sites=SITE.replace("{fingerprint}", fingerprint),
                  secrets=f"""  - {{name: partners, directory: {pki.secret}}}
  - {{name: staff, ca.crt: {t.folder / "staff.crt"}}}
  - {{name: half-listed, ca.crt: {pki.secret / "ca.crt"}, ca.crl: {half_listed(t, pki)}}}
""")
    partner = pki.certificate("by_issuing")  # with an intermediate
    for version in ("1.2", "1.3"):
        judged(t, front, version, None, ("/",), ("/partners", "/staff", "/alice", "/this"))
        judged(t, front, version, partner, ("/", "/partners", "/anybody", "/leaf"),
               ("/staff", "/this", "/chain"))
        judged(t, front, version, alice,
               ("/", "/staff", "/anybody", "/alice", "/this", "/nginx"), ("/partners",))
        for stranger in strangers:
            judged(t, front, version, stranger, ("/staff",), (), ("/alice", "/this"))
    told_of(front, alice, leaf, digest)


def half_listed(t, pki):
    """The lists without the root's, which is the first: the one that lists intermediates."""
    end = "-----END X509 CRL-----\n"
    lists = (pki.secret / "ca.crl").read_text().split(end)
    file = t.folder / "half.crl"
    file.write_text(end.join(lists[1:]))
    return file


def judged(t, front, version, certificate, let_in, refused, unmatched=()):
    """On one connection after the other, the later ones resumed."""
    context = client_context(t.authority, version=version, certificate=certificate)
    session = None
    for i in range(3):
        with front.client("offload", HOST, context=context, session=session) as client:
            for path in (*let_in, *refused, *unmatched, *reversed(let_in)):
                status = client.get(path).status
                expected = 200 if path in let_in else 400 if path in refused else 403
                assert status == expected, (version, certificate, i, path, status)
            assert client.channel.tls.session_reused == (i > 0), (version, certificate, i)
            session = client.channel.tls.session


def told_of(front, alice, leaf, digest):
    with front.client("offload", HOST, certificate=alice) as client:
        def told(path):
            fields = account(client.get(path))["fields"]
            return {n: v for n, v in fields if n.startswith("ssl-client") or "client-cert" in n}

        assert told("/") == {}
        assert told("/staff") == {"ssl-client-verify": "SUCCESS",
                                  "ssl-client-subject-dn": "CN=alice,OU=IT",
                                  "ssl-client-issuer-dn": "CN=staff"}
        anybody = told("/anybody")
        assert anybody["ssl-client-verify"] == "SUCCESS", anybody
        nginx = told("/nginx")
        pem = urllib.parse.unquote(nginx.pop("ssl-client-cert"))
        assert ssl.PEM_cert_to_DER_cert(pem) == leaf
        assert nginx == told("/staff")
        assert told("/this") == {"client-cert": f":{base64.b64encode(leaf).decode()}:"}
        xfcc = told("/alice")
        (xfcc,) = xfcc.values()
        parts = xfcc.split(";")
        assert parts[0] == f"Hash={digest}", xfcc
        assert ssl.PEM_cert_to_DER_cert(urllib.parse.unquote(parts[1][6:-1])) == leaf, xfcc
        assert parts[2:] == ['Subject="CN=alice,OU=IT"', "URI=spiffe://staff.test/alice",
                             'URI="x:y=z"', "DNS=a.staff.test"], xfcc


if __name__ == "__main__":
    main(test)
