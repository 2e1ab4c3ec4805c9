"""Health checks by grpc.health.v1, of servers made with @grpc/grpc-js, in the clear and under TLS: an
endpoint says that it does not serve and gets no calls until it says that it does, and none of the
calls that go on all the time fails. Whoever has no such service, or is not whom the service's TLS
wants, or says nothing, is not healthy, and where nobody is a call is told UNAVAILABLE. What is known
of an endpoint stays known when its service changes, and it is asked on."""

import sys

sys.path.append(sys.path[0] + "/..")
import json
import socket

from support import names
from support.node import install, node, node_server
from support.process import run
from support.scenario import main
from support.waiting import eventually

TIMEOUT = 180
HEALTH = "health: {grpc: shop.Orders, interval: 1s, healthy_threshold: 2, unhealthy_threshold: 2}"


class Endpoint:
    def __init__(self, t, name, tls):
        self.name = name
        self.file = t.folder / f"{name}.status"
        self.says("SERVING")
        self.address = node_server(t, "health_server.js", tls, name, str(self.file))

    def says(self, status):
        self.file.write_text(status)


def health(proxy, service):
    """What is known of each address of a service."""
    told = proxy.admin(f"/api/v1/services?name={service}")["services"][0]
    return dict(zip(told["addresses"], told["health"]))


def becomes(proxy, service, address, state, fault=None):
    def as_said():
        now = health(proxy, service)[address]
        return now["state"] == state and (fault is None or fault in now.get("fault", ""))
    eventually(f"{service} {address} is {state}, {fault}: {health(proxy, service)}", as_said, 20)


def answered(client, lines=2):
    """Who answers from here on: of the calls of so many lines. Of those under way, four at a time,
    some may be counted in the line behind the one that is next."""
    def count():
        assert client.alive, client.output
        return client.output.count("\n")
    before = count()
    eventually("calls are answered", lambda: count() > before + 1 + lines, 20)
    told = [json.loads(line.split(" ", 1)[1]) for line in client.output.splitlines()[before + 2:]]
    return {name for each in told for name in each}


def moves_off_and_back(proxy, service, first, second, client):
    becomes(proxy, service, first.address, "healthy")
    becomes(proxy, service, second.address, "healthy")
    assert answered(client) == {first.name, second.name}
    for status, fault in (("NOT_SERVING", "NOT_SERVING"),
                          ("UNAVAILABLE", "grpc-status 14: as%20the%20file%20says")):
        first.says(status)
        becomes(proxy, service, first.address, "unhealthy", fault)
        assert answered(client) == {second.name}
        first.says("SERVING")
        becomes(proxy, service, first.address, "healthy", "")
        assert answered(client) == {first.name, second.name}
    assert health(proxy, service)[second.address] == {"state": "healthy"}


def is_unavailable(t, port):
    message = t.folder / "message"
    message.write_bytes(b"\x00\x00\x00\x00\x02{}")
    done = run(["curl", "-sS", "--max-time", "20", "--http2-prior-knowledge", "-i", "--data-binary",
                f"@{message}", "-H", "Content-Type: application/grpc", "-H", "Host: nobody.test",
                f"http://127.0.0.1:{port}/sallyport.Test/Unary"], 30)
    assert "HTTP/2 200" in done.stdout and "grpc-status: 14" in done.stdout, done


def changes(proxy, body, plain, silent):
    """A service gets another interval and loses an endpoint."""
    body = body.replace("interval: 1s", "interval: 900ms").replace(f'"{plain[1].address}"', "")
    assert proxy.reload(body.replace(", ], protocol", "], protocol")) == "applied"
    assert health(proxy, "plain") == {plain[0].address: {"state": "healthy"}}
    assert health(proxy, "nobody")[silent]["state"] == "unhealthy"
    becomes(proxy, "nobody", silent, "unhealthy", "no answer within 900ms, while asking")


def test(t):
    install()
    plain = [Endpoint(t, f"plain{i}", False) for i in (1, 2)]
    tls = [Endpoint(t, f"tls{i}", True) for i in (1, 2)]
    without = node_server(t, "grpc_server.js")
    silent = t.keep(socket.create_server(("127.0.0.1", 0)))
    silent_address = f"127.0.0.1:{silent.getsockname()[1]}"
    gone = f"127.0.0.1:{t.port()}"
    http_port, https_port = t.port(), t.port()
    site = t.authority.issue("site", dns=["tls.test"])
    body = f"""listeners:
  - {{name: http, address: "127.0.0.1:{http_port}", protocol: http, http2: true}}
  - {{name: https, address: "127.0.0.1:{https_port}", protocol: https}}
secrets:
  - {{name: site, directory: {site}}}
  - {{name: authority, ca.crt: {t.authority.file}}}
sites:
  - {{host: plain.test, listeners: [http], scenario: offload, service: plain}}
  - {{host: tls.test, listeners: [https], scenario: reencrypt, secret: site, service: tls}}
  - {{host: nobody.test, listeners: [http], scenario: offload, service: nobody}}
  - {{host: other.test, listeners: [http], scenario: reencrypt, service: other}}
services:
  - {{name: plain, endpoints: ["{plain[0].address}", "{plain[1].address}"], protocol: http2, {HEALTH}}}
  - {{name: tls, endpoints: ["{tls[0].address}", "{tls[1].address}"], protocol: http2,
     tls: {{name: backend.test, secret: authority}}, {HEALTH}}}
  - {{name: nobody, endpoints: ["{without}", "{silent_address}", "{gone}", "{tls[0].address}"],
     protocol: http2, {HEALTH}}}
  - {{name: other, endpoints: ["{tls[0].address}"], protocol: http2,
     tls: {{name: other.test, secret: authority}}, {HEALTH}}}
"""
    proxy = t.sallyport(body)
    clients = [node(t, "health_client.js", f"127.0.0.1:{http_port}", "plain.test", "-", name="plain"),
               node(t, "health_client.js", f"127.0.0.1:{https_port}", "tls.test", t.authority.file,
                    name="tls")]
    moves_off_and_back(proxy, "plain", *plain, clients[0])
    moves_off_and_back(proxy, "tls", *tls, clients[1])
    becomes(proxy, "nobody", without, "unhealthy", "grpc-status 12")
    becomes(proxy, "nobody", silent_address, "unhealthy", "no answer within 1s, while asking")
    becomes(proxy, "nobody", gone, "unhealthy", "connecting failed: Connection refused")
    becomes(proxy, "nobody", tls[0].address, "unhealthy", "")
    becomes(proxy, "other", tls[0].address, "unhealthy", "the TLS handshake failed")
    is_unavailable(t, http_port)
    metrics = proxy.metrics()
    assert metrics.sum(names.SERVICE_ENDPOINTS, service="nobody", health="unhealthy") == 4
    assert metrics.sum(names.SERVICE_ENDPOINTS, service="tls", health="healthy") == 2
    assert metrics.sum(names.HEALTH_CHECKS, service="tls", result="passed") > 4
    changes(proxy, body, plain, silent_address)
    for client in clients:
        assert client.alive and "failed" not in client.output, client.output
        client.stop()
    plain[0].says("NOT_SERVING")
    becomes(proxy, "plain", plain[0].address, "unhealthy", "NOT_SERVING")
    for line in ("endpoint is unhealthy service=plain", "endpoint is healthy service=tls"):
        assert line in proxy.process.output, line


if __name__ == "__main__":
    main(test)
