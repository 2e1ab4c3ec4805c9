"""A route sets fields of requests and responses in place of what the other side says, removes some,
and asks its backend for another host; the site says Strict-Transport-Security in every response
under TLS, its own pages included, and never in the clear. None of it is on other routes."""

import sys

sys.path.append(sys.path[0] + "/..")
import json

from support import http_backend
from support.http_front import WAYS, Front, account, values
from support.scenario import main

ROUTES = """[{{path: /plain, service: {service}}},
     {{path: /, service: {service}, host_header: "inner.test:8080",
       request_headers: {{X-Forwarded-Prefix: /shop, X-Debug: ""}},
       response_headers: {{X-Frame-Options: DENY, Server: ""}}}},
     {{path: /closed, respond: 503}}]"""
HSTS = "max-age=86400; includeSubDomains"


def respond(request, answer):
    if request["Upgrade"]:
        return http_backend.echo(request, answer)
    answer.whole(json.dumps(http_backend.account(request, answer)).encode(),
                 fields=[("Server", "secret/1.0"), ("X-Frame-Options", "SAMEORIGIN"),
                         ("x-frame-options", "ALLOWALL"), ("X-Kept", "1"),
                         ("Strict-Transport-Security", "max-age=1")])


def test(t):
    front = Front(t, respond, routes=ROUTES, plain_site_keys="",
                  site_keys=", redirect_http: false, hsts: {max_age: 24h, include_subdomains: true}")
    sent = [("X-Forwarded-Prefix", "/evil"), ("x-forwarded-prefix", "/worse"), ("X-Debug", "1"),
            ("X-Kept", "1")]
    for way in WAYS:
        expected = HSTS if way != "plain" else None
        with front.client(way) as client:
            response = client.get("/x", sent)
            told = account(response)
            assert values(told, "Host") == ["inner.test:8080"], told
            assert values(told, "X-Forwarded-Host") == [f"{way}.test"], told
            assert values(told, "X-Forwarded-Prefix") == ["/shop"], told
            assert not values(told, "X-Debug") and values(told, "X-Kept") == ["1"], told
            assert response.fields.all("X-Frame-Options") == ["DENY"], response
            assert response["Server"] is None and response["X-Kept"] == "1", response
            # In the clear, what a backend says goes through.
            assert response["Strict-Transport-Security"] == (expected or "max-age=1"), response

            response = client.get("/plain", sent)
            told = account(response)
            assert values(told, "Host") == [f"{way}.test"], told
            assert values(told, "X-Forwarded-Prefix") == ["/evil", "/worse"], told
            assert response.fields.all("X-Frame-Options") == ["SAMEORIGIN", "ALLOWALL"], response
            for path in ("/closed", "/plain/%00"):
                response = client.get(path)
                assert response.status in (503, 400), response
                if path == "/closed":
                    assert response["Strict-Transport-Security"] == expected, response
    with front.client("offload") as client:
        response = client.get("/ws", {"Connection": "Upgrade", "Upgrade": "echo"})
        assert response.status == 101, response
        assert response["X-Frame-Options"] == "DENY", response
        assert response["Strict-Transport-Security"] == HSTS, response


if __name__ == "__main__":
    main(test)
