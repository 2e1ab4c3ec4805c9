"""On listeners that speak HTTP each request leaves a line of JSON: whose it was, what was asked for,
where it went, what came of it, how many bytes each way and when what happened. A connection leaves
one only if it ends without a request."""

import sys

sys.path.append(sys.path[0] + "/..")
import re

from support.http_front import WAYS, Front
from support.scenario import main
from support.waiting import eventually

SENT, RECEIVED = 12_345, 54_321
FIELDS = {"User-Agent": 'an "agent"', "Referer": "https://elsewhere.test/"}


def test(t):
    front = Front(t)
    for way in WAYS:
        with front.client(way) as client:
            us = "%s:%d" % client.channel.socket.getsockname()
            posted = client.get(f"/bytes/{RECEIVED}?q", FIELDS, "POST", body=bytes(SENT))
            got = client.get("/status/404")
            assert posted.status == 200 and got.status == 404, (way, posted, got)
        first, second = eventually("a line for each request", lambda: two_of(front, us))
        check(first, front, way, method="POST", path=f"/bytes/{RECEIVED}?q", status=200,
              request_body_bytes=SENT, response_body_bytes=RECEIVED, user_agent='an "agent"',
              referer="https://elsewhere.test/")
        check(second, front, way, method="GET", path="/status/404", status=404,
              request_body_bytes=0, reused_connection=True)
        assert first["connection"] == second["connection"], (first, second)
        assert "user_agent" not in second and "referer" not in second, second
        # Both ways to the plain backend share its connections.
        assert first.get("reused_connection", False) == (way == "offload"), first

    silent(front)


def two_of(front, client):
    lines = front.proxy.access_lines(client=client)
    assert len(lines) == 2, lines
    return lines


def check(line, front, way, **expected):
    expected |= {
        "kind": "request", "listener": "http" if way == "plain" else "https",
        "host": f"{way}.test", "site": f"{way}.test", "route": "/", "protocol": "HTTP/1.1",
        "scenario": "reencrypt" if way == "reencrypt" else "offload",
        "service": "again" if way == "reencrypt" else "plain",
        "endpoint": front.backend(way).address, "backend_status": expected["status"],
        "end": "complete"}
    for key, value in expected.items():
        assert line.get(key) == value, (way, key, value, line)
    assert re.fullmatch("[0-9a-f]{32}", line["request_id"]), line
    told = front.backend(way).requests
    assert line["request_id"] in [r["X-Request-ID"] for r in told], line
    tls = ("tls_version", "tls_cipher", "tls_resumed", "sni")
    assert [k in line for k in tls] == [way != "plain"] * 4, line
    assert line["connect_attempts"] == (0 if line.get("reused_connection") else 1), line
    times = [line[k] for k in ("request_head_us", "connected_us", "request_sent_us",
                               "response_head_us", "response_end_us", "duration_us")]
    assert times == sorted(times) and times[0] >= 0, line


def silent(front):
    """Connections without a request."""
    known = len(front.proxy.access_lines())
    for way in WAYS:
        client = front.client(way)
        us = "%s:%d" % client.channel.socket.getsockname()
        client.channel.close()
        line = front.proxy.access_line(client=us)
        assert line["kind"] == "connection" and line["reason"] == "closed", line
    assert len(front.proxy.access_lines()) == known + len(WAYS)


if __name__ == "__main__":
    main(test)
