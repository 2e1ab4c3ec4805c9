"""With `affinity` the first response carries a cookie, and all requests with it go to the endpoint
that the first one went to: also through another proxy with the same endpoints, and after a restart.
The cookie says nothing of the address. When the endpoint is gone, requests go to one other, and
come back with it; with change_on_failure the client gets a cookie anew. WebSockets, too."""

import sys

sys.path.append(sys.path[0] + "/..")
import collections

from support.http_backend import WebBackend
from support.http_front import Front, account
from support.scenario import main

SITES = """  - {host: sticky.test, scenario: offload, secret: site, redirect_http: false, routes: [
     {path: /, service: several, affinity: {cookie: route, path: /, max_age: 1h, same_site: Lax}},
     {path: /changing, service: several,
      affinity: {cookie: other, change_on_failure: true, secure: true}}]}
"""
HOST = "sticky.test"


def test(t):
    backends = [t.keep(WebBackend(name=f"backend {n}")) for n in range(3)]
    addresses = ", ".join(f'"{b.address}"' for b in backends)
    services = f"  - {{name: several, endpoints: [{addresses}]}}\n"
    fronts = [Front(t, sites=SITES, services=services, hosts=(HOST,), name=name, workers=2,
                    settings="limits: {backend_idle_connections: 0}\n")
              for name in ("first", "second")]
    front = fronts[0]
    chosen = collections.Counter()
    cookies = {}
    for _ in range(40):
        response = front.ask("offload", host=HOST)
        cookie, attributes = one_cookie(response, "route")
        assert attributes == ["Path=/", "Max-Age=3600", "SameSite=Lax", "HttpOnly", "Secure"], (
            attributes)
        backend = account(response)["backend"]
        chosen[backend] += 1
        cookies[backend] = cookie
    assert len(chosen) == 3, chosen
    for backend, cookie in cookies.items():
        for way in ("plain", "offload"):
            for either in fronts:
                for _ in range(4):
                    response = either.ask(way, "/x", {"Cookie": f"a=b; route={cookie}"}, host=HOST)
                    assert account(response)["backend"] == backend, (backend, response)
                    assert response["Set-Cookie"] is None, response
    # A cookie that another proxy has made is as good.
    there = {account(f.ask("plain", fields={"Cookie": "route=|x.1697|y"}, host=HOST))["backend"]
             for f in fronts for _ in range(4)}
    assert len(there) == 1, there

    response = front.ask("plain", host=HOST)
    assert "Secure" not in one_cookie(response, "route")[1], response
    with front.client("offload", HOST) as client:
        response = client.get("/ws", {"Connection": "Upgrade", "Upgrade": "echo"})
        assert response.status == 101 and one_cookie(response, "route"), response

    changing = {}
    while len(changing) < 3:
        response = front.ask("plain", "/changing", host=HOST)
        changing[account(response)["backend"]], attributes = one_cookie(response, "other")
        assert attributes == ["Path=/", "HttpOnly", "Secure"], attributes
    gone = backends[0]
    gone.close()
    for _ in range(4):
        response = front.ask("plain", "/x", {"Cookie": f"route={cookies[gone.name]}"}, host=HOST)
        assert account(response)["backend"] != gone.name, response
        assert response["Set-Cookie"] is None, response
    renewed = set()
    for _ in range(8):
        response = front.ask("plain", "/changing", {"Cookie": f"other={changing[gone.name]}"},
                             host=HOST)
        assert account(response)["backend"] != gone.name, response
        if response["Set-Cookie"]:
            renewed.add(one_cookie(response, "other")[0])
    assert renewed and changing[gone.name] not in renewed, renewed
    for backend in backends[1:]:
        response = front.ask("plain", "/x", {"Cookie": f"route={cookies[backend.name]}"}, host=HOST)
        assert account(response)["backend"] == backend.name, response


def one_cookie(response, name):
    """Value and attributes of the one cookie that is set."""
    pair, *attributes = response["Set-Cookie"].split("; ")
    assert pair.startswith(f"{name}="), response
    value = pair.partition("=")[2]
    assert len(value) == 16 and int(value, 16) >= 0, value
    return value, attributes


if __name__ == "__main__":
    main(test)
