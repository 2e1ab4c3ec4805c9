"""The metrics address has /healthz, /readyz and /metrics and nothing else; the admin address has
these, the configuration in use and the connections open now as JSON, and a page. Nothing changes
state, and a Host that is not ours (DNS rebinding) is refused at the admin address."""

import sys

sys.path.append(sys.path[0] + "/..")
import http.client
import json

from support import names
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
    for path in ("/", names.API_CONFIG, names.API_CONNECTIONS, "/nothing"):
        assert proxy.get(path, proxy.metrics_port)[0] == 404, path
    assert proxy.get("/", proxy.admin_port)[0] == 200
    assert proxy.get("/nothing", proxy.admin_port)[0] == 404

    config = proxy.admin(names.API_CONFIG)
    text = json.dumps(config)
    for word in ("offload.test", "passthrough.test", "reencrypt.test", plain.address,
                 "backend.test"):
        assert word in text, (word, config)
    assert "PRIVATE KEY" not in text

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


if __name__ == "__main__":
    main(test)
