"""On an http listener a site with TLS answers 308 with the same host, path and query, whatever the
method; it serves a route in the clear only with `redirect_http: false`, or under
/.well-known/acme-challenge/ where such a route is declared. A site that asks for client
certificates never does: 403."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.http_backend import WebBackend
from support.http_front import Front, account
from support.scenario import main

HOSTS = ("acme.test", "clear.test", "mtls.test", "mtls-clear.test")
TOKEN = "/.well-known/acme-challenge/token"


def test(t):
    solver = t.keep(WebBackend(name="solver"))
    front = Front(t, hosts=HOSTS, sites="""
  - {host: acme.test, scenario: offload, secret: site, routes: [{path: /, service: plain},
     {path: /.well-known/acme-challenge/, service: solver}]}
  - {host: clear.test, scenario: offload, secret: site, service: plain, redirect_http: false}
  - {host: mtls.test, scenario: offload, secret: site, service: plain,
     client_auth: {verify: required, secret: authority}}
  - {host: mtls-clear.test, scenario: offload, secret: site, service: plain, redirect_http: false,
     client_auth: {verify: required, secret: authority}}
""", services=f'  - {{name: solver, endpoints: ["{solver.address}"]}}\n')
    known = len(front.plain.requests) + len(front.tls.requests)
    redirects(front)
    assert len(front.plain.requests) + len(front.tls.requests) + len(solver.requests) == known

    assert account(front.ask("plain", TOKEN, host="acme.test"))["backend"] == "solver"
    for path in ("/.well-known/acme-challenge-not/x", "/.well-known/",
                 "/.well-known/acme-challenge/../../secret"):
        assert front.ask("plain", path, host="acme.test").status in (308, 400), path
    assert account(front.ask("plain", "/in/clear", host="clear.test"))["target"] == "/in/clear"
    for path in ("/", TOKEN, "/x?y"):
        response = front.ask("plain", path, host="mtls-clear.test")
        assert response.status == 403, (path, response)
        assert front.ask("plain", path, host="mtls.test").status in (308, 403), path
    assert account(front.ask("plain"))["backend"] == "plain backend"
    certificate = t.authority.issue("client", dns=("client.test",), client=True)
    with front.client("offload", "mtls-clear.test", certificate=certificate) as client:
        assert client.get().status == 200


def redirects(front):
    for host in ("offload.test", "reencrypt.test", "acme.test"):
        for method in ("GET", "HEAD", "POST", "DELETE"):
            for path in ("/", "/a/b?c=d&e=%20", "/a%2Fb", TOKEN if host != "acme.test" else "/t"):
                with front.client("plain", host) as client:
                    body = b"posted" if method == "POST" else None
                    response = client.get(path, method=method, body=body)
                    assert response.status == 308, (host, method, path, response)
                    possible = (f"https://{host}{path}", f"https://{host}:{front.https_port}{path}")
                    assert response["Location"] in possible, (host, path, response)
        # The port of the plain listener is not that of the other one.
        response = front.ask("plain", "/x", {"Host": f"{host.upper()}:{front.http_port}"})
        assert response.status == 308, response
        location = response["Location"].lower()
        assert location.startswith(f"https://{host}"), location
        assert f":{front.http_port}" not in location, location
    with front.client("plain", "offload.test") as client:
        for _ in range(3):
            assert client.get("/again").status == 308, "the connection stays good"


if __name__ == "__main__":
    main(test)
