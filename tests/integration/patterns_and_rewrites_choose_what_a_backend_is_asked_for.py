"""A Regex route matches from the beginning of a path, in any case, behind Exact and before Prefix,
the longest pattern first. A route may ask its backend for another path: what the pattern's groups
have matched is filled in, the query stays, and no path that a client can send leads the backend out
of the folder that the route has chosen."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.http_front import WAYS, Front, account
from support.scenario import main

ROUTES = """[{{path: /, service: {service}}},
     {{path: /plain/exact, path_type: Exact, service: {service}, rewrite: /exact}},
     {{path: /prefix, service: {service}, rewrite: "/whole?from=prefix"}},
     {{path: "/plain/.*", path_type: Regex, service: {service}, rewrite: /any}},
     {{path: "/plain/[a-z]+/x", path_type: Regex, service: {service}, rewrite: /letters}},
     {{path: "/something(/|$)(.*)", path_type: Regex, service: {service}, rewrite: /$2}},
     {{path: "/loose(.*)", path_type: Regex, service: {service}, rewrite: /files/$1}},
     {{path: "/user/([^/]+)/(.*)", path_type: Regex, service: {service},
       rewrite: "/$2?user=$1"}}]"""
EXPECTED = {
    "/other?q=1": "/other?q=1",
    "/plain/exact?q": "/exact?q", "/plain/Exact": "/any", "/plain/abc/x": "/letters",
    "/PLAIN/ABC/X/y": "/letters", "/plain/1": "/any", "/plain": "/plain",
    "/prefix": "/whole?from=prefix", "/prefix/more?a=b": "/whole?from=prefix&a=b",
    "/something": "/", "/something/": "/", "/something/new/x?y=z": "/new/x?y=z",
    "/Something/A%20b": "/A%20b", "/somethings": "/somethings",
    "/user/alice/cart/3?x": "/cart/3?user=alice&x",
    "/loose": "/files/", "/loose/a//b": "/files/a/b", "/loose.txt": "/files/.txt",
    "/loose%2F%20": "/files/%2F%20",
    "/x/../something/y": "/y",
}
NOWHERE = ("/loose../secret", "/loose./secret", "/loose..", "/loose..;a/secret",
           "/something/..%2Fsecret", "/loose../../../etc/passwd")


def test(t):
    front = Front(t, routes=ROUTES, site_keys=", redirect_http: false", plain_site_keys="")
    for way in WAYS:
        with front.client(way) as client:
            for path, expected in EXPECTED.items():
                told = account(client.get(path))
                assert told["target"] == expected, (way, path, told["target"])
            told = account(client.get("/user/bob/x", method="POST", body=b"posted"))
            assert (told["target"], told["body"]) == ("/x?user=bob", "posted"), told
        known = len(front.backend(way).requests)
        for path in NOWHERE:
            with front.client(way) as client:
                response = client.get(path)
                assert response.status == 400, (way, path, response)
        assert len(front.backend(way).requests) == known, front.backend(way).requests[known:]
        # The log says what the client has asked for.
        front.proxy.access_line(site=f"{way}.test", path="/user/alice/cart/3?x")
        line = front.proxy.access_line(site=f"{way}.test", path="/user/bob/x")
        assert line["route"] == "/user/([^/]+)/(.*)", line


if __name__ == "__main__":
    main(test)
