"""`redirect_http: forced` sends to https where TLS ends at a proxy in front of this one, unless that
proxy, in `trusted_networks`, says by X-Forwarded-Proto that it has. A site's own redirect believes
it, too; a stranger is not believed. Code and trailing slash are as the site says, and a route may
have a word of its own."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.http_front import Front
from support.scenario import main

HOSTS = ("own.test", "mixed.test")
SITES = """  - {host: forced.test, listeners: [http], scenario: offload, service: plain,
     redirect_http: forced, redirect_code: 301, preserve_trailing_slash: false}
  - {host: mixed.test, scenario: offload, secret: site, routes: [{path: /, service: plain},
     {path: /clear, service: plain, redirect_http: false}]}
  - {host: mixed-plain.test, listeners: [http], scenario: offload, routes: [
     {path: /, service: plain}, {path: /secret, service: plain, redirect_http: forced}]}
  - {host: own.test, scenario: offload, secret: site, service: plain,
     client_auth: {secret: authority}}
"""
HTTPS = {"X-Forwarded-Proto": "https"}


def test(t):
    for trusted in (False, True):
        networks = "[127.0.0.0/8]" if trusted else "[192.0.2.0/24]"
        front = Front(t, sites=SITES, hosts=HOSTS, name=f"trusted-{trusted}",
                      settings=f"http: {{trusted_networks: {networks}}}\n")
        for path, shown in (("/", ""), ("/a/", "/a"), ("/a", "/a"), ("/a/?b=/", "/a/?b=/")):
            response = front.ask("plain", path, host="forced.test")
            assert response.status == 301, response
            assert response["Location"] == f"https://forced.test{shown}", response
        believed = 200 if trusted else 301
        assert front.ask("plain", "/", HTTPS, host="forced.test").status == believed
        assert front.ask("plain", "/", {"X-Forwarded-Proto": "http"}, host="forced.test").status == 301
        assert front.ask("plain", "/", HTTPS, host="mixed.test").status == (200 if trusted else 308)
        assert front.ask("plain", "/", host="mixed.test").status == 308
        response = front.ask("plain", "/x/", host="mixed.test")
        assert response["Location"] == f"https://mixed.test:{front.https_port}/x/", response
        assert front.ask("plain", "/clear/x", host="mixed.test").status == 200
        assert front.ask("plain", "/", host="mixed-plain.test").status == 200
        assert front.ask("plain", "/secret", host="mixed-plain.test").status == 308
        # Nobody here has seen that proxy's clients' certificates.
        assert front.ask("plain", "/", HTTPS, host="own.test").status == (403 if trusted else 308)


if __name__ == "__main__":
    main(test)
