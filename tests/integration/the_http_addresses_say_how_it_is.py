"""The metrics address has /healthz, /readyz and /metrics and nothing else; the admin address has
these, the configuration in use and the connections open now as JSON, and a page. Nothing changes
state, and a Host that is not ours (DNS rebinding) is refused at the admin address."""

import sys

sys.path.append(sys.path[0] + "/..")
import http.client
import json

from support import names
from support.http_front import WAYS, Front
from support.scenario import SCENARIOS, main, tls_listener


def test(t):
    plain, tls = t.backend(), t.backend(tls=t.backend_tls())
    port = t.port()
    proxy = t.sallyport(tls_listener(port) + t.three_sites(plain.address, tls.address), workers=2)
    held = [t.connect(port, f"{s}.test") for s in SCENARIOS]
    for channel in held:
        channel.send(b"four")
        assert channel.recv_exactly(4) == b"four"

    for path in (names.HEALTHZ, names.READYZ, names.METRICS):
        for address in (proxy.metrics_port, proxy.admin_port):
            assert proxy.get(path, address)[0] == 200, (path, address)
    for path in ("/", names.API_CONFIG, names.API_CONNECTIONS, names.API_SITES,
                 names.API_SERVICES, names.API_CERTIFICATES, "/nothing"):
        assert proxy.get(path, proxy.metrics_port)[0] == 404, path
    assert proxy.get("/", proxy.admin_port)[0] == 200
    assert proxy.get("/nothing", proxy.admin_port)[0] == 404

    config = proxy.admin(names.API_CONFIG)
    text = json.dumps(config)
    for word in ("offload.test", "passthrough.test", "reencrypt.test", plain.address,
                 "backend.test"):
        assert word in text, (word, config)
    assert "PRIVATE KEY" not in text

    sites = proxy.admin(names.API_SITES)
    assert sites["total"] == 3 and [s["hosts"] for s in sites["sites"]] == \
        [[f"{s}.test"] for s in SCENARIOS], sites
    site, = proxy.admin(names.API_SITES + "?name=offload.test")["sites"]
    assert site["scenario"] == "offload" and site["routes"][0]["service"] == "plain", site
    assert "offload.test" in site["certificates"][0]["names"], site
    service, = proxy.admin(names.API_SERVICES + "?name=plain")["services"]
    assert service["addresses"] == [plain.address] and service["connects"] >= 0, service
    assert proxy.get(names.API_SITES + "?limit=x", proxy.admin_port)[0] == 400
    known = proxy.admin(names.API_CERTIFICATES)
    by_secret = {c["secret"]: c for c in known["certificates"]}
    assert known["total"] == 2 and set(by_secret) == {"site", "authority"}, known
    shown = by_secret["site"]
    assert shown["used_by"]["sites"] == ["offload.test", "reencrypt.test"], shown
    assert shown["state"] == "good" and len(shown["chain"][0]["fingerprint_sha256"]) == 64, shown
    assert "DNS:offload.test" in shown["chain"][0]["names"], shown
    assert by_secret["authority"]["used_by"]["services"] == ["again"], known
    assert "PRIVATE" not in json.dumps(known)

    answer = proxy.admin(names.API_CONNECTIONS)
    assert answer["total"] == 3, answer
    for scenario, channel in zip(SCENARIOS, held):
        info, = [c for c in answer["connections"] if c["scenario"] == scenario]
        assert info["client"] == "%s:%d" % channel.socket.getsockname(), info
        assert info["sni"] == f"{scenario}.test" and info["doing"] == "relaying", info
        assert info["bytes_from_client"] >= 4 and info["bytes_from_backend"] >= 4, info

    for host, status in (("127.0.0.1", 200), ("localhost", 200), ("[::1]:9901", 200),
                         ("evil.example.com", 421), ("127.0.0.1.evil.example.com", 421)):
        assert proxy.get(names.API_CONFIG, proxy.admin_port, host)[0] == status, host
    assert proxy.get(names.METRICS, proxy.metrics_port, "prometheus.internal")[0] == 200
    for method in ("POST", "PUT", "DELETE"):
        connection = http.client.HTTPConnection("127.0.0.1", proxy.admin_port, timeout=10)
        connection.request(method, names.API_CONFIG)
        assert connection.getresponse().status == 405, method
        connection.close()

    metrics = proxy.metrics()
    assert metrics.sum(names.OPEN) == 3
    assert metrics.sum(names.OBJECTS, kind="site") == 3
    for channel in held:
        channel.close()
    proxy.wait_idle()
    assert proxy.admin(names.API_CONNECTIONS) == {"total": 0, "connections": []}
    requests_are_counted_by_route(t)


def requests_are_counted_by_route(t):
    front = Front(t, name="http")
    clients = {way: front.client(way) for way in WAYS}
    for client in clients.values():
        for target, status in (("/", 200), ("/status/404", 404), ("/", 200)):
            assert client.get(target).status == status
    answer = front.proxy.admin(names.API_CONNECTIONS)
    for way, client in clients.items():
        us = "%s:%d" % client.channel.socket.getsockname()
        info, = [c for c in answer["connections"] if c["client"] == us]
        assert info["doing"] == "waiting for a request", info
        assert info.get("site") == (None if way == "plain" else f"{way}.test"), info
    metrics = front.proxy.metrics()
    for way in WAYS:
        for status, count in (("2xx", 2), ("4xx", 1), ("5xx", 0)):
            counted = metrics.sum(names.ROUTE_REQUESTS, site=f"{way}.test", route="/",
                                  status=status)
            assert counted == count, (way, status, counted)
        service = "again" if way == "reencrypt" else "plain"
        assert metrics.sum(names.SERVICE_REQUESTS, service=service, status="2xx") == \
            (2 if way == "reencrypt" else 4), way


if __name__ == "__main__":
    main(test)
