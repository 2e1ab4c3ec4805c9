"""`sallyport check --kubeconfig`: the migration report of a cluster itself, as text and as JSON, with
status 1 when something would be served less securely, when something may not be read, and when
there is no cluster. Secrets are asked for only in namespaces whose Ingresses name some."""

import sys

sys.path.append(sys.path[0] + "/..")
import json
import subprocess

from support.kube import manifests
from support.kube.api_server import ApiServer
from support.scenario import main

TIMEOUT = 120
THEIRS = "nginx.ingress.kubernetes.io/"
READING = [{"apiGroups": ["*"], "verbs": ["list", "watch"],
            "resources": ["ingresses", "ingressclasses", "services", "endpointslices",
                          "configmaps"]}]
SECRETS = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list", "watch"]}]


def test(t):
    server = t.keep(ApiServer(t, user="somebody", everything=False))
    server.access.grant("somebody", READING)
    server.access.grant("somebody", SECRETS, "shop")
    kubeconfig = server.kubeconfig(t.folder / "kubeconfig")

    def check(*options, file=kubeconfig):
        done = subprocess.run([t.program, "check", "--kubeconfig", file, *options],
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    clients = manifests.tls_secret("clients", t.authority.issue("shop.test"), "shop", ("ca.crt",))
    annotations = {THEIRS + "proxy-body-size": "8m", THEIRS + "enable-cors": "true",
                   THEIRS + "auth-tls-secret": "shop/clients"}
    shop = manifests.ingress("shop", "shop.test", "shop", "shop", secret="site",
                             annotations=annotations, ingress_class="external")
    server.apply(
        manifests.ingress_class("external", "k8s.io/ingress-nginx"), shop, clients,
        manifests.ingress("other", "other.test", "shop", "shop", ingress_class="traefik",
                          annotations={THEIRS + "app-root": "/start"}),
        manifests.ingress("plain", "plain.test", "plain", "plain", ingress_class="nginx"),
        manifests.service("shop", "shop"), manifests.service("plain", "plain"),
        manifests.tls_secret("site", t.authority.issue("shop.test"), "shop"),
        manifests.tls_secret("other", t.authority.issue("other.test"), "plain"),
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"hsts-max-age": "600"},
         "metadata": {"name": "ingress-nginx-controller", "namespace": "nginx"}})
    for streaming in (True, False):
        server.streaming_lists = streaming
        status, text = check()
        assert status == 0, text
        for line in ("Ingress shop/shop", f"{THEIRS}proxy-body-size (8m): same",
                     f"{THEIRS}enable-cors (true): not supported: ",
                     f"{THEIRS}auth-tls-secret (shop/clients): same", "Ingress shop/other",
                     "is of another class", "ConfigMap nginx/ingress-nginx-controller",
                     "hsts-max-age (600): same", "nothing is served less securely"):
            assert line in text, (line, text)
        assert "does not exist" not in text, text
    assert not server.count(resource="secrets", namespace="plain"), "whose keys nobody needs"
    assert not server.count(resource="secrets", namespace=None), "all Secrets of the cluster"

    status, text = check("--format", "json")
    report = json.loads(text)
    assert status == 0 and report["less_secure"] is False and not report["problems"], report
    assert report["other_classes"] == ["shop/other"], report
    verdicts = {row["where"]: row["verdict"] for row in report["rows"]}
    assert verdicts[THEIRS + "proxy-body-size"] == "same", verdicts

    status, text = check("--print-roles", "--secrets", "names")
    assert status == 0 and '["clients"' in text.replace("[clients", '["clients"'), text

    for what in ("429 text", "429 json", "500", "reset", "half an answer", "410"):
        server.faults.inject(what, times=1, resource="ingresses")
        status, text = check()
        assert status == 0 and "Ingress shop/shop" in text, (what, text)

    shop["metadata"]["annotations"][THEIRS + "limit-rps"] = "5"
    server.apply(shop)
    status, text = check()
    assert status == 1 and "LESS SECURE" in text, text
    status, text = check("--format", "json")
    assert status == 1 and json.loads(text)["less_secure"] is True, text
    del shop["metadata"]["annotations"][THEIRS + "limit-rps"]
    server.apply(shop)
    assert check()[0] == 0

    settings = t.folder / "sallyport.yaml"
    settings.write_text("kubernetes: {ingress_classes: [traefik], secrets: names}\n")
    status, text = check("-c", settings)
    assert status == 0 and "Ingress shop/other" in text, text
    assert text.count("is of another class") == 2, text

    server.access.revoke("somebody")
    server.access.grant("somebody", READING)
    status, text = check()
    assert status == 1 and "secrets of shop" in text and "cannot be read: 403" in text, text
    server.access.revoke("somebody")
    status, text = check()
    assert status == 1 and "ingresses cannot be read: 403" in text, text
    server.access.tokens.clear()
    status, text = check()
    assert status == 1 and "cannot be read: 401" in text, text
    server.stop()
    status, text = check()
    assert status == 1 and "cannot be read: " in text, text
    status, text = check("--context", "elsewhere")
    assert status == 1 and "elsewhere" in text, text
    status, text = check(file=t.folder / "nothing")
    assert status == 1 and "nothing" in text, text
    done = subprocess.run([t.program, "check", "--kubeconfig", kubeconfig, "--manifests", "x"],
                          capture_output=True, timeout=60)
    assert done.returncode == 2, done


if __name__ == "__main__":
    main(test)
