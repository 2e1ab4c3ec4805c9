"""A route may have its own body_size, response_timeout, response_idle_timeout, body_timeout,
tunnel_idle_timeout and connect_attempts; other routes of the site keep everybody's."""

import sys

sys.path.append(sys.path[0] + "/..")
import socket
import time

from support import http_backend
from support.http import Broken
from support.http_front import WAYS, Front
from support.scenario import main

ROUTES = """[{{path: /, service: {service}}},
     {{path: /small, service: {service}, limits: {{body_size: 10}}}},
     {{path: /quick, service: {service}, limits: {{response_timeout: 300ms}}}},
     {{path: /idle, service: {service}, limits: {{response_idle_timeout: 300ms}}}},
     {{path: /slow-body, service: {service}, limits: {{body_timeout: 300ms}}}},
     {{path: /tunnel, service: {service}, limits: {{tunnel_idle_timeout: 300ms}}}}]"""
SLOW = 1.0


def respond(request, answer):
    kind = request.target.strip("/").partition("/")[2]
    if kind == "late":
        time.sleep(SLOW)
    if kind == "stops":
        answer.start(length=10)
        answer.send(b"12345")
        time.sleep(SLOW)
        return answer.send(b"67890")
    http_backend.echo(request, answer)


def test(t):
    front = Front(t, respond, routes=ROUTES, plain_site_keys="", site_keys=", redirect_http: false",
                  sites="  - {host: dead.test, listeners: [http], scenario: offload, routes: [\n"
                        "     {path: /, service: dead}, {path: /once, service: dead,\n"
                        "      limits: {connect_attempts: 1}}]}\n",
                  services=f"  - {{name: dead, endpoints: [{dead_endpoints(t)}]}}\n")
    for way in WAYS:
        assert front.ask(way, "/x", method="POST", body=b"x" * 11).status == 200, way
        assert front.ask(way, "/small", method="POST", body=b"x" * 10).status == 200, way
        for body in (b"x" * 11, [b"x" * 6, b"x" * 6]):
            assert front.ask(way, "/small", method="POST", body=body).status == 413, (way, body)
        assert front.ask(way, "/x/late").status == 200, way
        assert front.ask(way, "/quick/late").status == 504, way
        assert front.ask(way, "/x/stops").body == b"1234567890", way
        try:
            response = front.ask(way, "/idle/stops")
            raise AssertionError(f"{way}: whole: {response}")
        except Broken as broken:
            assert broken.body == b"12345", broken
        with front.client(way) as client:
            client.send(b"POST /slow-body HTTP/1.1\r\nHost: %s.test\r\nContent-Length: 5\r\n\r\nx"
                        % way.encode())
            assert client.response().status == 408, way
        with front.client(way) as client:
            response = client.get("/tunnel", {"Connection": "Upgrade", "Upgrade": "echo"})
            assert response.status == 101, response
            front.proxy.access_line(site=f"{way}.test", path="/tunnel", end="tunnel_broken")
    assert front.ask("plain", host="dead.test").status == 502
    assert front.ask("plain", "/once", host="dead.test").status == 502
    assert front.proxy.access_line(site="dead.test", path="/")["connect_attempts"] == 3
    assert front.proxy.access_line(site="dead.test", path="/once")["connect_attempts"] == 1


def dead_endpoints(t):
    """Three addresses at which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    return ", ".join(f'"127.0.0.{n}:{port}"' for n in (2, 3, 4))


if __name__ == "__main__":
    main(test)
