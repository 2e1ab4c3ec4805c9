"""On one HTTP/2 connection, at the same time: streams for the site of the handshake, for others that
ask for a certificate (421) or for none, for guarded routes, and with forged fields. Each has its own
status, its own identity fields at the backend, its line in the log and its place in the metrics."""

import sys

sys.path.append(sys.path[0] + "/..")
import json

from support.channel import client_context
from support.client_pki import CertificateAuthority
from support.h2 import Connection
from support.http_front import Front
from support.scenario import main
from support.waiting import eventually

ROUNDS = 10
HOSTS = ("mtls.test", "open.test", "routes.test")
FORGED = [("ssl-client-verify", "SUCCESS"), ("x-forwarded-client-cert", "forged"),
          ("ssl-client-subject-dn", "CN=forged")]
# Asked on a connection to routes.test: host, path, and the status without and with a certificate.
ASKED = (("routes.test", "/", 200, 200), ("routes.test", "/admin", 400, 200),
         ("routes.test", "/%61dmin/x", 400, 200), ("open.test", "/", 200, 200),
         ("mtls.test", "/", 421, 421), ("unknown.test", "/", 404, 404))


def ask_all(t, front, certificate):
    """All at once, several times; the bodies by stream, in the order of ASKED."""
    tls = client_context(t.authority, certificate=certificate)
    with Connection(front.https_port, "routes.test", tls) as c:
        streams, frames = iter(range(1, 10_000, 2)), []
        told = {}
        for _ in range(ROUNDS):
            for host, path, *_ in ASKED:
                stream = next(streams)
                told[stream] = (host, path)
                fields = [(n, host if n == ":authority" else v)
                          for n, v in c.fields("GET", path, *FORGED)]
                frames.append(c.headers(stream, fields))
        c.send(*frames)
        bodies = dict.fromkeys(told, b"")
        left = set(told)
        while left:
            got = c.until(lambda f: f.stream in left)
            assert got and got.kind in (0, 1), got
            bodies[got.stream] += got.payload if got.kind == 0 else b""
            if got.flags & 1:
                left.discard(got.stream)
        return [(told[stream], body) for stream, body in bodies.items()]


def test(t):
    clients = CertificateAuthority(t.folder / "clients-ca")
    good = clients.issue(t.folder / "people" / "good")
    front = Front(t, hosts=HOSTS, secrets=f"""
  - {{name: clients, ca.crt: {clients.folder}/ca.crt}}
""".lstrip("\n"), sites="""
  - {host: mtls.test, scenario: offload, secret: site, service: plain,
     client_auth: {verify: required, secret: clients}}
  - {host: open.test, scenario: offload, secret: site, service: plain}
  - {host: routes.test, scenario: offload, secret: site, routes: [{path: /, service: plain},
     {path: /admin, service: plain, client_auth: {secret: clients}}]}
""".lstrip("\n"))
    for certificate in (None, good):
        before = len(front.proxy.access_lines(kind="request"))
        for (host, path), body in ask_all(t, front, certificate):
            status = next(a[3 if certificate else 2] for a in ASKED if a[:2] == (host, path))
            if status != 200:
                assert str(status).encode() in body, (host, path, body)
                continue
            fields = {n.lower(): v for n, v in json.loads(body)["fields"]}
            assert fields["host"] == host, fields
            shown = {n: v for n, v in fields.items() if "client-cert" in n or "ssl-client" in n}
            if certificate and "dmin" in path:
                assert shown["ssl-client-subject-dn"] == "CN=good,O=Partners", shown
                assert shown["ssl-client-verify"] == "SUCCESS", shown
            else:
                assert not shown, (host, path, shown)
        count = ROUNDS * len(ASKED)
        eventually("each has its line", lambda n=before + count: len(
            front.proxy.access_lines(kind="request")) == n)
        lines = front.proxy.access_lines(kind="request")[before:]
        for host, path, *statuses in ASKED:
            seen = [line["status"] for line in lines if (line["host"], line["path"]) == (host, path)]
            assert seen == [statuses[bool(certificate)]] * ROUNDS, (host, path, seen)
        assert {line["protocol"] for line in lines} == {"HTTP/2.0"}
    refused = front.proxy.metrics().sum("sallyport_http_own_responses_total", status="421")
    assert refused == 2 * ROUNDS, refused


if __name__ == "__main__":
    main(test)
