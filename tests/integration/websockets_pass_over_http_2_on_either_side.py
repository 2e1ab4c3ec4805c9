"""WebSockets over HTTP/2 (RFC 8441): from clients with an extended CONNECT to backends that speak
HTTP/1.1 or HTTP/2, and from those with an Upgrade to backends that take CONNECT; thousands of
messages each way, and the end is their own. Headless Chromium, which loads its page over HTTP/2,
opens its WebSocket on the same connection. Other protocols, CONNECT alone, and backends that have
not agreed are refused."""

import sys

sys.path.append(sys.path[0] + "/..")
import threading

from support.browser import dump, key_hash
from support.channel import client_context
from support.h2 import (DATA, END_STREAM, HEADERS, NO_ERROR, RST_STREAM, Connection, FrameBackend,
                        frame, status_of)
from support.http_front import Front
from support.node import install, node, node_server
from support.scenario import main
from support.waiting import eventually

TIMEOUT = 180
MESSAGES = 3000
told = []
all_told = threading.Event()
# The image keeps the browser from ending before the socket has.
PAGE = """<!doctype html><title>socket</title><link rel="icon" href="data:,"><img src="/hold">
<script>
const socket = new WebSocket(`wss://${location.host}/socket`, 'sally');
let came = 0;
socket.onopen = () => { for (let i = 0; i < 100; i++) socket.send('x'.repeat(i)); };
socket.onmessage = (m) => { came += m.data.length; if (came === 4950) socket.close(1000); };
socket.onclose = (e) => fetch(`/told/${came}/${e.code}`);
</script>
"""


class NodeBackend:
    def __init__(self, t, tls, *words):
        self.address = node_server(t, "websocket_server.js", tls, *words)


def respond(request, answer):
    """A page; and a backend that switches without having understood."""
    if request["Upgrade"]:
        answer.send(b"HTTP/1.1 101 Yes\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
                    b"Sec-WebSocket-Accept: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        return answer.wait_for_end()
    if request.target == "/hold":
        assert all_told.wait(30)
    elif request.target.startswith("/told/"):
        told.append(request.target)
        all_told.set()
    return answer.whole(PAGE.encode(), fields=[("Content-Type", "text/html")])


def connect(c, path="/socket", protocol=(":protocol", "websocket"), host=None):
    fields = [(":method", "CONNECT"), protocol, (":scheme", "https"),
              (":authority", host or c.host), (":path", path), ("sec-websocket-version", "13")]
    return [f for f in fields if f]


def refusals(t, front):
    def ask(host, status, **options):
        with Connection(front.https_port, host, client_context(t.authority)) as c:
            c.send(c.headers(1, connect(c, **options), end=False), frame(DATA, 0, 1, b"early"))
            got = c.until(lambda f: f.stream == 1 and f.kind in (HEADERS, RST_STREAM))
            assert got.kind == HEADERS and status_of(got.payload) == status, (host, got)
            c.send(frame(DATA, END_STREAM, 1))
            c.ping()
    ask("first.test", 501, protocol=(":protocol", "connect-udp"))
    ask("page.test", 502)     # another Sec-WebSocket-Accept than is right
    ask("unwilling.test", 502)
    with Connection(front.https_port, "first.test", client_context(t.authority)) as c:
        c.send(c.headers(1, connect(c, protocol=None)))
        got = c.until(lambda f: f.stream == 1 and f.kind in (HEADERS, RST_STREAM))
        assert got.kind == RST_STREAM or status_of(got.payload) == 400, got
    front.proxy.access_line(site="unwilling.test", status=502)


def closes_with(t, front):
    """A client that resets its stream ends the backend's side; one that only ends its own gets
    what the backend still says."""
    with Connection(front.https_port, "first.test", client_context(t.authority)) as c:
        c.send(c.headers(1, connect(c), end=False))
        assert c.status() == 200
        c.send(frame(RST_STREAM, 0, 1, b"\x00\x00\x00\x08"))
        c.ping()
        eventually("its tunnel has ended", lambda: open_tunnels(front) == 0)
        c.send(c.headers(3, connect(c), end=False))
        assert c.until(lambda f: f.stream == 3 and f.kind == HEADERS)
        # A masked close frame of RFC 6455, and the end of the direction behind it.
        c.send(frame(DATA, END_STREAM, 3, b"\x88\x82\x00\x00\x00\x00\x03\xe8"))
        data, got = b"", None
        while not (got and got.flags & END_STREAM):
            got = c.until(lambda f: f.stream == 3)
            assert got and got.kind in (DATA, RST_STREAM), got
            assert got.kind == DATA or got.error == NO_ERROR, got
            data += got.payload
        assert data == b"\x88\x02\x03\xe8", data


def browser(t, front):
    dump(t, front.https_port, "socket.test", key_hash(front.site_secret))
    assert told == ["/told/4950/1000"], told
    line = front.proxy.access_line(site="socket.test", path="/socket", upgraded=True)
    assert line["protocol"] == "HTTP/2.0" and line["status"] == 200, line


def open_tunnels(front):
    return front.proxy.metrics().sum("sallyport_http_tunnels_open")


def test(t):
    install()
    first = {tls: NodeBackend(t, tls) for tls in (False, True)}
    second = {tls: NodeBackend(t, tls, "http2") for tls in (False, True)}
    unwilling = t.keep(FrameBackend(lambda c: None))
    hosts = [f"{host}.test" for host in ("first", "first-tls", "second", "second-tls", "page",
                                         "unwilling", "socket")]
    front = Front(t, respond, hosts=hosts, sites=f"""
  - {{host: first.test, scenario: offload, secret: site, service: first}}
  - {{host: first-tls.test, scenario: reencrypt, secret: site, service: first-tls}}
  - {{host: second.test, scenario: offload, secret: site, service: second}}
  - {{host: second-tls.test, scenario: reencrypt, secret: site, service: second-tls}}
  - {{host: page.test, scenario: offload, secret: site, service: plain}}
  - {{host: unwilling.test, scenario: offload, secret: site, service: unwilling}}
  - {{host: socket.test, scenario: offload, secret: site,
     routes: [{{path: /, service: plain}}, {{path: /socket, service: second}}]}}
""", services=f"""
  - {{name: first, endpoints: ["{first[False].address}"]}}
  - {{name: first-tls, endpoints: ["{first[True].address}"],
     tls: {{name: backend.test, secret: authority}}}}
  - {{name: second, endpoints: ["{second[False].address}"], protocol: http2}}
  - {{name: second-tls, endpoints: ["{second[True].address}"], protocol: http2,
     tls: {{name: backend.test, secret: authority}}}}
  - {{name: unwilling, endpoints: ["{unwilling.address}"], protocol: http2}}
""")
    count = MESSAGES if not t.sanitizer else MESSAGES // 5
    clients = {(host, mode): node(t, "websocket_client.js", front.https_port, f"{host}.test",
                                  t.authority.file, count, mode, name=f"client-{host}-{mode}")
               for host, mode in (("first", "http2"), ("first-tls", "http2"), ("second", "http2"),
                                  ("second-tls", "http2"), ("second", "plain"),
                                  ("second-tls", "plain"))}
    for client in clients.values():
        client.wait_for_output("round 1", 60)
    assert open_tunnels(front) == len(clients)
    for client in clients.values():
        assert client.stop() == 0, client.output
        assert "closed 1000 enough" in client.output, client.output
    eventually("all tunnels have ended", lambda: open_tunnels(front) == 0)
    for (host, mode) in clients:
        line = front.proxy.access_line(site=f"{host}.test", upgraded=True, path="/socket",
                                       protocol="HTTP/2.0" if mode == "http2" else "HTTP/1.1")
        assert line["end"] == "tunnelled", line
        assert line["status"] == (200 if mode == "http2" else 101), line
    refusals(t, front)
    closes_with(t, front)
    browser(t, front)
    front.proxy.wait_idle()


if __name__ == "__main__":
    main(test)
