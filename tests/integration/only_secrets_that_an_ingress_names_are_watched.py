"""With `secrets: names`, and a Role that has nothing but the names: one watch for each Secret that
an Ingress names, and no others are asked for. A Secret that may not be read harms its host alone,
and an Ingress that comes later brings its own watch."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.kube import manifests
from support.kube.api_server import ApiServer
from support.kube.controller import Controller, named_backend, serve
from support.scenario import main
from support.waiting import eventually

READ = ["get", "list", "watch"]


def test(t):
    server = t.keep(ApiServer(t, everything=False))
    server.access.grant(server.user, [
        {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses", "ingressclasses"],
         "verbs": READ},
        {"apiGroups": [""], "resources": ["services"], "verbs": READ},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": READ}])
    allow(server, "shop-tls", "late-tls")
    server.apply(manifests.ingress_class())
    backend = named_backend(t, "web")
    for name in ("shop", "secret"):
        serve(server, t, name, backend)
    server.apply(manifests.tls_secret("nobodys-tls", t.authority.issue("nobody.test")))
    proxy = t.keep(Controller(t, server, kubernetes="secrets: names\n"
                                                    "leader_election: {enabled: false}"))
    assert proxy.served_by("shop.test") == "web"
    assert proxy.status("secret.test") is None
    assert proxy.errors(resource="secrets", reason="forbidden") >= 1
    serve(server, t, "late", backend)
    eventually("a later host has its Secret", lambda: proxy.served_by("late.test") == "web")
    asked = {(r[1], r[4]) for r in server.requests if r[2] == "secrets"}
    assert {name for _, name in asked} == {"shop-tls", "secret-tls", "late-tls"}, asked

    allow(server, "secret-tls")
    eventually("once it may be read its host is served",
               lambda: proxy.served_by("secret.test") == "web", 45)
    proxy.stop()


def allow(server, *names):
    server.access.grant(server.user, [{"apiGroups": [""], "resources": ["secrets"],
                                       "resourceNames": list(names), "verbs": READ}], "default")


if __name__ == "__main__":
    main(test)
