"""`sallyport check --manifests`: same, differs, not supported or refused for each annotation, as text
and as JSON; status 1 when something would be served less securely than by ingress-nginx, or cannot
be read; of files and folders, of manifests and of what kubectl prints. `--print-roles` names the
Secrets that Ingresses name, and nothing may grant rights."""

import sys

sys.path.append(sys.path[0] + "/..")
import json
import subprocess

from support.kube import manifests
from support.scenario import main

THEIRS = "nginx.ingress.kubernetes.io/"
CERTIFICATE = "-----BEGIN CERTIFICATE-----"


def test(t):
    def check(path, *options):
        done = subprocess.run([t.program, "check", "--manifests", path, *options],
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    folder = t.folder / "cluster"
    (folder / "inner").mkdir(parents=True)
    annotations = {THEIRS + "proxy-body-size": "8m", THEIRS + "affinity": "cookie",
                   THEIRS + "enable-cors": "true", THEIRS + "auth-type": "basic",
                   THEIRS + "made-up": "1", "example.com/theirs": "x"}
    site = t.authority.issue("shop.test")
    objects = [
        manifests.ingress("shop", "shop.test", "shop", "shop", secret="site",
                          annotations=annotations, ingress_class="nginx"),
        manifests.ingress("other", "other.test", "shop", "shop", ingress_class="traefik"),
        manifests.service("shop", "shop"), manifests.tls_secret("site", site, "shop")]
    everything = folder / "inner" / "all.json"
    everything.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    status, text = check(folder)
    assert status == 0, text
    for line in ("Ingress shop/shop", f"{THEIRS}proxy-body-size (8m): same",
                 f"{THEIRS}affinity (cookie): differs: ",
                 f"{THEIRS}enable-cors (true): not supported: ",
                 f"{THEIRS}auth-type (basic): refused: ", f"{THEIRS}made-up (1): not supported: ",
                 "is of another class", "nothing is served less securely"):
        assert line in text, (line, text)
    assert "example.com/theirs" not in text, text

    status, text = check(everything, "--format", "json")
    report = json.loads(text)
    verdicts = {row["where"]: row["verdict"] for row in report["rows"]}
    assert status == 0 and report["less_secure"] is False, report
    assert verdicts[THEIRS + "proxy-body-size"] == "same", verdicts
    assert report["other_classes"] == ["shop/other"], report

    objects[0]["metadata"]["annotations"] = {THEIRS + "limit-rps": "5"}
    everything.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    status, text = check(folder)
    assert status == 1 and "LESS SECURE" in text, text

    (folder / "broken.yaml").write_text("kind: [")
    status, text = check(folder)
    assert status == 1 and "broken.yaml" in text, text
    (folder / "broken.yaml").unlink()
    assert check(t.folder / "nothing")[0] == 1

    (folder / "many.yaml").write_text("""# comment
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: yaml
  namespace: bank
  annotations: {nginx.ingress.kubernetes.io/auth-tls-secret: bank/clients}
spec:
  ingressClassName: nginx
  rules: [{host: yaml.test, http: {paths: []}}]
---
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ignored}
""")
    status, text = check(folder)
    assert "Ingress bank/yaml" in text and '"bank/clients" does not exist' in text, text

    for access, wanted, unwanted in (
            ("cluster", ["kind: ClusterRole\n"], ["sallyport-secrets"]),
            ("namespaces", ["name: sallyport-secrets\n  namespace: bank",
                            "name: sallyport-secrets\n  namespace: shop"], ["resourceNames"]),
            ("names", ["resourceNames: [clients]", "resourceNames: [site]"], [])):
        status, text = check(folder, "--print-roles", "--secrets", access)
        assert status == 0, text
        for words in wanted:
            assert words in text, (access, words, text)
        for words in (*unwanted, "escalate", "bind", "impersonate"):
            assert f'"{words}' not in text and words + '"' not in text, (access, words)
            if words == "resourceNames" or words == "sallyport-secrets":
                assert words not in text, (access, words, text)
        assert CERTIFICATE not in text


if __name__ == "__main__":
    main(test)
