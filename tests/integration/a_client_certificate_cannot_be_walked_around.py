"""The ways around a client certificate, each closed: another name in the handshake, no name, plain
HTTP, paths that only a backend reads as the guarded one, tickets of another site, of a weaker
policy, from before a CRL or CA change or of a certificate that has expired since, pipelined
requests, forged fields, and a CA that is emptied while all is running."""

import sys

sys.path.append(sys.path[0] + "/..")
import datetime
import shutil
import socket
import ssl
import time

from support.channel import Cut, TlsChannel, client_context
from support.client_pki import CertificateAuthority
from support.http import Ended
from support.http_front import Front, account
from support.scenario import main
from support.waiting import eventually

VERSIONS = ("1.2", "1.3")
ROUTES = """routes: [{path: /, service: plain},
     {path: /admin, service: plain, client_auth: {secret: clients}}]"""
SITES = f"""  - {{host: mtls.test, scenario: offload, secret: site, service: plain,
     client_auth: {{verify: required, secret: clients}}}}
  - {{host: abort.test, scenario: offload, secret: site, service: plain,
     client_auth: {{verify: required, secret: clients, on_failure: abort}}}}
  - {{host: open.test, scenario: offload, secret: site, service: plain}}
  - {{host: routes.test, scenario: offload, secret: site, redirect_http: false, {ROUTES}}}
  - {{host: clear.test, scenario: offload, secret: site, service: plain, redirect_http: false,
     client_auth: {{verify: required, secret: clients}}}}
"""
HOSTS = ("mtls.test", "abort.test", "open.test", "routes.test", "clear.test")
AROUND = ("/admin", "/%61dmin", "//admin", "/./admin", "/x/../admin", "/x/%2e%2e/admin", "/admin/",
          "/admin/x", "/admin%2Fx", "/%2Fadmin", "/admin;x", "/admin;x/y", "/x%2F..%2Fadmin",
          "/admin%5Cx", "/%2e/admin", "/admin?x", "/..;/admin")
FORGED = ("ssl-client-verify", "ssl-client-subject-dn", "ssl-client-issuer-dn", "ssl-client-cert",
          "X-Forwarded-Client-Cert", "Client-Cert", "Client-Cert-Chain", "SSL-Client-Verify",
          "ssl_client_verify", "Ssl-Client_Cert", "x_forwarded_client_cert", "client_cert")


def test(t):
    clients = CertificateAuthority(t.folder / "clients-ca")
    folder = t.folder / "clients"
    folder.mkdir()
    good = clients.issue(t.folder / "people" / "good")
    revoked = clients.issue(t.folder / "people" / "revoked")
    shutil.copy(clients.folder / "ca.crt", folder / "ca.crt")
    (folder / "ca.crl").write_text(clients.revocation_list())
    front = Front(t, hosts=HOSTS, sites=SITES,
                  secrets=f"  - {{name: clients, directory: {folder}}}\n")
    other_names(t, front, good)
    in_the_clear(front)
    paths(front, good)
    forged_fields(front, good)
    tickets_of_others(t, front, good)
    expired_since(t, front, clients)
    changed_lists(t, front, clients, folder, revoked)
    emptied(front, folder)
    changed_authorities(t, front, clients, folder, good)


def other_names(t, front, good):
    for certificate in (None, good):
        with front.client("offload", "open.test", certificate=certificate) as client:
            for host in ("mtls.test", "MTLS.test.", "mtls.test:443", "abort.test", "routes.test"):
                assert client.get(host=host).status == 421, host
            pipelined = b"".join(b"GET / HTTP/1.1\r\nHost: %s.test\r\n\r\n" % name
                                 for name in (b"open", b"mtls", b"open", b"abort"))
            client.send(pipelined)
            assert [client.response().status for _ in range(4)] == [200, 421, 200, 421]
    # Who has shown a certificate may ask for other sites, which are not told of it.
    with front.client("offload", "mtls.test", certificate=good) as client:
        told = account(client.get(host="open.test"))
        assert not [n for n, _ in told["fields"] if "ssl-client" in n], told["fields"]
        assert client.get(host="mtls.test").status == 200
    for name in (None, "nobody.test"):
        context = client_context(t.authority, check_name=False)
        try:
            TlsChannel(socket.create_connection(("127.0.0.1", front.https_port), 20), context,
                       server_hostname=name)
            raise AssertionError(name)
        except ssl.SSLError as error:
            assert "UNRECOGNIZED_NAME" in error.reason, error


def in_the_clear(front):
    known = len(front.plain.requests)
    for host, path, status in (("mtls.test", "/", 308), ("clear.test", "/", 403),
                               ("CLEAR.test.", "/x", 403), ("routes.test", "/admin", 403),
                               ("routes.test", "//%61dmin/", 403)):
        assert front.ask("plain", path, host=host).status == status, (host, path)
    assert len(front.plain.requests) == known


def paths(front, good):
    with front.client("offload", "routes.test") as client:
        assert client.get("/").status == 200
        for path in AROUND:
            known = len(front.plain.requests)
            assert client.get(path).status == 400, path
            assert len(front.plain.requests) == known, path
        assert client.get("/x;y/z%2Fa").status == 200
        assert client.get("/administrator").status == 200
    with front.client("offload", "routes.test", certificate=good) as client:
        for path in ("/", "/admin", "/%61dmin/x", "//admin"):
            assert client.get(path).status == 200, path


def forged_fields(front, good):
    lies = [(name, "SUCCESS") for name in FORGED]
    for host in ("open.test", "mtls.test", "routes.test"):
        with front.client("offload", host, certificate=good) as client:
            for fields in (lies, lies + [("Connection", "ssl-client-verify, client-cert")]):
                told = account(client.get("/", fields))
                told = {n: v for n, v in told["fields"]
                        if "ssl" in n or "client-cert" in n or "client_cert" in n}
                expected = {"ssl-client-verify": "SUCCESS",
                            "ssl-client-subject-dn": "CN=good,O=Partners",
                            "ssl-client-issuer-dn": "CN=clients-ca"}
                assert told == (expected if host == "mtls.test" else {}), (host, told)
        for name in FORGED:
            forged_trailer(front, host, good, name)


def forged_trailer(front, host, good, name):
    with front.client("offload", host, certificate=good) as client:
        client.send(b"POST /trailer HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n"
                    b"TE: trailers\r\nConnection: TE\r\n\r\n0\r\n%s: FORGED\r\n\r\n"
                    % (host.encode(), name.encode()))
        assert client.response().status in (200, 400), (host, name)
    assert b"FORGED" not in front.plain.received(), (host, name)


def begin(t, front, host, context, session=None):
    """(the session to resume, whether this one was, the status), or (None, None, the alert)."""
    try:
        with front.client("offload", host, context=context, session=session) as client:
            status = client.get().status
            tls = client.channel.tls
            return tls.session, tls.session_reused, status
    except ssl.SSLError as error:
        return None, None, error.reason
    except (Cut, Ended) as error:
        return None, None, repr(error)


def tickets_of_others(t, front, good):
    for version in VERSIONS:
        bare = client_context(t.authority, version=version)
        session = begin(t, front, "open.test", bare)[0]
        assert begin(t, front, "open.test", bare, session)[1]
        assert begin(t, front, "mtls.test", bare, session)[1:] == (False, 400)
        assert begin(t, front, "abort.test", bare, session)[1] is None
        # And one of a site that knows the client.
        shown = client_context(t.authority, version=version, certificate=good)
        session = begin(t, front, "mtls.test", shown)[0]
        assert begin(t, front, "mtls.test", shown, session)[1:] == (True, 200)
        assert begin(t, front, "abort.test", shown, session)[1:] == (False, 200)
        # A weaker policy of the same site.
        assert front.proxy.reload(front.body.replace("required", "optional")) == "applied"
        weak = begin(t, front, "mtls.test", bare)[0]
        assert begin(t, front, "mtls.test", bare, weak)[1:] == (True, 200)
        assert front.proxy.reload(front.body) == "applied"
        assert begin(t, front, "mtls.test", bare, weak)[1:] == (False, 400)
        assert begin(t, front, "abort.test", bare, weak)[1] is None


def expired_since(t, front, clients):
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
    certificate = clients.issue(t.folder / "people" / "short",
                                dates=("20200101000000Z", end.strftime("%Y%m%d%H%M%SZ")))
    begun = []
    for version in VERSIONS:
        context = client_context(t.authority, version=version, certificate=certificate)
        for host in ("mtls.test", "abort.test"):
            session, _, status = begin(t, front, host, context)
            assert status == 200, (version, host, status)
            begun.append((context, host, session))
    eventually("the certificate has expired", lambda: time.time() > end.timestamp() + 1, 10)
    for context, host, session in begun:
        status = begin(t, front, host, context, session)[2]
        assert status == (400 if host == "mtls.test" else "SSLV3_ALERT_CERTIFICATE_EXPIRED"), \
            (host, status)


def changed_lists(t, front, clients, folder, revoked):
    begun = []
    for version in VERSIONS:
        context = client_context(t.authority, version=version, certificate=revoked)
        for host in ("mtls.test", "abort.test", "routes.test"):
            session = begin(t, front, host, context)[0]
            assert begin(t, front, host, context, session)[1:] == (True, 200), host
            begun.append((context, host, session))
    kept = front.client("offload", "mtls.test", certificate=revoked)
    assert kept.get().status == 200
    clients.revoke(revoked)
    (folder / "ca.crl").write_text(clients.revocation_list())
    assert front.proxy.reload(front.body) == "applied"
    response = kept.get()  # which began before, but its request comes after
    assert (response.status, response["Connection"]) == (400, "close"), response
    for context, host, session in begun:
        reused, status = begin(t, front, host, context, session)[1:]
        expected = {"mtls.test": 400, "routes.test": 200,
                    "abort.test": "SSLV3_ALERT_CERTIFICATE_REVOKED"}[host]
        assert not reused and status == expected, (host, reused, status)
    with front.client("offload", "routes.test", certificate=revoked) as client:
        assert client.get("/admin").status == 400


def emptied(front, folder):
    for name in ("ca.crt", "ca.crl"):
        before = (folder / name).read_bytes()
        for content in (b"", b"\n", b"nothing\n", before + b"-----BEGIN X509 CRL-----\nAAAA\n"):
            (folder / name).write_bytes(content)
            assert front.proxy.reload(front.body) == "refused", (name, content)
            with front.client("offload", "mtls.test") as client:
                assert client.get().status == 400
        (folder / name).write_bytes(before)
    before = (folder / "ca.crt").read_bytes()
    (folder / "ca.crt").unlink()
    assert front.proxy.reload(front.body) == "refused"
    (folder / "ca.crt").write_bytes(before)
    demanded = front.body.replace("secret: clients", "secret: clients, crl_check: chain")
    before = (folder / "ca.crl").read_bytes()
    assert front.proxy.reload(demanded) == "applied"
    (folder / "ca.crl").unlink()
    assert front.proxy.reload(demanded) == "refused"
    (folder / "ca.crl").write_bytes(before)
    assert front.proxy.reload(front.body) == "applied"


def changed_authorities(t, front, clients, folder, good):
    begun = []
    for version in VERSIONS:
        context = client_context(t.authority, version=version, certificate=good)
        for host in ("mtls.test", "abort.test"):
            session, _, status = begin(t, front, host, context)
            assert status == 200, (host, status)
            begun.append((context, host, session))
    other = CertificateAuthority(t.folder / "other-ca")
    (folder / "ca.crt").write_text(other.certificate)
    (folder / "ca.crl").write_text(other.revocation_list())
    assert front.proxy.reload(front.body) == "applied"
    for context, host, session in begun:
        status = begin(t, front, host, context, session)[2]
        assert status == (400 if host == "mtls.test" else "TLSV1_ALERT_UNKNOWN_CA"), (host, status)


if __name__ == "__main__":
    main(test)
