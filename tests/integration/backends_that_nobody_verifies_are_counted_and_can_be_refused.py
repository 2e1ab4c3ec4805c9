"""`backend-protocol: HTTPS` as ingress-nginx has it takes any certificate for the backend's: it is
served, with a finding in the log and as an Event, and counted. With proxy-ssl-secret and
proxy-ssl-verify the backend is who it should be or gets nothing; with
`kubernetes.require_backend_verification` that is so for all of them."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.channel import server_context
from support.http_backend import WebBackend
from support.kube import manifests
from support.kube.api_server import ApiServer
from support.kube.controller import Controller, serve
from support.scenario import main
from support.waiting import eventually

THEIRS = "nginx.ingress.kubernetes.io/"
UNVERIFIED = "sallyport_kubernetes_unverified_services"
FINDINGS = "sallyport_kubernetes_findings"
HTTPS = {THEIRS + "backend-protocol": "HTTPS"}
CHECKED = {**HTTPS, THEIRS + "proxy-ssl-secret": "default/authority",
           THEIRS + "proxy-ssl-verify": "on"}


def test(t):
    def backend(name, authority):
        folder = authority.issue(f"{name}.default.svc")
        return t.keep(WebBackend(lambda request, answer: answer.whole(name.encode()), name=name,
                                 tls=server_context(folder)))

    server = t.keep(ApiServer(t))
    strangers = t.other_authority()
    server.apply(manifests.ingress_class(),
                 manifests.tls_secret("authority", t.authority.issue("any"), keys=("ca.crt",)))
    serve(server, t, "any", backend("any", strangers), annotations=HTTPS)
    serve(server, t, "good", backend("good", t.authority), annotations=CHECKED)
    serve(server, t, "bad", backend("bad", strangers), annotations=CHECKED)
    election = ("leader_election: {duration: 2s, namespace: default}\n"
                "status: {addresses: [192.0.2.1]}")
    proxy = t.keep(Controller(t, server, kubernetes=election))
    assert proxy.served_by("any.test") == "any"
    assert proxy.served_by("good.test") == "good"
    assert proxy.status("bad.test") == 502
    assert proxy.metrics().sum(UNVERIFIED) == 1
    assert proxy.metrics().sum(FINDINGS, code="backend-not-verified", severity="warning") == 1
    assert "takes any certificate for the backend's" in proxy.process.output
    eventually("an Event tells", lambda: any(
        e["reason"] == "BackendNotVerified" and e["regarding"]["name"] == "any"
        for e in server.all("Event")))

    # Verified from now on, and so not served until it has a certificate of that authority.
    server.apply(manifests.ingress("any", "any.test", "any", secret="any-tls", annotations=CHECKED))
    eventually("it is refused", lambda: proxy.status("any.test") == 502)
    assert proxy.metrics().sum(UNVERIFIED) == 0
    assert proxy.metrics().sum(FINDINGS, code="backend-not-verified") == 0
    server.apply(manifests.ingress("any", "any.test", "any", secret="any-tls", annotations=HTTPS))
    eventually("it is served again", lambda: proxy.served_by("any.test") == "any")
    assert proxy.metrics().sum(UNVERIFIED) == 1

    strict = t.keep(Controller(t, server, name="strict", kubernetes="leader_election: "
                               "{enabled: false}\nrequire_backend_verification: true"))
    assert strict.status("any.test") == 502
    assert strict.status("bad.test") == 502
    assert strict.served_by("good.test") == "good"
    assert strict.metrics().sum(UNVERIFIED) == 0
    assert strict.metrics().sum(FINDINGS, code="backend-not-verified") == 0


if __name__ == "__main__":
    main(test)
