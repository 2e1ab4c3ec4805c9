"""psql and PostgreSQL's own server with the proxy in between: psql with each of its sslmodes against
listeners with `sslmode: require`, `prefer` and `verify-ca`; the proxy with each of them against
backends with TLS and without. Nothing that was said before TLS counts as said within it, on either
leg, and nobody is served in the clear who does not say so."""

import sys

sys.path.append(sys.path[0] + "/..")
import struct

from support.channel import Cut
from support.postgres import Postgres, ask
from support.scenario import main

TIMEOUT = 180
# What the backend knows of its own leg.
QUERY = "select ssl from pg_stat_ssl where pid = pg_backend_pid()"
TLS, CLEAR = "t", "f"
SSL_REQUEST = struct.pack("!II", 8, 80877103)
GSS_REQUEST = struct.pack("!II", 8, 80877104)
STARTUP = struct.pack("!II", 23, 3 << 16) + b"user\0postgres\0\0"

# By host: keys of the service's tls, whether the backend has TLS, what psql then sees.
BACKENDS = {
    "full.test": ("sslmode: verify-full, name: db.test, secret: ca", True, TLS),
    "full-other.test": ("sslmode: verify-full, name: other.test, secret: ca", True, None),
    "ca.test": ("sslmode: verify-ca, name: other.test, secret: ca", True, TLS),
    "ca-other.test": ("sslmode: verify-ca, name: db.test, secret: stranger", True, None),
    "require.test": ("sslmode: require, name: other.test", True, TLS),
    "require-clear.test": ("sslmode: require, name: db.test", False, None),
    "full-clear.test": ("sslmode: verify-full, name: db.test, secret: ca", False, None),
    "prefer.test": ("sslmode: prefer, name: db.test", True, TLS),
    "prefer-clear.test": ("sslmode: prefer, name: db.test", False, CLEAR),
}


def test(t):
    secret = t.authority.issue("db.test", dns=("db.test", "through.test"))
    with_tls, without = Postgres(t, "with-tls", secret), Postgres(t, "without-tls")
    stuffing = t.backend(stuff)
    other = t.other_authority()
    client = t.authority.issue("postgres", dns=("client.test",), client=True)
    (t.folder / "client.key").write_bytes((client / "tls.key").read_bytes())
    (t.folder / "client.key").chmod(0o600)
    ports = {mode: t.port() for mode in ("require", "prefer", "verify-ca")}
    hosts = ["offload.test", "verified.test", "stuffed.test", *BACKENDS]
    proxy = t.sallyport("listeners:\n" + "".join(
        f'  - {{name: {mode}, address: "127.0.0.1:{port}", protocol: tls, sslmode: {mode}}}\n'
        for mode, port in ports.items()) + f"""secrets:
  - {{name: site, directory: {t.authority.issue("postgres sites", dns=hosts)}}}
  - {{name: ca, ca.crt: {t.authority.file}}}
  - {{name: stranger, ca.crt: {other.file}}}
sites:
  - {{host: offload.test, listeners: [require, prefer], scenario: offload, secret: site,
     service: plain}}
  - {{host: "*", listeners: [prefer], scenario: offload, secret: site, service: plain}}
  - {{host: through.test, listeners: [require, prefer], scenario: passthrough, service: through}}
  - {{host: verified.test, listeners: [verify-ca], scenario: offload, secret: site, service: plain,
     client_auth: {{secret: ca}}}}
  - {{host: stuffed.test, listeners: [require], scenario: reencrypt, secret: site, service: stuffed}}
""" + "".join(f"  - {{host: {host}, listeners: [require], scenario: reencrypt, secret: site, "
              f"service: s-{host}}}\n" for host in BACKENDS) + f"""services:
  - {{name: plain, endpoints: ["{without.address}"]}}
  - {{name: through, endpoints: ["{with_tls.address}"]}}
  - {{name: stuffed, endpoints: ["{stuffing.address}"], tls: {{sslmode: prefer, name: db.test}}}}
""" + "".join(f'  - {{name: s-{host}, endpoints: ["{(with_tls if tls else without).address}"], '
              f"tls: {{{keys}}}}}\n" for host, (keys, tls, _) in BACKENDS.items()))

    def psql(listener, host, sslmode, authority=t.authority, **options):
        return ask(ports[listener], host, QUERY, sslmode=sslmode, sslrootcert=authority.file,
                   **options)

    # The client's leg. `allow` begins in the clear, and begins again when it is refused.
    for sslmode in ("allow", "prefer", "require", "verify-ca", "verify-full"):
        assert psql("require", "offload.test", sslmode)[0] == CLEAR, sslmode
        assert psql("prefer", "offload.test", sslmode)[0] == CLEAR, sslmode
    refused = psql("require", "offload.test", "disable")
    assert refused[0] == "" and "TLS is required here" in refused[1], refused
    assert psql("prefer", "offload.test", "disable")[0] == CLEAR
    assert "certificate verify failed" in psql("require", "offload.test", "verify-ca", other)[1]
    assert psql("require", "nobody.test", "require")[0] == ""
    mine = {"sslcert": client / "tls.crt", "sslkey": t.folder / "client.key"}
    assert psql("verify-ca", "verified.test", "verify-full", **mine)[0] == CLEAR
    assert psql("verify-ca", "verified.test", "verify-full", sslcert="/none")[0] == ""
    assert psql("verify-ca", "verified.test", "disable")[0] == ""
    # The client's own TLS reaches the backend, who is asked for it first.
    assert psql("require", "through.test", "verify-full")[0] == TLS
    # The backend's leg.
    for host, (keys, _, seen) in BACKENDS.items():
        got = psql("require", host, "verify-full")
        assert got[0] == (seen or ""), (host, keys, got)
    detail = proxy.access_line(site="require-clear.test")
    assert detail["reason"] == "backend_handshake_failed", detail
    assert detail["detail"] == "the backend has no TLS", detail

    before_tls(t, ports)
    # Said in the clear behind the backend's 'S': no part of the answer.
    got = psql("require", "stuffed.test", "require")
    assert got[0] == "" and "forged" not in got[1], got


def before_tls(t, ports):
    """What clients say before TLS, and with it."""
    def answers(*sent, port=ports["require"]):
        channel = t.connect(port)
        got = []
        for bytes_sent in sent:
            channel.send(bytes_sent)
            got.append(channel.recv(1))
        return got

    assert answers(SSL_REQUEST) == [b"S"]
    assert answers(GSS_REQUEST, SSL_REQUEST) == [b"N", b"S"]
    assert answers(STARTUP) == [b"E"]
    for sent in ((GSS_REQUEST, GSS_REQUEST), (SSL_REQUEST + STARTUP,), (SSL_REQUEST + b"\x16",),
                 (GSS_REQUEST + SSL_REQUEST,), (b"GET / HTTP/1.1\r\n\r\n",)):
        try:
            last = answers(*sent)[-1]
        except Cut:
            last = b""
        assert last == b"", (sent, last)
    # Who begins with TLS has no need to ask.
    channel = t.connect(ports["require"], "offload.test")
    channel.send(STARTUP)
    assert channel.recv(1) == b"R"  # Authentication…


def stuff(channel, seen):
    seen.received += channel.recv_exactly(8)
    error = b"SFATAL\0C28000\0Mforged\0\0"
    channel.send(b"S" + b"E" + struct.pack("!I", len(error) + 4) + error)
    channel.recv_to_end()


if __name__ == "__main__":
    main(test)
