"""The scenarios of kubernetes-sigs/ingress-controller-conformance, for networking.k8s.io/v1: default
backends, host rules, classes, load balancing and path rules. Statuses of Ingresses, which want an API
server, are another scenario's."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.http_backend import WebBackend
from support.http_front import account, values
from support.kube import manifests
from support.kube.folder import FolderController, slice_of
from support.scenario import main
from support.waiting import eventually

# Host, path, and the Service that answers; None: 404.
PATHS = [
    ("exact-path-rules", "/foo", "foo-exact"),
    ("exact-path-rules", "/foo/", None),
    ("exact-path-rules", "/FOO", None),
    ("exact-path-rules", "/bar", None),
    ("prefix-path-rules", "/foo", "foo-prefix"),
    ("prefix-path-rules", "/foo/", "foo-prefix"),
    ("prefix-path-rules", "/FOO", None),
    ("prefix-path-rules", "/aaa/bbb", "aaa-slash-bbb-prefix"),
    ("prefix-path-rules", "/aaa/bbb/ccc", "aaa-slash-bbb-prefix"),
    ("prefix-path-rules", "/aaa/ccc", "aaa-prefix"),
    ("prefix-path-rules", "/aaaccc", None),
    ("mixed-path-rules", "/foo", "foo-exact"),
    ("trailing-slash-path-rules", "/aaa/bbb", "aaa-slash-bbb-slash-prefix"),
    ("trailing-slash-path-rules", "/aaa/bbb/", "aaa-slash-bbb-slash-prefix"),
    ("trailing-slash-path-rules", "/foo", None),
]
RULES = {
    "exact-path-rules": [("/foo", "Exact", "foo-exact")],
    "prefix-path-rules": [("/foo", "Prefix", "foo-prefix"),
                          ("/aaa/bbb", "Prefix", "aaa-slash-bbb-prefix"),
                          ("/aaa", "Prefix", "aaa-prefix")],
    "mixed-path-rules": [("/foo", "Prefix", "foo-prefix"), ("/foo", "Exact", "foo-exact")],
    "trailing-slash-path-rules": [("/aaa/bbb/", "Prefix", "aaa-slash-bbb-slash-prefix"),
                                  ("/foo/", "Exact", "foo-slash-exact")],
    "*.foo.com": [("/", "Prefix", "wildcard-foo-com")],
    "foo.bar.com": [("/", "Prefix", "foo-bar-com")],
}


def ingress(name, host, paths, secret=None, **spec):
    made = manifests.ingress(name, host, "", "conformance", secret=secret,
                             annotations={"nginx.ingress.kubernetes.io/ssl-redirect": "false"})
    made["spec"]["rules"][0]["http"]["paths"] = [
        {"path": path, "pathType": kind,
         "backend": {"service": {"name": service, "port": {"number": 8080}}}}
        for path, kind, service in paths]
    made["spec"].update(spec)
    return made


def default_backend(service):
    made = ingress("default", "", [])
    del made["spec"]["rules"]
    made["spec"]["defaultBackend"] = {"service": {"name": service, "port": {"number": 8080}}}
    return made


def test(t):
    backends, objects = {}, []

    def service(name, several=(None,)):
        if name in backends:
            return
        backends[name] = [t.keep(WebBackend(name=name)) for _ in several]
        objects.append(manifests.service(name, "conformance", 8080))
        for index, backend in enumerate(backends[name]):
            made = slice_of(name, [backend], "conformance", "main")
            made["metadata"]["name"] = f"{name}-{index}"
            objects.append(made)

    for number, (host, paths) in enumerate(RULES.items()):
        for _, _, name in paths:
            service(name)
        secret = "conformance-tls" if host == "foo.bar.com" else None
        objects.append(ingress(f"rules-{number}", host, paths, secret))
    service("many", range(10))
    objects.append(ingress("many", "load-balancing", [("/", "Prefix", "many")]))
    service("nobody")
    objects.append(ingress("other-class", "other-class", [("/", "Prefix", "nobody")],
                           ingressClassName="some-invalid-class-name"))
    tls = t.authority.issue("conformance-tls", dns=("foo.bar.com",))
    objects.append(manifests.tls_secret("conformance-tls", tls, "conformance"))
    proxy = t.keep(FolderController(t, objects))

    def answered_by(host, path="/", secure=False, method="GET"):
        """The Service that was asked; None: 404."""
        before = {name: sum(len(b.requests) for b in all_) for name, all_ in backends.items()}
        with proxy.client(host, secure) as client:
            response = client.get(path, method=method)
        if response.status == 404:
            return None
        assert response.status == 200, (host, path, response)
        seen = account(response)
        assert seen["target"] == path, seen
        after = {name: sum(len(b.requests) for b in all_) for name, all_ in backends.items()}
        return next(name for name in after if after[name] != before[name])

    for host, path, wanted in PATHS:
        assert answered_by(host, path) == wanted, (host, path)
    assert answered_by("foo.bar.com") == answered_by("foo.bar.com", secure=True) == "foo-bar-com"
    assert answered_by("bar.foo.com") == "wildcard-foo-com"
    for host in ("subdomain.bar.com", "baz.bar.foo.com", "foo.com", "other-class"):
        assert answered_by(host) is None, host

    for _ in range(100):
        assert answered_by("load-balancing") == "many"
    assert all(len(b.requests) == 10 for b in backends["many"]), "each endpoint has its turn"

    service("echo-service")
    objects.append(default_backend("echo-service"))
    proxy.apply("made", *objects)
    eventually("the default backend is there", lambda: answered_by("my-host") == "echo-service")
    for method, host, path in (("GET", "my-host", "/"), ("GET", "my-host", "/sub-path"),
                               ("POST", "some-host", "/"), ("PUT", "a-host", "/resource"),
                               ("DELETE", "some-host", "/resource"),
                               ("PATCH", "my-host", "/resource")):
        with proxy.client(host, secure=False) as client:
            response = client.get(path, [("User-Agent", "Go-http-client/1.1")], method)
        assert response.status == 200, response
        for field in ("Content-Length", "Content-Type", "Date"):
            assert response[field], (field, response)
        seen = account(response)
        assert (seen["method"], seen["target"]) == (method, path), seen
        assert values(seen, "User-Agent") == ["Go-http-client/1.1"], seen
    proxy.stop()


if __name__ == "__main__":
    main(test)
