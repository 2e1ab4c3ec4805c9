"""What the metrics say of HTTP, number by number: requests by status and by end, what the proxy
answered by itself, refusals by fault on both sides, tunnels open and ended, kept connections and
their reuse, retries, and the same by route and by service. A request counts once, and all counts
agree with each other and with what was sent."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.channel import Cut
from support.http import Broken
from support.http_backend import echo
from support.http_front import TLS_WAYS, WAYS, Front
from support.scenario import main
from support.waiting import eventually

ROUTES = "[{{path: /, service: {service}}}, {{path: /api, service: {service}}}]"
SERVICES = {"plain": "plain", "offload": "plain", "reencrypt": "again"}
SIZE = 5000


def respond(request, answer):
    if request.target == "/malformed":
        answer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx")
        answer.end()
    elif request.target == "/waits":
        answer.wait_for_end()
    else:
        echo(request, answer)


def test(t):
    front = Front(t, respond, routes=ROUTES)
    http_requests(front)
    routes_and_services(front)
    refusals(front)
    tunnels(front)
    pools(t)
    totals_agree(front)


class Change:
    """What has changed since it was made; read until it is as expected, for counters of a request
    are added when it is over, which the client may see a moment earlier."""

    def __init__(self, front):
        self._front, self._before = front, front.proxy.metrics()

    def is_soon(self, expected, name, **labels):
        def as_expected():
            change = self._front.proxy.metrics().sum(name, **labels) - \
                self._before.sum(name, **labels)
            assert change == expected, f"{change:g} instead of {expected}"
            return True
        eventually(f"{name} {labels} changes by {expected}", as_expected, 5)


def http_requests(front):
    change = Change(front)
    for way in WAYS:
        with front.client(way) as client:
            for path in ("/", "/status/404", "/status/500", "/status/204", "/api", "/status/301"):
                client.get(path)
            assert client.get("/", host="unknown.test").status in (404, 421)
    for status, count in (("2xx", 9), ("3xx", 3), ("5xx", 3)):
        change.is_soon(count, "sallyport_http_requests_total", status=status)
    change.is_soon(6, "sallyport_http_requests_total", status="4xx")
    change.is_soon(6, "sallyport_http_requests_total", scenario="reencrypt")
    change.is_soon(18, "sallyport_http_requests_ended_total", end="complete")
    change.is_soon(3, "sallyport_http_requests_ended_total", end="no_route")
    change.is_soon(3, "sallyport_http_own_responses_total")
    change.is_soon(21, "sallyport_http_request_duration_seconds_count")
    change.is_soon(0, "sallyport_http_requests_in_flight")

    backend = front.plain
    client = front.client("offload")
    client.request("GET", "/waits")
    eventually("the backend has it", lambda: backend.requests[-1].target == "/waits")
    change.is_soon(1, "sallyport_http_requests_in_flight")
    client.reset()
    change.is_soon(1, "sallyport_http_requests_ended_total", end="client_aborted")
    change.is_soon(1, "sallyport_http_requests_total", status="none")
    change.is_soon(0, "sallyport_http_requests_in_flight")


def routes_and_services(front):
    for way in WAYS:
        change = Change(front)
        site = f"{way}.test"
        with front.client(way) as client:
            for _ in range(3):
                client.get("/api/x", method="POST", body=b"x" * SIZE)
            client.get(f"/bytes/{SIZE}")
            client.get("/status/503")
        change.is_soon(3, "sallyport_route_requests_total", site=site, route="/api", status="2xx")
        change.is_soon(1, "sallyport_route_requests_total", site=site, route="/", status="2xx")
        change.is_soon(1, "sallyport_route_requests_total", site=site, route="/", status="5xx")
        change.is_soon(5, "sallyport_route_requests_total", service=SERVICES[way])
        change.is_soon(5, "sallyport_route_request_duration_seconds_count")
        change.is_soon(4, "sallyport_service_requests_total", service=SERVICES[way], status="2xx")
        change.is_soon(1, "sallyport_service_requests_total", service=SERVICES[way], status="5xx")
        change.is_soon(5, "sallyport_service_requests_total")
        change.is_soon(5, "sallyport_service_response_time_seconds_count", service=SERVICES[way])
        change.is_soon(3 * SIZE, "sallyport_service_bytes_total", service=SERVICES[way],
                       **{"from": "client"})
        metrics = front.proxy.metrics()
        heads = metrics.sum("sallyport_route_bytes_total", site=site, route="/api",
                            **{"from": "client"}) - 3 * SIZE
        assert 3 * 40 < heads < 3 * 400, (way, heads)
        sent = metrics.sum("sallyport_route_bytes_total", site=site, route="/",
                           **{"from": "backend"})
        assert SIZE < sent < SIZE + 20_000, (way, sent)


def refusals(front):
    for way in WAYS:
        change = Change(front)
        for data in (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"):
            with front.client(way) as client:
                client.send(data)
                assert client.response().status == 400, (way, data)
        change.is_soon(2, "sallyport_http_requests_refused_total")
        change.is_soon(2, "sallyport_http_requests_ended_total", end="bad_request")
        change.is_soon(2, "sallyport_http_own_responses_total", status="400")
        with front.client(way) as client:
            assert client.get("/malformed").status == 502, way
        change.is_soon(1, "sallyport_http_responses_refused_total")
        change.is_soon(1, "sallyport_http_requests_ended_total", end="backend_failed")
        change.is_soon(1, "sallyport_http_own_responses_total", status="502")
        change.is_soon(1, "sallyport_route_requests_total", site=f"{way}.test", status="5xx")


def tunnels(front):
    change = Change(front)
    clients = [front.client(way) for way in WAYS]
    for client in clients:
        response = client.get("/t", {"Connection": "upgrade", "Upgrade": "x"})
        assert response.status == 101, response
    change.is_soon(3, "sallyport_http_tunnels_open")
    change.is_soon(0, "sallyport_http_tunnels_total")
    for client in clients:
        client.end()
        client.ended()
    change.is_soon(0, "sallyport_http_tunnels_open")
    change.is_soon(3, "sallyport_http_tunnels_total")
    change.is_soon(3, "sallyport_http_requests_ended_total", end="tunnelled")
    # A tunnel of an hour is no slow request.
    change.is_soon(0, "sallyport_http_request_duration_seconds_count")


def pools(t):
    """From a fresh start: what was opened, kept, used again, found dead and retried."""

    def dies_once(request, answer):
        if request.target == "/kept-dies" and request.number > 1:
            return answer.reset()
        return echo(request, answer)

    front = Front(t, dies_once, name="pools")
    for way in TLS_WAYS:
        change = Change(front)
        service = SERVICES[way]
        with front.client(way) as client:
            for _ in range(5):
                assert client.get("/").status == 200
        change.is_soon(1, "sallyport_backend_connections_opened_total")
        change.is_soon(1, "sallyport_backend_connects_total")
        change.is_soon(1, "sallyport_service_connects_total", service=service)
        change.is_soon(4, "sallyport_backend_connections_reused_total")
        change.is_soon(4, "sallyport_service_reuses_total", service=service)
        change.is_soon(1, "sallyport_backend_connections_idle")
        assert front.ask(way, "/kept-dies").status == 200, way
        change.is_soon(1, "sallyport_backend_connections_stale_total")
        change.is_soon(1, "sallyport_http_requests_retried_total")
        change.is_soon(1, "sallyport_service_retries_total", service=service)
        change.is_soon(1, "sallyport_backend_connections_idle")
    backends = {"plain": front.plain, "again": front.tls}
    for way in TLS_WAYS:
        change = Change(front)
        backend = backends[SERVICES[way]]
        backend.close()
        try:
            front.ask(way, "/kept-dies")
        except (Broken, Cut) as error:
            raise AssertionError(f"{way}: no answer but {error}") from error
        change.is_soon(1, "sallyport_http_own_responses_total", status="502")
        change.is_soon(1, "sallyport_backend_connect_failures_total")
        change.is_soon(1, "sallyport_service_connect_failures_total", service=SERVICES[way])


def totals_agree(front):
    metrics = front.proxy.metrics()
    requests = metrics.sum("sallyport_http_requests_total")
    assert metrics.sum("sallyport_http_requests_ended_total") == requests
    lines = eventually("as many lines are in the log", lambda: len(
        lines := front.proxy.access_lines(kind="request")) == requests and lines)
    routed = sum("route" in line for line in lines)
    assert metrics.sum("sallyport_route_requests_total") == routed, routed


if __name__ == "__main__":
    main(test)
