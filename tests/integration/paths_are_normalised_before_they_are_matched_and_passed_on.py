"""One form of a path for routes and backends alike: whatever the client wrote, the route that
matched is the route of what the backend is asked. Paths that have no such form are refused."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.http_backend import WebBackend
from support.http_front import WAYS, Front, account
from support.scenario import main

# As the client writes it; as the backend sees it, and whether that is under /admin.
NORMALISED = [
    ("/", "/", False),
    ("/a/b/c?x=%2e%2E/../y", "/a/b/c?x=%2e%2E/../y", False),
    ("/a//b///c", "/a/b/c", False),
    ("//", "/", False),
    ("/a/./b/.", "/a/b/", False),
    ("/a/../b", "/b", False),
    ("/a/b/..", "/a/", False),
    ("/%61dmin", "/admin", True),
    ("/x/../admin/y", "/admin/y", True),
    ("/x/%2e%2e/admin", "/admin", True),
    ("/x/%2E./admin", "/admin", True),
    ("//admin", "/admin", True),
    ("/./admin/", "/admin/", True),
    ("/admin/../x", "/x", False),
    ("/admin/%2e%2e/x", "/x", False),
    ("/admin%2Fx", "/admin%2Fx", False),
    ("/admin%2fx", "/admin%2Fx", False),
    ("/administrator", "/administrator", False),
    ("/%7Euser/%c3%a9%20", "/~user/%C3%A9%20", False),
    ("/a;b=c,d&e=(f)*!'@:$+", "/a;b=c,d&e=(f)*!'@:$+", False),
    ("/ADMIN", "/ADMIN", False),
    ("/..a/.b/c..", "/..a/.b/c..", False),
    ("/a%252e%252e/b", "/a%252e%252e/b", False),
    ("/?", "/?", False),
]
REFUSED = ["/..", "/../etc/passwd", "/a/../../b", "/%2e%2e/x", "/a%", "/a%2", "/a%zz", "/a%00b",
           "/a/%2e%2e/%2e%2e/x"]
ENCODED_SLASHES = ["/a%2Fb", "/a%2fb", "/a%5Cb", "/a%5cb"]


def test(t):
    admin = t.keep(WebBackend(name="admin"))
    admin_tls = t.keep(WebBackend(name="admin", tls=t.backend_tls()))
    admins = {"plain": admin, "offload": admin, "reencrypt": admin_tls}
    front = Front(t, **routes(admin, admin_tls))
    for way in WAYS:
        with front.client(way) as client:
            for written, seen, is_admin in NORMALISED:
                told = account(client.get(written))
                assert told["target"] == seen, (way, written, told["target"])
                assert (told["backend"] == "admin") == is_admin, (way, written, told["backend"])
        refuses(front, way, REFUSED, admins[way])

    strict = Front(t, settings="http: {encoded_slashes: refuse}\n", name="strict", **routes(admin, admin_tls))
    for way in WAYS:
        refuses(strict, way, REFUSED + ENCODED_SLASHES, admins[way])
    lax = Front(t, settings="http: {normalize_paths: false}\n", name="lax", **routes(admin, admin_tls))
    for way in WAYS:
        for path in ("/a//b", "/a/./b", "/a/../b", "/x%2e%2Fy", "/%61dmin"):
            told = account(lax.ask(way, path))
            assert told["target"] == path and told["backend"] != "admin", (way, told)


def routes(admin, admin_tls):
    return {"routes": "[{{path: /, service: {service}}}, "
                      "{{path: /admin, service: {service}-admin}}]",
            "services": f'  - {{name: plain-admin, endpoints: ["{admin.address}"]}}\n'
                        f'  - {{name: again-admin, endpoints: ["{admin_tls.address}"], '
                        "tls: {name: backend.test, secret: authority}}\n"}


def refuses(front, way, paths, admin):
    backends = (front.backend(way), admin)
    known = [len(b.requests) for b in backends]
    for path in paths:
        with front.client(way) as client:
            response = client.get(path)
            assert response.status == 400, (way, path, response)
    assert [len(b.requests) for b in backends] == known, (way, backends[0].requests[-1])


if __name__ == "__main__":
    main(test)
