"""Each handshake is counted once: completed, by version, resumption and what the site asks of
certificates; failed, by why, before TLS begins or in it. The metrics tell as well when
certificates and revocation lists expire, and how old the ticket keys are."""

import sys

sys.path.append(sys.path[0] + "/..")
import datetime
import socket
import ssl
import subprocess

from support import names
from support.channel import Cut, client_context
from support.client_pki import ClientPki
from support.hello import of as client_hello
from support.http import Ended
from support.http_front import Front
from support.scenario import main
from support.waiting import eventually

HOSTS = ("new.test", "ecdhe.test", "asked.test", "routes.test", "optional.test")
SITES = """  - {host: new.test, scenario: offload, secret: site, service: plain, min_tls: "1.3"}
  - {host: ecdhe.test, scenario: offload, secret: site, service: plain,
     ciphers: [ECDHE-ECDSA-AES256-GCM-SHA384]}
  - {host: asked.test, scenario: offload, secret: site, service: plain,
     client_auth: {verify: required, secret: partners, on_failure: abort}}
  - {host: optional.test, scenario: offload, secret: site, service: plain,
     client_auth: {verify: optional, secret: partners}}
  - host: routes.test
    scenario: offload
    secret: site
    routes:
      - {path: /, service: plain}
      - {path: /admin, service: plain, client_auth: {verify: required, secret: partners}}
"""


def test(t):
    pki = ClientPki(t.pki_folder)
    front = Front(t, hosts=HOSTS, sites=SITES,
                  settings="limits: {handshake_timeout: 1s, hello_timeout: 1s}\n",
                  secrets=f"  - {{name: partners, directory: {pki.secret}}}\n")
    completed(t, front, pki)
    refused_before_tls(front)
    refused_in_tls(t, front, pki)
    times(front, pki)


def completed(t, front, pki):
    def count(**labels):
        return front.proxy.metrics().sum(names.HANDSHAKES, side="client", **labels)

    for host, policy in (("ecdhe.test", "off"), ("optional.test", "optional"),
                         ("routes.test", "by_route"), ("asked.test", "required")):
        for version in ("1.2", "1.3"):
            context = client_context(t.authority, version=version,
                                     certificate=pki.certificate("valid"))
            with front.client("offload", host, context=context) as client:
                assert client.get().status == 200, (host, version)
                session = client.channel.tls.session
            with front.client("offload", host, context=context, session=session) as client:
                assert client.get().status == 200 and client.channel.tls.session_reused
            for resumed in ("false", "true"):
                assert count(version=f"TLSv{version}", resumed=resumed, client_auth=policy) == 1, \
                    (host, version, resumed)
    verdicts = front.proxy.metrics()
    assert verdicts.sum(names.CLIENT_CERTIFICATES, verdict="good") == 8
    assert verdicts.sum(names.CLIENT_CERTIFICATES) == 8


def refused_before_tls(front):
    for reason, data in (("not_tls", b"GET / HTTP/1.1\r\n\r\n"),
                         ("unknown_sni", client_hello("nobody.test")),
                         ("no_sni", client_hello(None)),
                         ("hello_malformed", b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"),
                         ("hello_timeout", b"\x16")):
        with socket.create_connection(("127.0.0.1", front.https_port), 20) as client:
            client.sendall(data)
            while client.recv(4096):
                pass
        fails(front, reason, "none")


def refused_in_tls(t, front, pki):
    other = t.other_authority()
    rows = (("version", "off", "new.test", client_context(t.authority, version="1.2")),
            ("algorithms", "off", "ecdhe.test", with_ciphers(t, "ECDHE-ECDSA-AES128-GCM-SHA256")),
            ("alpn", "off", "offload.test", with_alpn(t, "acme-tls/1")),
            ("peer_refuses_certificate", "off", "offload.test", client_context(other)),
            ("certificate_missing", "required", "asked.test", client_context(t.authority)),
            *((f"certificate_{verdict}", "required", "asked.test",
               client_context(t.authority, certificate=pki.certificate(kind)))
              for kind, verdict in (("expired", "expired"), ("revoked", "revoked"),
                                    ("wrong_ca", "unknown_issuer"), ("too_deep", "too_deep"),
                                    ("not_yet_valid", "not_yet_valid"),
                                    ("crl_missing", "revocation_unknown"),
                                    ("wrong_use", "wrong_use"))))
    for reason, policy, host, context in rows:
        try:
            with front.client("offload", host, context=context) as client:
                raise AssertionError((reason, client.get().status))
        except (ssl.SSLError, Cut, Ended):
            pass
        fails(front, reason, policy)
    hello = client_hello("asked.test")
    with socket.create_connection(("127.0.0.1", front.https_port), 20) as client:
        client.sendall(hello)
        assert client.recv(1)
    fails(front, "peer_left", "required")
    with socket.create_connection(("127.0.0.1", front.https_port), 20) as client:
        client.sendall(hello)
        try:
            while client.recv(4096):
                pass
        except ConnectionResetError:
            pass
        fails(front, "timeout", "required")
    assert front.proxy.metrics().sum(names.CLIENT_CERTIFICATES, verdict="expired") == 1


def fails(front, reason, policy):
    """One more than before of that reason, and of no other."""
    def counted():
        metrics = front.proxy.metrics()
        return (metrics.sum(names.HANDSHAKE_FAILURES, side="client", reason=reason,
                            client_auth=policy),
                metrics.sum(names.HANDSHAKE_FAILURES, side="client"))
    front.failures = getattr(front, "failures", 0) + 1
    eventually(f"{reason} is counted for {policy}",
               lambda: counted() == (1, front.failures))


def with_ciphers(t, ciphers):
    context = client_context(t.authority, version="1.2")
    context.set_ciphers(ciphers)
    return context


def with_alpn(t, protocol):
    context = client_context(t.authority)
    context.set_alpn_protocols([protocol])
    return context


def times(front, pki):
    metrics = front.proxy.metrics()
    command = ["openssl", "x509", "-noout", "-enddate", "-in", front.site_secret / "tls.crt"]
    assert metrics.sum(names.CERTIFICATE_EXPIRY, secret="site") == moment(command)
    # One of the lists is over.
    assert metrics.sum(names.CRL_EXPIRY, secret="partners") == \
        datetime.datetime(2021, 1, 1, tzinfo=datetime.timezone.utc).timestamp()
    assert metrics.sum(names.TICKET_KEYS) == 1
    assert 0 <= metrics.sum(names.TICKET_KEY_AGE) < 3600


def moment(command):
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return ssl.cert_time_to_seconds(text.strip().partition("=")[2])


if __name__ == "__main__":
    main(test)
