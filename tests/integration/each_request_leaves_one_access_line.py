"""One line of JSON for each request, with all that is documented of it: whose it was, what it asked
for, where it went, what came of it, how many bytes there were and what happened when. A connection
has a line of its own only if no request was recorded on it."""

import sys

sys.path.append(sys.path[0] + "/..")
import datetime
import ssl

from support.channel import Cut
from support.http import Broken, head
from support.http_backend import echo
from support.http_front import TLS_WAYS, WAYS, Front
from support.scenario import main
from support.waiting import eventually

COMMON = set("""time kind listener client peer site scenario sni tls_version tls_cipher tls_resumed
    service endpoint connect_attempts connected_us duration_us doing detail""".split())
REQUEST = COMMON | set("""connection request_id method host path protocol status route
    backend_status reused_connection upgraded request_head_bytes request_body_bytes
    response_head_bytes response_body_bytes backend_body_bytes client_subject user_agent referer
    x_forwarded_for request_head_us request_sent_us response_head_us response_end_us
    end""".split())  # and "retried", which has a scenario of its own
CONNECTION = COMMON | set("""id alpn bytes_from_client bytes_from_backend hello_us
    client_handshake_us backend_handshake_us reason by""".split())
FIELDS = {"User-Agent": "a \"test\" \\", "Referer": "https://here.test/", "X-Forwarded-For":
          "198.51.100.7"}
STEPS = ("request_head_us", "connected_us", "request_sent_us", "response_head_us",
         "response_end_us", "duration_us")
BODY = b"b" * 12_345


def respond(request, answer):
    if request.target == "/breaks":
        answer.start(length=1000)
        answer.send(b"ten bytes.")
        answer.reset()
    elif request.target == "/waits":
        answer.wait_for_end()
    else:
        echo(request, answer)


def test(t):
    ours = t.authority.issue("client", dns=("client.test",), client=True)
    front = Front(
        t, respond, hosts=("mutual.test",), settings="http: {trusted_networks: [127.0.0.0/8]}\n",
        routes="[{{path: /, service: {service}}}, {{path: /api, service: {service}}}]",
        sites="  - {host: mutual.test, scenario: reencrypt, secret: site, service: again,\n"
              "     client_auth: {verify: required, secret: authority}}\n")
    begun = datetime.datetime.now(datetime.timezone.utc)
    logged = Log(front.proxy)
    for way in WAYS:
        ordinary(front, logged, way, begun)
        refused(front, logged, way)
        broken_off(front, logged, way)
        tunnel(front, logged, way)
    with_a_certificate(t, front, logged, ours)
    without_a_request(front, logged)
    assert logged.keys["request"] == REQUEST, logged.keys["request"] ^ REQUEST
    assert logged.keys["connection"] <= CONNECTION, logged.keys["connection"] - CONNECTION
    logged.nothing_more()


class Log:
    """Takes the lines as they come, each once."""

    def __init__(self, proxy):
        self._proxy, self._taken = proxy, 0
        self.keys = {"request": set(), "connection": set()}

    def next(self, count=1):
        def there():
            lines = self._proxy.access_lines()
            return len(lines) >= self._taken + count and lines
        lines = eventually(f"{count} more lines", there)[self._taken:]
        assert len(lines) == count, lines[count:]
        self._taken += count
        for line in lines:
            self.keys[line["kind"]] |= set(line)
        return lines

    def nothing_more(self):
        assert len(self._proxy.access_lines()) == self._taken, \
            self._proxy.access_lines()[self._taken:]


def ordinary(front, logged, way, begun):
    """Two on one connection, in each framing."""
    backend = front.backend(way)
    with front.client(way) as client:
        for number, body in enumerate((BODY, [BODY[:1000], BODY[1000:]])):
            sent = Counting(client)
            client.request("POST", "/api/x?q=%22", FIELDS, body)
            response = client.response()
            line, = logged.next()
            fields = dict((n.lower(), v) for n, v in backend.requests[-1].fields)
            check(line, {
                "kind": "request", "request_id": fields["x-request-id"],
                "listener": "http" if way == "plain" else "https", "client": "198.51.100.7:0",
                "peer": "%s:%d" % client.channel.socket.getsockname(), "method": "POST",
                "host": f"{way}.test", "path": "/api/x?q=%22", "protocol": "HTTP/1.1",
                "status": 200, "user_agent": FIELDS["User-Agent"], "referer": FIELDS["Referer"],
                "x_forwarded_for": "198.51.100.7", "site": f"{way}.test", "route": "/api",
                "scenario": "reencrypt" if way == "reencrypt" else "offload",
                "service": "again" if way == "reencrypt" else "plain",
                "endpoint": backend.address, "backend_status": 200,
                "request_head_bytes": sent.head, "request_body_bytes": len(BODY),
                "response_head_bytes": len(response.head),
                "response_body_bytes": len(response.body),
                "backend_body_bytes": len(response.body), "end": "complete"})
            if way == "plain":
                assert not {"sni", "tls_version", "tls_cipher", "tls_resumed"} & set(line), line
            else:
                check(line, {"sni": f"{way}.test", "tls_version": "TLSv1.3", "tls_resumed": False})
                assert line["tls_cipher"].startswith("TLS_"), line
            if number:
                check(line, {"reused_connection": True, "connect_attempts": 0})
            times = [line[s] for s in STEPS]
            assert times == sorted(times) and times[0] >= 0, (way, dict(zip(STEPS, times)))
            when = datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00"))
            assert abs((when - begun).total_seconds()) < 30, line["time"]
    logged.nothing_more()


class Counting:
    """How long the heads are that a client sends."""

    def __init__(self, client):
        self.head, send = 0, client.channel.send

        def counted(data):
            self.head = data.index(b"\r\n\r\n") + 4
            client.channel.send = send
            send(data)
        client.channel.send = counted


def refused(front, logged, way):
    with front.client(way) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        response = client.response()
        assert response.status == 400, (way, response)
    line, = logged.next()
    check(line, {"kind": "request", "status": 400, "end": "bad_request",
                 "response_body_bytes": len(response.body), "response_head_bytes":
                 len(response.head)})
    assert line["detail"] and not {"method", "host", "path", "service"} & set(line), line

    with front.client(way) as client:
        response = client.get("/", host="nobody.test")
    line, = logged.next()
    check(line, {"host": "nobody.test", "status": response.status, "end": "no_route"})
    assert response.status in (404, 421), (way, response)
    assert not {"site", "service", "endpoint", "backend_status"} & set(line), line


def broken_off(front, logged, way):
    with front.client(way) as client:
        try:
            client.get("/breaks")
        except (Broken, Cut):
            pass
        else:
            raise AssertionError(f"{way}: a broken response looks whole")
    line, = logged.next()
    check(line, {"path": "/breaks", "status": 200, "backend_status": 200, "end": "backend_failed",
                 "response_body_bytes": 10, "backend_body_bytes": 10})

    backend = front.backend(way)
    client = front.client(way)
    client.request("GET", "/waits")
    eventually("the backend has it", lambda: backend.requests[-1].target == "/waits")
    client.reset()
    line, = logged.next()
    check(line, {"path": "/waits", "end": "client_aborted"})
    assert "status" not in line and "backend_status" not in line, line


def tunnel(front, logged, way):
    with front.client(way) as client:
        client.request("GET", "/t", {"Connection": "upgrade", "Upgrade": "x"})
        assert client.response().status == 101, way
        client.send(b"x" * 777)
        assert client.recv_exactly(777) == b"x" * 777
        client.end()
        client.ended()
    line, = logged.next()
    check(line, {"path": "/t", "status": 101, "backend_status": 101, "upgraded": True,
                 "request_body_bytes": 777, "response_body_bytes": 777, "end": "tunnelled"})


def with_a_certificate(t, front, logged, ours):
    response = front.ask("reencrypt", host="mutual.test", fields={"X-Request-ID": "given-by-us"})
    assert response.status == 400, response
    line, = logged.next()
    check(line, {"host": "mutual.test", "status": 400, "end": "forbidden",
                 "request_id": "given-by-us"})
    with front.client("reencrypt", "mutual.test", certificate=ours) as client:
        assert client.get("/").status == 200
    line, = logged.next()
    check(line, {"client_subject": "CN=client", "status": 200})


def without_a_request(front, logged):
    for way in WAYS:
        front.client(way).close()
        line, = logged.next()
        check(line, {"kind": "connection", "bytes_from_client": 0, "bytes_from_backend": 0})
        assert {"id", "reason", "by", "duration_us"} <= set(line), line
    try:
        front.client("offload", "unknown.test")
    except ssl.SSLError:
        pass
    line, = logged.next()
    check(line, {"kind": "connection", "sni": "unknown.test"})
    with front.client("offload") as client:
        client.send(b"GET / HT")
        client.reset()
    line, = logged.next()
    assert line["kind"] in ("connection", "request"), line


def check(line, expected):
    wrong = {k: (v, line.get(k)) for k, v in expected.items() if line.get(k) != v}
    assert not wrong, f"(expected, logged): {wrong} in {line}"


if __name__ == "__main__":
    main(test)
