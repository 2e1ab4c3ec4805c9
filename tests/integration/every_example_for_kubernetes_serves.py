"""Each folder under conf/kubernetes serves as it says, with nothing added but what the cluster would
add: Secrets and endpoints."""

import sys

sys.path.append(sys.path[0] + "/..")
import base64
import ssl

from support.channel import server_context
from support.http_backend import WebBackend
from support.http_front import account, values
from support.kube.folder import CONF, FolderController, slice_of
from support.kube.manifests import tls_secret
from support.scenario import main
from support.waiting import eventually


def test(t):
    rows = {"connectivity-proxy": connectivity_proxy,
            "connectivity-proxy-passthrough": connectivity_proxy_passthrough,
            "one-certificate": one_certificate,
            "replaced-authority": replaced_authority,
            "workflow-service": workflow_service,
            "three-scenarios": three_scenarios,
            "http-01-solver": http_01_solver}
    assert set(rows) == {path.name for path in CONF.iterdir() if path.is_dir()}
    for example, row in rows.items():
        row(t, example)
        print(f"{example}: served")


def web(t, name, tls=None):
    return t.keep(WebBackend(name=name, **({"tls": tls} if tls else {})))


def secret(t, name, namespace, dns, **options):
    folder = t.authority.issue(name, dns=dns, **options)
    return tls_secret(name, folder, namespace, ("tls.crt", "tls.key", "ca.crt"))


def authority_secret(name, namespace, *authorities):
    text = b"".join(a.file.read_bytes() for a in authorities)
    return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": name, "namespace": namespace},
            "data": {"ca.crt": base64.b64encode(text).decode()}}


def connectivity_proxy(t, example):
    host = "proxy.example.test"
    own = t.authority.issue("connectivity-proxy-tls", dns=(host,), client="too")
    both = tls_secret("connectivity-proxy-tls", own, "connectivity",
                      ("tls.crt", "tls.key", "ca.crt"))
    internal = t.authority.issue("connectivity-proxy.connectivity.svc")
    backend = web(t, "tunnel", server_context(internal, client_authority=t.authority))
    proxy = t.keep(FolderController(t, [
        both, slice_of("connectivity-proxy", [backend], "connectivity", "tunnel")], example,
        name=example))
    assert proxy.exchange(host).status == 400
    client = t.authority.issue("partner", client=True)
    seen = account(proxy.exchange(host, certificate=client))
    assert values(seen, "ssl-client-verify") == ["SUCCESS"], seen
    assert values(seen, "ssl-client-subject-dn") == ["CN=partner"], seen
    assert len(values(seen, "ssl-client-cert")) == 1
    assert backend.seen[-1].client_name == "connectivity-proxy-tls"
    assert proxy.exchange(host, secure=False).status == 308
    proxy.stop()


def connectivity_proxy_passthrough(t, example):
    host = "proxy.example.test"
    backend = web(t, "pod", server_context(t.authority.issue("pod", dns=(host,))))
    proxy = t.keep(FolderController(t, [
        slice_of("connectivity-proxy", [backend], "connectivity", "tunnel")], example, name=example,
        kubernetes="ssl_passthrough: true"))
    with proxy.client(host) as client:
        assert client.get("/").status == 200
    assert backend.seen[-1].sni == host, backend.seen[-1].sni
    proxy.stop()


def one_certificate(t, example):
    hosts = [f"{name}.example.test" for name in ("api", "admin", "files")]
    backends = {name: web(t, name) for name in ("api", "admin", "files")}
    objects = [slice_of(name, [b], "shop", "http") for name, b in backends.items()]
    proxy = t.keep(FolderController(t, [secret(t, "internal-tls", "shop", hosts), *objects],
                                    example, name=example))
    for name, backend in backends.items():
        known = len(backend.requests)
        assert proxy.exchange(f"{name}.example.test").status == 200
        assert len(backend.requests) == known + 1
    proxy.stop()


def replaced_authority(t, example):
    """Old clients are let in while both authorities are in the Secret, and not afterwards; no
    request of anybody who should be let in fails meanwhile."""
    host = "partners.example.test"
    old, new = t.other_authority("Old partners"), t.other_authority("New partners")
    backend = web(t, "orders")
    rest = [secret(t, "partner-tls", "shop", (host,)),
            slice_of("orders", [backend], "shop", "http")]
    proxy = t.keep(FolderController(t, [*rest, authority_secret("partners", "shop", old)], example,
                                    name=example))
    before, after = old.issue("before", client=True), new.issue("after", client=True)

    def status(certificate):
        return proxy.exchange(host, certificate=certificate).status

    assert status(before) == 200 and status(after) == 400
    proxy.apply("made", *rest, authority_secret("partners", "shop", new, old))
    eventually("the new authority counts", lambda: status(after) == 200)
    assert status(before) == 200
    proxy.apply("made", *rest, authority_secret("partners", "shop", new))
    eventually("the old authority is gone", lambda: status(before) == 400)
    assert status(after) == 200
    proxy.stop()


def workflow_service(t, example):
    host = "workflow.example.test"
    api = web(t, "api", server_context(t.authority.issue("api.workflow.svc")))
    monitoring = web(t, "monitoring")
    rest = [authority_secret("internal-ca", "workflow", t.authority),
            slice_of("api", [api], "workflow", "https"),
            slice_of("monitoring", [monitoring], "workflow", "http")]
    proxy = t.keep(FolderController(t, [secret(t, "workflow-tls", "workflow", (host,)), *rest],
                                    example, name=example))
    assert proxy.exchange(host, "/api/jobs").status == 200 and len(api.requests) == 1
    assert proxy.exchange(host, "/metrics").status == 200 and len(monitoring.requests) == 1
    assert proxy.exchange(host, "/other").status == 404
    first = proxy.serial(host)
    with proxy.client(host) as held:
        assert held.get("/metrics").status == 200
        proxy.apply("made", secret(t, "workflow-tls", "workflow", (host,), days=60), *rest)
        eventually("the renewed certificate is shown", lambda: proxy.serial(host) != first)
        assert held.get("/metrics").status == 200, "the connection from before goes on"
    proxy.stop()


def three_scenarios(t, example):
    hosts = ("offload.example.test", "reencrypt.example.test")
    plain = web(t, "plain")
    names = ("encrypted.apps.svc", "passthrough.example.test")
    encrypted = web(t, "encrypted", server_context(t.authority.issue("encrypted", dns=names)))
    proxy = t.keep(FolderController(t, [
        secret(t, "apps-tls", "apps", hosts), authority_secret("internal-ca", "apps", t.authority),
        slice_of("plain", [plain], "apps", "http"),
        slice_of("encrypted", [encrypted], "apps", "https")], example, name=example,
        kubernetes="ssl_passthrough: true"))
    assert proxy.exchange("offload.example.test").status == 200 and len(plain.requests) == 1
    assert proxy.exchange("reencrypt.example.test").status == 200
    assert encrypted.seen[-1].sni == "encrypted.apps.svc"
    assert proxy.exchange("passthrough.example.test").status == 200
    assert encrypted.seen[-1].sni == "passthrough.example.test"
    try:
        proxy.exchange("unknown.example.test")
        raise AssertionError("a name that nobody has was served")
    except ssl.SSLError as error:
        assert error.reason == "TLSV1_UNRECOGNIZED_NAME", error
    proxy.stop()


def http_01_solver(t, example):
    host, token = "bank.example.test", "/.well-known/acme-challenge/0Fh2nQx"
    bank, solver = web(t, "bank"), web(t, "solver")
    proxy = t.keep(FolderController(t, [
        secret(t, "bank-tls", "bank", (host,)),
        authority_secret("bank-clients", "bank", t.authority),
        slice_of("bank", [bank], "bank", "http"),
        slice_of("cm-acme-http-solver-k9d4z", [solver], "bank", "http")], example, name=example))
    assert proxy.exchange(host, token, secure=False).status == 200 and len(solver.requests) == 1
    assert proxy.exchange(host, "/", secure=False).status == 308
    assert proxy.exchange(host).status == 400
    client = t.authority.issue("customer", client=True)
    assert proxy.exchange(host, certificate=client).status == 200 and len(bank.requests) == 1
    proxy.stop()


if __name__ == "__main__":
    main(test)
