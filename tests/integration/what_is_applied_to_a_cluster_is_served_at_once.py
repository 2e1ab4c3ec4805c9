"""From an applied object to traffic: an Ingress that comes, changed endpoints, a renewed Secret, a
second path, and an Ingress that goes. Nothing is served, and the proxy is not ready, before the
whole cluster is known. Then the same from recordings of a real API server, under any borders."""

import sys

sys.path.append(sys.path[0] + "/..")
import base64
import json
import ssl

from support.channel import connect
from support.kube import manifests
from support.kube.api_server import ApiServer
from support.kube.controller import Controller, RELISTS, named_backend, serve
from support.kube.recordings import Recording
from support.kube.replay_server import IDLE, ReplayServer
from support.scenario import main
from support.waiting import eventually


def test(t):
    live(t)
    for streaming in (True, False):
        first_sync(t, streaming)
    for n, (borders, compressed) in enumerate((("recorded", False), ("random", False),
                                               ("random", True))):
        recorded(t, f"recorded{n}", borders, compressed)


def live(t):
    server = t.keep(ApiServer(t))
    server.apply(manifests.ingress_class())
    server.apply(config_map("settings", {"global-allowed-response-headers": "X-Served"}))
    proxy = t.keep(Controller(t, server, kubernetes="config_map: default/settings"))
    old, new = named_backend(t, "old"), named_backend(t, "new")
    assert proxy.status("shop.test") is None and proxy.status("shop.test", secure=False) == 404

    serve(server, t, "shop", old)
    eventually("the Ingress is served", lambda: proxy.served_by("shop.test") == "old")
    assert proxy.status("shop.test", secure=False) == 308
    assert proxy.status("other.test") is None
    seen = proxy.ask("shop.test")
    assert seen.body == b"old", seen

    server.apply(manifests.endpoints("shop", [new.address]))
    eventually("the new endpoint is used", lambda: proxy.served_by("shop.test") == "new")
    serve(server, t, "plain", old, secure=False)
    eventually("a host without TLS", lambda: proxy.served_by("plain.test", secure=False) == "old")

    server.apply(manifests.ingress("plain", "plain.test", "plain", annotations={
        "nginx.ingress.kubernetes.io/custom-headers": "default/fields"}))
    eventually("a ConfigMap that is not there is missed",
               lambda: proxy.status("plain.test", secure=False) == 503)
    server.apply(config_map("fields", {"X-Served": "yes"}))
    eventually("its field is added",
               lambda: proxy.ask("plain.test", secure=False)["X-Served"] == "yes")

    before = proxy.serial("shop.test")
    renewed = t.authority.issue("shop.test", days=60)
    server.apply(manifests.tls_secret("shop-tls", renewed))
    eventually("the renewed certificate is shown", lambda: proxy.serial("shop.test") != before)
    assert proxy.served_by("shop.test") == "new"

    server.delete("Ingress", "shop")
    eventually("the host is gone", lambda: proxy.status("shop.test") is None)
    assert proxy.served_by("plain.test", secure=False) == "old"
    metrics = proxy.metrics()
    assert metrics.sum("sallyport_kubernetes_objects", resource="ingresses") == 1
    assert metrics.sum("sallyport_kubernetes_errors_total") == 0, metrics.samples
    assert metrics.sum(RELISTS) == 0
    proxy.stop()


def config_map(name, data):
    return {"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": "default"}, "data": data}


def first_sync(t, streaming):
    """Not ready while Services cannot be listed, however much else is known."""
    server = t.keep(ApiServer(t, gzip_from=1000))
    server.streaming_lists = streaming
    server.apply(manifests.ingress_class())
    backend = named_backend(t, "first")
    serve(server, t, "shop", backend)
    server.faults.inject("500", times=None, resource="services")
    proxy = t.keep(Controller(t, server, name=f"sync-{streaming}", wait=False))
    eventually("Ingresses are known", lambda: proxy.metrics().sum(
        "sallyport_kubernetes_objects", resource="ingresses") == 1)
    eventually("Services are tried again", lambda: proxy.errors(
        resource="services", reason="server_error") >= 2)
    assert proxy.get("/readyz")[0] == 503 and proxy.get("/healthz")[0] == 200
    try:
        connect(proxy.https_port).close()
        raise AssertionError("it listens before it knows what to serve")
    except OSError:
        pass
    server.faults.clear()
    eventually("it is ready", proxy.is_ready, 15)
    assert proxy.served_by("shop.test") == "first"
    proxy.stop()


def recorded(t, name, borders, compressed):
    networking, core = "/apis/networking.k8s.io/v1", "/api/v1"
    server = t.keep(ReplayServer(t, {
        (f"{networking}/ingresses", "watchlist"): ["33-watchlist-ingresses"],
        (f"{networking}/ingresses", "watch"): ["30-watch-ingresses-75s",
                                               "24-watch-too-old-error-event", IDLE],
        (f"{networking}/ingressclasses", "list"): ["15-list-ingressclasses"],
        (f"{core}/secrets", "watchlist"): ["33-watchlist-secrets-tls"],
        (f"{core}/secrets", "watch"): [IDLE],
        (f"{core}/services", "list"): ["79-crd-just-created-429", "13-list-services"],
        ("/apis/discovery.k8s.io/v1/endpointslices", "list"): [
            "47-too-many-requests-429", "14-list-endpointslices"],
    }, borders, compressed))
    config = t.folder / f"{name}.kubeconfig"
    config.write_text(json.dumps({
        "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c",
                                                                       "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server.url, "certificate-authority":
                                               str(server.authority.file)}}],
        "users": [{"name": "u", "user": {"token": "any"}}]}))
    controller = json.loads(Recording("15-list-ingressclasses").body)["items"][0]
    proxy = t.keep(Controller(t, server, name=name, kubeconfig=config, kubernetes=(
        f"controller: {controller['spec']['controller']}\nleader_election: {{enabled: false}}")))
    secrets = json.loads(Recording("12-list-secrets-tls").body)["items"]
    shop = next(s for s in secrets if s["metadata"]["name"] == "shop-tls")
    eventually("the recorded certificate is shown",
               lambda: shown(proxy, "shop.example.test") == shop["data"]["tls.crt"])
    eventually("the past that was too old was listed anew",
               lambda: proxy.metrics().sum(RELISTS, resource="ingresses") >= 1)
    assert shown(proxy, "shop.example.test") == shop["data"]["tls.crt"]
    for reason in ("throttled", "expired"):
        assert proxy.errors(reason=reason) >= 1, reason
    assert not proxy.errors(reason="malformed"), proxy.process.output
    assert all("gzip" in r[3]["accept-encoding"] for r in server.requests)
    assert all(r[3]["user-agent"].startswith("sallyport/") for r in server.requests)
    proxy.stop()


def shown(proxy, host):
    """The certificate in base64, as a Secret has it."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with connect(proxy.https_port) as channel, context.wrap_socket(
                channel.socket, server_hostname=host) as secure:
            pem = ssl.DER_cert_to_PEM_cert(secure.getpeercert(True))
            return base64.b64encode(pem.encode()).decode()
    except (OSError, ssl.SSLError):
        return None


if __name__ == "__main__":
    main(test)
