"""Exact before Prefix, the longest prefix first, and a prefix is made of whole segments. A path
that no route has is 404, from the proxy itself."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.http_backend import WebBackend
from support.http_front import WAYS, Front, account
from support.scenario import main

ROUTES = [("/a", "Prefix"), ("/a/b", "Prefix"), ("/a/b", "Exact"), ("/a/b/c/", "Prefix"),
          ("/exact", "Exact"), ("/trailing/", "Exact"), ("/deep/er/and/deeper", "Prefix"),
          ("/deep", "Prefix")]
# Path: the route that it meets, or None.
EXPECTED = {
    "/a": "/a Prefix", "/a/": "/a Prefix", "/a/x": "/a Prefix", "/a?b": "/a Prefix",
    "/ab": None, "/A": None, "/": None, "/b": None,
    "/a/b": "/a/b Exact", "/a/b?q=1": "/a/b Exact", "/a/b/": "/a/b Prefix",
    "/a/b/x": "/a/b Prefix", "/a/bc": "/a Prefix",
    "/a/b/c": "/a/b/c/ Prefix", "/a/b/c/": "/a/b/c/ Prefix", "/a/b/c/d": "/a/b/c/ Prefix",
    "/a/b/cd": "/a/b Prefix",
    "/exact": "/exact Exact", "/exact/": None, "/exact/x": None, "/exactly": None,
    "/trailing/": "/trailing/ Exact", "/trailing": None,
    "/deep/er": "/deep Prefix", "/deep/er/and/deeper/still": "/deep/er/and/deeper Prefix",
    "/deep/er/and/deeperer": "/deep Prefix",
}


def test(t):
    backends = {f"{path} {kind}": t.keep(WebBackend(name=f"{path} {kind}"))
                for path, kind in ROUTES}
    services, routes = "", []
    for i, (name, backend) in enumerate(backends.items()):
        path, kind = name.split()
        services += f'  - {{name: route-{i}, endpoints: ["{backend.address}"]}}\n'
        routes.append(f"{{path: {path}, path_type: {kind}, service: route-{i}}}")
    names = ("plain-routes.test", "tls-routes.test")
    sites = "".join(
        f"  - {{host: {name}, listeners: [{listener}], scenario: offload{secret}, "
        f"routes: [{', '.join(routes)}]}}\n"
        for name, listener, secret in ((names[0], "http", ""), (names[1], "https", ", secret: site")))
    front = Front(t, sites=sites, services=services, hosts=names)
    for way, name in zip(WAYS, names):
        with front.client(way, name) as client:
            for path, expected in EXPECTED.items():
                response = client.get(path)
                if expected is None:
                    assert response.status == 404, (name, path, response)
                    assert response["Content-Length"] != "0", "an error page"
                else:
                    told = account(response)
                    assert told["backend"] == expected, (name, path, told["backend"])
                    assert told["target"] == path, (name, path, told["target"])


if __name__ == "__main__":
    main(test)
