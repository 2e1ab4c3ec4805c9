"""A route with `allow` or `deny` answers 403 to clients of other addresses, by the address that
backends are told as X-Real-IP: a stranger's X-Forwarded-For changes nothing, a trusted proxy's and a
PROXY header do. No other spelling of a path is a way around."""

import sys

sys.path.append(sys.path[0] + "/..")
from support import proxy_header
from support.http import Client
from support.http_front import WAYS, Front
from support.scenario import main

ROUTES = """[{{path: /, service: {service}}},
     {{path: /office, service: {service}, allow: [192.0.2.0/24, "2001:db8::/32"],
       deny: [192.0.2.66]}},
     {{path: /no-tests, service: {service}, deny: [127.0.0.0/8]}},
     {{path: /tests, service: {service}, allow: 127.0.0.1}}]"""
KEYS = dict(routes=ROUTES, site_keys=", redirect_http: false", plain_site_keys="")


def test(t):
    strangers = Front(t, name="strangers", **KEYS)
    for way in WAYS:
        for fields in ([], [("X-Forwarded-For", "192.0.2.1"), ("X-Real-IP", "192.0.2.1")]):
            for path in ("/office", "/office/x", "/no-tests"):
                response = strangers.ask(way, path, fields)
                assert response.status == 403, (way, path, response)
            assert strangers.ask(way, "/tests", fields).status == 200, way
            assert strangers.ask(way, "/", fields).status == 200, way
        for path in ("//office", "/./office", "/x/../office", "/%6fffice", "/office;x", "/office/;x",
                     "/x;/../office", "/office%2Fx"):
            response = strangers.ask(way, path)
            assert response.status in (400, 403), (way, path, response)
        strangers.proxy.access_line(site=f"{way}.test", path="/office", end="forbidden", status=403,
                                    route="/office")
    asked = {r.target for r in (*strangers.plain.requests, *strangers.tls.requests)}
    assert asked == {"/", "/tests"}, asked

    trusted = Front(t, name="trusted", settings="http: {trusted_networks: [127.0.0.0/8]}\n", **KEYS)
    for way in WAYS:
        for address, status in (("192.0.2.1", 200), ("192.0.2.66", 403), ("198.51.100.1", 403),
                                ("2001:db8::1", 200), ("198.51.100.1, 192.0.2.1", 200),
                                ("192.0.2.1, 198.51.100.1", 403), ("nonsense", 403)):
            response = trusted.ask(way, "/office", {"X-Forwarded-For": address})
            assert response.status == status, (way, address, response)

    proxied = Front(t, name="proxied", listener_keys=", proxy_protocol: required", **KEYS)
    for source, status in (("192.0.2.1", 200), ("192.0.2.66", 403), ("198.51.100.1", 403)):
        channel = t.connect(proxied.http_port)
        channel.send(proxy_header.v1((source, 40000), ("127.0.0.1", proxied.http_port)))
        with Client(channel, "plain.test") as client:
            response = client.get("/office")
            assert response.status == status, (source, response)


if __name__ == "__main__":
    main(test)
