"""Statuses and fields of auth-tls-*: each kind of client certificate against each value of
auth-tls-verify-client, under both prefixes; with a page for errors, with a pattern for names, and
with Secrets that are not there or hold no authority."""

import sys

sys.path.append(sys.path[0] + "/..")
import base64

from support.client_pki import ClientPki
from support.http_backend import WebBackend
from support.http_front import account, values
from support.kube import manifests
from support.kube.folder import FolderController, slice_of
from support.scenario import main

PREFIXES = {"theirs": "nginx.ingress.kubernetes.io/", "ours": "sallyport.dev/"}
KINDS = ("none", "valid", "wrong_ca", "self_signed", "expired", "revoked", "wrong_use", "too_deep")
UNKNOWN = ("wrong_ca", "self_signed")


def expected(verify, kind):
    """Status, and what ssl-client-verify begins with."""
    if verify == "off":
        return 200, "NONE"
    if kind == "none":
        return (400, None) if verify == "on" else (200, "NONE")
    if kind == "valid":
        return 200, "SUCCESS"
    if kind in UNKNOWN and verify == "optional_no_ca":
        return 200, "FAILED:"
    return 400, None


def test(t):
    pki = ClientPki(t.pki_folder)
    backend = t.keep(WebBackend())
    hosts, objects = {}, []

    def add(name, annotations, prefix=PREFIXES["theirs"], secret="site"):
        host = f"{name}.test"
        objects.append(manifests.ingress(
            name, host, "web", "shop", secret=secret,
            annotations={prefix + key: value for key, value in annotations.items()}))
        hosts[name] = host
        return host

    for spelling, prefix in PREFIXES.items():
        for verify in ("on", "optional", "optional_no_ca", "off"):
            add(f"{spelling}-{verify.replace('_', '-')}",
                {"auth-tls-secret": "shop/clients", "auth-tls-verify-client": verify,
                 "auth-tls-pass-certificate-to-upstream": "true"}, prefix)
    add("page", {"auth-tls-secret": "shop/clients",
                 "auth-tls-error-page": "https://help.test/certificates"})
    add("cn", {"auth-tls-secret": "shop/clients", "auth-tls-match-cn": "CN=val(id|ue)"})
    add("other-cn", {"auth-tls-secret": "shop/clients", "auth-tls-match-cn": "CN=vali"})
    add("missing", {"auth-tls-secret": "shop/nothing"})
    add("no-ca", {"auth-tls-secret": "shop/site"})
    add("plain", {"auth-tls-secret": "shop/clients", "ssl-redirect": "false"})
    site = t.authority.issue("kube site", dns=tuple(hosts.values()))
    clients = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
               "metadata": {"name": "clients", "namespace": "shop"},
               "data": {key: base64.b64encode((pki.secret / key).read_bytes()).decode()
                        for key in ("ca.crt", "ca.crl")}}
    proxy = t.keep(FolderController(t, [
        *objects, clients, manifests.tls_secret("site", site, "shop"),
        manifests.service("web", "shop"), slice_of("web", [backend], "shop", "main")]))

    def ask(name, kind="none", fields=()):
        certificate = {} if kind == "none" else {"certificate": pki.certificate(kind)}
        return proxy.exchange(hosts[name], fields=fields, **certificate)

    for spelling in PREFIXES:
        for verify in ("on", "optional", "optional_no_ca", "off"):
            name = f"{spelling}-{verify.replace('_', '-')}"
            for kind in KINDS:
                status, told = expected(verify, kind)
                known = len(backend.requests)
                got = ask(name, kind, [("ssl-client-verify", "SUCCESS"),
                                       ("ssl-client-subject-dn", "CN=forged")])
                where = (name, kind, got)
                assert got.status == status, where
                if status != 200:
                    assert len(backend.requests) == known, where
                    continue
                seen = account(got)
                verdict = values(seen, "ssl-client-verify")
                assert len(verdict) == 1 and verdict[0].startswith(told), (where, verdict)
                subject = values(seen, "ssl-client-subject-dn")
                assert "CN=forged" not in subject, where
                shown = told != "NONE"
                assert bool(values(seen, "ssl-client-cert")) == shown, where
        assert proxy.exchange(hosts[f"{spelling}-on"], secure=False).status == 308

    got = ask("page")
    assert (got.status, got["Location"]) == (302, "https://help.test/certificates"), got
    assert ask("page", "valid").status == 200
    assert ask("cn", "valid").status == 200
    assert ask("cn").status in (400, 403) and ask("other-cn", "valid").status == 403
    for name in ("missing", "no-ca"):
        assert ask(name, "valid").status == 403, name
        assert proxy.exchange(hosts[name], secure=False).status == 403, name
    assert proxy.exchange(hosts["plain"], secure=False).status == 403
    assert ask("plain", "valid").status == 200
    proxy.stop()


if __name__ == "__main__":
    main(test)
