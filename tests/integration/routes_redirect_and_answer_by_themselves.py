"""A route may answer by itself: with a redirect to a URL or to a path, in which the host, what was
asked for and what a pattern has matched are filled in, and which never leads to a host of the
client's choice; or with a status and a page. No backend hears of it, and the log calls it
redirected or answered."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.http_front import WAYS, Front
from support.scenario import main

ROUTES = """[{{path: /, service: {service}}},
     {{path: /, path_type: Exact, redirect: {{to: /app/}}}},
     {{path: /old, redirect: {{code: 301, to: "https://archive.test$request_uri"}}}},
     {{path: /same, redirect: {{code: 307, to: "https://www.$host/x"}}}},
     {{path: "/go/(.*)", path_type: Regex, redirect: {{code: 303, to: "/$1"}}}},
     {{path: "/go/v([0-9]+)/(.*)", path_type: Regex,
       redirect: {{code: 308, to: "https://other.test/$2?v=$1"}}}},
     {{path: /closed, respond: 503}}, {{path: /gone, respond: 410}}]"""
EXPECTED = {
    "/": (302, "/app/"), "/?q": (302, "/app/"),
    "/old": (301, "https://archive.test/old"),
    "/old/a%20b?c=d": (301, "https://archive.test/old/a%20b?c=d"),
    "/same/y": (307, "https://www.{way}.test/x"),
    "/go/a/b?q": (303, "/a/b"), "/GO/a": (303, "/a"),
    "/go//evil.test/x": (303, "/evil.test/x"), "/go/%2Fevil.test": (303, "/%2Fevil.test"),
    "/go/v12/x/y": (308, "https://other.test/x/y?v=12"),
    "/closed/x": (503, None), "/gone": (410, None),
}


def test(t):
    front = Front(t, routes=ROUTES, site_keys=", redirect_http: false", plain_site_keys="")
    for way in WAYS:
        with front.client(way) as client:
            for path, (status, location) in EXPECTED.items():
                for method in ("GET", "HEAD"):
                    response = client.get(path, method=method)
                    assert response.status == status, (way, path, response)
                    expected = location and location.format(way=way)
                    assert response["Location"] == expected, (way, path, response)
            response = client.get("/closed", {"Accept": "application/json"})
            assert response.status == 503 and b'"status":503' in response.body, response
            assert client.get("/app").status == 200, "the connection stays good"
        front.proxy.access_line(path="/gone", site=f"{way}.test", end="answered", status=410,
                                route="/gone")
        front.proxy.access_line(path="/old", site=f"{way}.test", end="redirected", status=301)
    asked = {r.target for r in (*front.plain.requests, *front.tls.requests)}
    assert asked == {"/app"}, asked


if __name__ == "__main__":
    main(test)
