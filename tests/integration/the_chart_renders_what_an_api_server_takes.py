"""The chart passes helm's lint, and for every combination in use becomes objects that an API server
takes as they are: of the types that Kubernetes' schemas say, with no field that nobody knows. Pods
have no privilege but binding low ports, the controller may read no more Secrets than it was told,
and the configuration in the ConfigMap passes `sallyport check`. What cannot work is refused with a
reason, and a broken manifest is noticed."""

import sys

sys.path.append(sys.path[0] + "/..")
import base64
import copy
import shutil

from support.channel import connect, server_context
from support.helm import ROOT, Tools
from support.http import Reader
from support.http_backend import WebBackend
from support.process import run
from support.scenario import main

TIMEOUT = 240
SITES = {"config": {"http": {"forwarded": True}, "limits": {"body_size": "10MiB"}}}
INTERNAL = {"services": {"api": {"endpoints": ["api.shop.svc:8443"], "ipAddresses": ["10.0.0.9"]},
                         "web": {"endpoints": ["web.shop.svc:8443"], "existingSecret": "web-tls"},
                         "old": {"endpoints": ["old.shop.svc:80"], "enabled": False}}}
PEM = base64.b64encode(b"-----BEGIN CERTIFICATE-----").decode()
COMBINATIONS = {
    "defaults": {},
    "daemonset": {"kind": "DaemonSet", "hostNetwork": True, "service": {"enabled": False},
                  "controller": {"status": {"nodes": True}}, "priorityClassName": "system-node-critical",
                  "tolerations": [{"operator": "Exists"}], "nodeSelector": {"edge": "yes"}},
    "autoscaled": {"autoscaling": {"enabled": True}, "metrics": {"service": {"enabled": True}}},
    "migration": {"controller": {"compat": "ingress-nginx", "ingressClasses": ["nginx"],
                                 "sslPassthrough": True, "requireBackendVerification": True,
                                 "defaultCertificate": "edge/default", "configMap": "edge/nginx",
                                 "status": {"addresses": ["192.0.2.1"]}},
                  "ingressClass": {"default": True},
                  "service": {"proxyProtocol": "required", "trustedNetworks": ["10.0.0.0/8"],
                              "annotations": {"example.com/lb": "tcp"}}},
    "namespaces": {"controller": {"namespaces": ["shop", "bank"], "secrets": "namespaces"}},
    "names": {"controller": {"secrets": "names", "ticketSecret": False, "events": False,
                             "defaultCertificate": "edge/default", "configMap": "edge/settings",
                             "secretNames": [{"namespace": "shop", "names": ["shop-tls", "ca"]}]}},
    "headers and a cache": {"controller": {
        "configMapNames": [{"namespace": "shop", "names": ["headers", "more"]}],
        "cache": {"enabled": True}, "objectsSize": "2GiB"}},
    "cache of a claim": {"controller": {"cache": {"enabled": True, "secrets": True,
                                                  "existingClaim": "objects"}}},
    "bare": {"ingressClass": {"create": False}, "podDisruptionBudget": {"enabled": False},
             "serviceAccount": {"create": False, "name": "given"}, "service": {"type": "ClusterIP"},
             **SITES},
    "internal tls": {"internal_tls": {"enabled": True, **INTERNAL}},
    "internal tls unverified": {"internal_tls": {"enabled": True, "verify": False, **INTERNAL}},
    "internal tls shared": {"internal_tls": {"enabled": True, "sharedSecret": "all", **INTERNAL}},
    "internal plain": {"internal_tls": {"enabled": False, **INTERNAL}},
    "secret data": {"secretData": {"partners": {"ca.crt": PEM},
                                   "bank": {"tls.crt": PEM, "tls.key": PEM}}},
    "cert-manager": {"certificates": [
        {"name": "shop", "clusterIssuerName": "internal", "commonName": "shop.example.com",
         "dnsNames": ["shop.example.com"], "additionalDnsNames": ["shop", "shop.svc"],
         "additionalIpAddresses": ["10.0.0.7"], "duration": "24h", "renewBefore": "8h",
         "mount": True}, {"name": "other", "issuerName": "local"}]},
}
REFUSED = {
    "needs kind: Deployment": {"kind": "DaemonSet", "autoscaling": {"enabled": True}},
    "needs controller.namespaces": {"controller": {"secrets": "namespaces"}},
    "is not base64": {"secretData": {"a": {"tls.crt": "-----"}}},
    "is not a key": {"secretData": {"a": {"password": PEM}}},
    "secrets": {"controller": {"secrets": "all"}},
    "issuerName": {"certificates": [{"name": "a"}]},
    "kind": {"kind": "StatefulSet"},
}


def test(t):
    tools = Tools(t.folder)
    every = []
    for name, values in COMBINATIONS.items():
        assert not tools.lint(values), (name, tools.lint(values))
        objects = tools.objects(tools.template(values))
        config_passes(t, name, objects)
        for o in objects:
            if o["kind"] in ("Deployment", "DaemonSet"):
                pods_are_bare(name, o, values.get("hostNetwork", False))
        secrets_are_read_as_told(name, values, objects)
        every += objects
        CHECKS.get(name, lambda *_: None)({(o["kind"], o["metadata"]["name"]): o for o in objects})
    plain_manifests = t.folder / "plain.yaml"
    done = tools.run(ROOT / "packaging/kubernetes/render.sh", plain_manifests)
    assert done.returncode == 0, done.stderr
    text = (ROOT / "packaging/kubernetes/sallyport.yaml").read_text()
    assert plain_manifests.read_text() == text, "packaging/kubernetes/render.sh makes another file"
    every += tools.objects(text)
    faults = tools.faults(every)
    assert not faults, "\n".join(faults)
    for part, values in REFUSED.items():
        done = tools.try_template(values)
        assert done.returncode != 0 and part in done.stderr, (part, done.returncode, done.stderr)
    broken_manifests_are_noticed(tools, every)
    internal_tls_is_spoken(t, tools)


def internal_tls_is_spoken(t, tools):
    """Services of internal_tls with what the chart has made: a generated certificate, one that was
    there, one left out; a stranger in place of the service gets nothing, unless verify is off."""
    def backend(name, folder=None):
        return t.keep(WebBackend(lambda request, answer: answer.whole(name.encode()), name=name,
                                 tls=server_context(folder) if folder else None))

    existing, later = t.authority.issue("web", client="too"), "192.0.2.1:8443"
    web, old = backend("web", existing), backend("old")
    stranger = backend("stranger", t.other_authority().issue("odd"))
    services = {"api": {"endpoints": [later]},
                "web": {"endpoints": [web.address], "existingSecret": "web-tls"},
                "old": {"endpoints": [old.address], "enabled": False},
                "odd": {"endpoints": [stranger.address], "existingSecret": "odd-tls"}}
    for verify, odd in ((True, 502), (False, 200)):
        objects = tools.objects(tools.template({"internal_tls": {
            "enabled": True, "verify": verify, "services": services}}))
        secrets = t.folder / f"secrets-{verify}"
        write_secret(only(objects, "Secret"), secrets / "edge-sallyport-api-tls")
        for name in ("web-tls", "odd-tls"):
            shutil.copytree(existing, secrets / name)
        api = backend("api", secrets / "edge-sallyport-api-tls")
        text = only(objects, "ConfigMap")["data"]["sallyport.yaml"]
        made = text[text.index("\nservices:"):].replace(later, api.address)
        port = t.port()
        body = (f"secrets_directory: {secrets}\n"
                f"listeners: [{{name: http, address: '127.0.0.1:{port}', protocol: http}}]\nsites:\n")
        for name in services:
            scenario = "offload" if name == "old" else "reencrypt"
            body += f"  - {{host: {name}.test, scenario: {scenario}, service: {name}}}\n"
        proxy = t.sallyport(body + made, name=f"internal-{verify}")
        for name in services:
            with connect(port) as channel:
                channel.send(f"GET / HTTP/1.1\r\nHost: {name}.test\r\n\r\n".encode())
                reader = Reader(channel)
                response = reader.body_of_response(reader.response())
            expected = odd if name == "odd" else 200
            assert response.status == expected, (verify, name, response.status)
            if expected == 200 and name != "odd":
                assert response.body == name.encode(), (verify, name, response.body)
        proxy.stop()


def write_secret(secret, folder):
    folder.mkdir(parents=True)
    for key, value in secret["data"].items():
        (folder / key).write_bytes(base64.b64decode(value))


def config_passes(t, name, objects):
    text = only(objects, "ConfigMap")["data"]["sallyport.yaml"]
    file = t.folder / "sallyport.yaml"
    file.write_text(text)
    done = run([t.program, "check", "--no-secrets", "-c", file], 30)
    assert done.returncode == 0, (name, text, done.stdout, done.stderr)


def pods_are_bare(name, workload, host_network):
    spec = workload["spec"]["template"]["spec"]
    container, = spec["containers"]
    pod, own = spec["securityContext"], container["securityContext"]
    assert pod["runAsNonRoot"] and pod["runAsUser"] > 0, (name, pod)
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}, (name, pod)
    assert own["readOnlyRootFilesystem"] is True, (name, own)
    assert own["capabilities"] == {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}, (name, own)
    assert own["allowPrivilegeEscalation"] is host_network, (name, own)
    for probe, path in (("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
        assert container[probe]["httpGet"] == {"path": path, "port": "metrics"}, (name, container)


def secrets_are_read_as_told(name, values, objects):
    """Who may read which Secrets: (kind, namespace, names), without the ring of ticket keys."""
    found = set()
    for o in objects:
        for rule in o.get("rules", ()):
            assert "*" not in str(rule), (name, rule)
            assert not {"escalate", "bind", "impersonate", "delete"} & set(rule["verbs"]), (name, rule)
            if "secrets" in rule["resources"] and "get" in rule["verbs"]:
                found.add((o["kind"], o["metadata"].get("namespace"),
                           tuple(rule.get("resourceNames", ()))))
    found -= {("Role", "edge", ("edge-sallyport-tickets",))}
    controller = values.get("controller", {})
    expected = {("ClusterRole", None, ())}
    if controller.get("secrets") == "namespaces":
        expected = {("Role", n, ()) for n in controller["namespaces"]}
    elif controller.get("secrets") == "names":
        expected = {("Role", s["namespace"], tuple(s["names"])) for s in controller["secretNames"]}
    if controller.get("defaultCertificate") and controller.get("secrets", "cluster") != "cluster":
        expected.add(("Role", "edge", ("default",)))
    assert found == expected, (name, found, expected)


def internal(objects):
    secret = objects["Secret", "edge-sallyport-api-tls"]
    assert secret["type"] == "kubernetes.io/tls", secret
    assert secret["metadata"]["annotations"] == {
        "helm.sh/hook": "pre-install", "helm.sh/hook-delete-policy": "before-hook-creation"}, secret
    assert set(secret["data"]) == {"tls.crt", "tls.key", "ca.crt"}, secret
    text = certificate_text(secret)
    assert "CN = api" in text or "CN=api" in text, text
    assert "DNS:api, DNS:api.shop.svc, IP Address:10.0.0.9" in text, text
    assert [k for k in objects if k[0] == "Secret"] == [("Secret", "edge-sallyport-api-tls")]
    services_have_tls(objects, api="full", web="full", old=None)


def services_have_tls(objects, **expected):
    text = objects["ConfigMap", "edge-sallyport"]["data"]["sallyport.yaml"]
    services = text[text.index("\nservices:"):].split("\n- ")[1:]
    for name, verify in expected.items():
        matching = [s for s in services if f"{name}.shop.svc" in s]
        assert len(matching) == 1, (name, services)
        assert (f"verify: {verify}" in matching[0]) if verify else ("tls:" not in matching[0]), matching


def certificate_text(secret):
    pem = base64.b64decode(secret["data"]["tls.crt"]).decode()
    done = run(["openssl", "x509", "-noout", "-text"], 30, input=pem)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shared(objects):
    text = certificate_text(objects["Secret", "all"])
    assert [k for k in objects if k[0] == "Secret"] == [("Secret", "all")], list(objects)
    assert "DNS:api, DNS:api.shop.svc" in text and "old.shop.svc" not in text, text
    services_have_tls(objects, api="full", web="full", old=None)


def unverified(objects):
    services_have_tls(objects, api="none", web="none", old=None)


def plain(objects):
    assert not [k for k in objects if k[0] == "Secret"], list(objects)
    services_have_tls(objects, api=None, web=None, old=None)


def data(objects):
    assert objects["Secret", "partners"]["type"] == "Opaque"
    assert objects["Secret", "bank"]["type"] == "kubernetes.io/tls"
    mounts = objects["Deployment", "edge-sallyport"]["spec"]["template"]["spec"]["containers"][0][
        "volumeMounts"]
    assert {"/etc/sallyport/secrets/bank", "/etc/sallyport/secrets/partners"} <= {
        m["mountPath"] for m in mounts}, mounts


def certificates(objects):
    spec = objects["Certificate", "shop"]["spec"]
    assert spec["issuerRef"] == {"group": "cert-manager.io", "kind": "ClusterIssuer",
                                 "name": "internal"}, spec
    assert spec["dnsNames"] == ["shop.example.com", "shop", "shop.svc"], spec
    assert spec["ipAddresses"] == ["10.0.0.7"] and spec["duration"] == "24h", spec
    assert objects["Certificate", "other"]["spec"]["issuerRef"]["kind"] == "Issuer", objects


def headers_and_cache(objects):
    role = objects["Role", "edge-sallyport-headers"]
    assert role["metadata"]["namespace"] == "shop" and role["rules"] == [
        {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["headers", "more"],
         "verbs": ["get", "list", "watch"]}], role
    assert ("RoleBinding", "edge-sallyport-headers") in objects, list(objects)
    assert cache_of(objects) == {"name": "cache", "emptyDir": {"sizeLimit": "256Mi"}}
    text = objects["ConfigMap", "edge-sallyport"]["data"]["sallyport.yaml"]
    for line in ("cache: /var/cache/sallyport/objects", "cache_secrets: false",
                 "objects_size: 2GiB"):
        assert line in text, (line, text)


def claimed_cache(objects):
    assert cache_of(objects) == {"name": "cache",
                                 "persistentVolumeClaim": {"claimName": "objects"}}
    text = objects["ConfigMap", "edge-sallyport"]["data"]["sallyport.yaml"]
    assert "cache_secrets: true" in text, text


def cache_of(objects):
    """Its volume; the root stays read-only beside it."""
    pod = objects["Deployment", "edge-sallyport"]["spec"]["template"]["spec"]
    assert {"name": "cache", "mountPath": "/var/cache/sallyport"} in \
        pod["containers"][0]["volumeMounts"], pod
    return next(v for v in pod["volumes"] if v["name"] == "cache")


CHECKS = {"headers and a cache": headers_and_cache, "cache of a claim": claimed_cache,
          "internal tls": internal, "internal tls shared": shared, "internal plain": plain,
          "internal tls unverified": unverified, "secret data": data, "cert-manager": certificates}


def broken_manifests_are_noticed(tools, objects):
    def broken(kind, change):
        o = copy.deepcopy(only(objects, kind))
        change(o)
        return tools.faults([o])

    assert broken("Deployment", lambda o: o["spec"]["template"]["spec"].update(bogus=1))
    assert broken("Deployment", lambda o: o["spec"].update(replicas="two"))
    assert broken("DaemonSet", lambda o: o["spec"].pop("selector"))
    assert broken("IngressClass", lambda o: o["spec"].update(controler="x"))
    assert broken("IngressClass", lambda o: o["spec"].update(controller=1))
    assert broken("Service", lambda o: o["spec"].update(ports="80"))
    assert broken("Role", lambda o: o["rules"][0].pop("verbs"))
    assert broken("ConfigMap", lambda o: o["metadata"].update(lables={}))


def only(objects, kind):
    return next(o for o in objects if o["kind"] == kind)


if __name__ == "__main__":
    main(test)
