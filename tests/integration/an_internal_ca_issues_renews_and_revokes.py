"""`sallyport pki` from nothing to a revoked client: openssl and curl agree with all that it issues,
a running proxy with `watch: true` shows a renewed certificate at the next handshake while open
connections stay, and a revoked client is refused."""

import sys

sys.path.append(sys.path[0] + "/..")
import base64
import re
import ssl
import stat

from support import names
from support.backends import HttpBackend
from support.ports import free_port
from support.process import run
from support.scenario import main
from support.waiting import eventually


def test(t):
    pki = Pki(t)
    an_authority_is_made_once(pki)
    openssl_agrees_with_what_is_issued(pki)
    a_manifest_has_the_same_in_base64(pki)
    wrong_words_are_usage_errors(pki)
    curl_and_s_server_trust_each_other(t, pki)
    a_proxy_follows(t, pki)
    openssl_answers_from_the_index(pki)


class Pki:
    def __init__(self, t):
        self.program, self.folder = t.program, t.folder
        self.ca = t.folder / "authority"
        self.server, self.client = t.folder / "secrets" / "bank", t.folder / "secrets" / "alice"

    def run(self, *arguments, status=0):
        done = run([self.program, "pki", *arguments])
        assert done.returncode == status, (arguments, done)
        return done

    def issue(self, out, *arguments):
        return self.run("issue", "--ca", self.ca, "--out", out, *arguments)

    def verifies(self, secret, purpose, *arguments):
        """What openssl, strict, has against the certificate; empty if nothing."""
        done = run(["openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile",
                    self.ca / "ca.crt", *arguments, secret / "tls.crt"])
        assert (done.returncode == 0) == ("tls.crt: OK" in done.stdout), done
        return "" if done.returncode == 0 else done.stderr


def an_authority_is_made_once(pki):
    made = pki.run("ca", "--directory", pki.ca, "--name", "Bank CA", "--duration", "10y")
    assert "Bank CA" in made.stdout, made
    assert mode(pki.ca) == 0o700 and mode(pki.ca / "ca.key") == 0o600
    key = (pki.ca / "ca.key").read_bytes()
    again = pki.run("ca", "--directory", pki.ca, status=1)
    assert "never overwritten" in again.stderr, again
    assert (pki.ca / "ca.key").read_bytes() == key


def openssl_agrees_with_what_is_issued(pki):
    pki.issue(pki.server, "--dns", "bank.test", "*.bank.test", "--ip", "127.0.0.1", "::1")
    pki.issue(pki.client, "--client", "--name", "alice", "--key", "rsa", "--duration", "1y")
    both = pki.folder / "secrets" / "both"
    pki.issue(both, "--client", "--server", "--dns", "both.test", "--key", "rsa3072")
    for secret in (pki.server, pki.client, both):
        assert mode(secret / "tls.key") == 0o600
    for name in ("bank.test", "x.bank.test"):
        assert not pki.verifies(pki.server, "sslserver", "-verify_hostname", name)
    for ip in ("127.0.0.1", "::1"):
        assert not pki.verifies(pki.server, "sslserver", "-verify_ip", ip)
    assert "mismatch" in pki.verifies(pki.server, "sslserver", "-verify_hostname", "y.x.bank.test")
    assert "purpose" in pki.verifies(pki.server, "sslclient")
    assert not pki.verifies(pki.client, "sslclient")
    assert "purpose" in pki.verifies(pki.client, "sslserver")
    assert not pki.verifies(both, "sslserver") and not pki.verifies(both, "sslclient")
    refused = pki.run("issue", "--ca", pki.ca, "--out", pki.server, "--dns", "other.test", status=1)
    assert "--replace" in refused.stderr, refused


def a_manifest_has_the_same_in_base64(pki):
    manifest = pki.run("issue", "--ca", pki.ca, "--format", "kubernetes", "--dns", "in.cluster.test",
                       "--secret-name", "internal", "--namespace", "prod").stdout
    assert re.search(r"^type: kubernetes.io/tls$", manifest, re.M), manifest
    secret = pki.folder / "from-manifest"
    secret.mkdir()
    entries = re.findall(r"^  (tls\.crt|tls\.key|ca\.crt): (\S+)$", manifest, re.M)
    for key, value in entries:
        (secret / key).write_bytes(base64.b64decode(value, validate=True))
    assert (secret / "ca.crt").read_bytes() == (pki.ca / "ca.crt").read_bytes()
    assert not pki.verifies(secret, "sslserver", "-verify_hostname", "in.cluster.test")
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(secret / "tls.crt", secret / "tls.key")


def wrong_words_are_usage_errors(pki):
    out = ("issue", "--ca", pki.ca, "--out", pki.folder / "secrets" / "wrong")
    for arguments, message in (
            ((), "subcommand"), (("issue",), "--ca"), (("renew", "--ca", pki.ca), "--all"),
            ((*out, "--dns", "a..b"), "empty label"), ((*out, "--dns", "10.0.0.1"), "IP address"),
            ((*out, "--dns", "*"), "*.example.com"), ((*out, "--ip", "bank"), "not an IP"),
            ((*out, "--name", "bank"), "clients do not look"),
            ((*out, "--dns", "a.test", "--duration", "3w"), "90d"),
            ((*out, "--dns", "a.test", "--key", "dsa"), "--key"),
            ((*out, "--dns", "a.test", "--format", "kubernetes"), "--secret-name"),
            (("crl", "--ca", pki.ca, "--reason", "boredom"), "--reason")):
        done = pki.run(*arguments, status=2)
        assert message in done.stderr + done.stdout, (arguments, done)
    assert not (pki.folder / "secrets" / "wrong").exists()


def curl_and_s_server_trust_each_other(t, pki):
    port = free_port()
    server = t.process(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-Verify",
                        "1", "-verify_return_error", "-CAfile", pki.ca / "ca.crt",
                        "-cert", pki.server / "tls.crt", "-key", pki.server / "tls.key"],
                       name="s_server")
    server.wait_for_output("ACCEPT")
    done = curl(pki, port, pki.client)
    assert done.returncode == 0 and "s_server" in done.stdout, done
    assert curl(pki, port, None).returncode != 0
    assert curl(pki, port, pki.server).returncode != 0, "a server's certificate is not a client's"


def a_proxy_follows(t, pki):
    backend, echo = t.keep(HttpBackend("bank")), t.backend()
    https, tls = t.port(), t.port()
    proxy = t.sallyport(f"""listeners:
  - {{name: https, address: "127.0.0.1:{https}", protocol: https}}
  - {{name: tls, address: "127.0.0.1:{tls}", protocol: tls}}
secrets:
  - {{name: bank, directory: {pki.server}}}
sites:
  - {{host: bank.test, listeners: [https], scenario: offload, secret: bank,
     service: ["{backend.address}"], client_auth: {{verify: required, secret: bank}}}}
  - {{host: x.bank.test, listeners: [tls], scenario: offload, secret: bank,
     service: ["{echo.address}"]}}
""", settings="watch: true\n")
    assert answer(pki, https, pki.client) == "200"
    assert answer(pki, https, None) == "400"
    renewed_while_it_runs(t, pki, proxy, tls)
    revoked_while_it_runs(pki, proxy, https)


def renewed_while_it_runs(t, pki, proxy, port):
    secrets = pki.server.parent
    kept = pki.run("renew", "--ca", pki.ca, "--all", secrets, "--before", "30d")
    assert kept.stdout.count(": kept: valid until") == 3 and "renewed" not in kept.stdout, kept

    context = ssl.create_default_context(cafile=str(pki.ca / "ca.crt"))
    held = t.connect(port, "x.bank.test", context=context)
    refused = proxy.metrics().sum(names.RELOADS, result="refused")
    for _ in range(5):
        old = certificate(pki.server)
        assert shown(t, port, context) == old
        done = pki.run("renew", "--ca", pki.ca, "--before", "91d", pki.server)
        assert f"{pki.server}: renewed: until 2" in done.stdout, done
        assert certificate(pki.server) != old and mode(pki.server / "tls.key") == 0o600
        assert not pki.verifies(pki.server, "sslserver", "-verify_ip", "::1")
        eventually("the renewed certificate is shown",
                   lambda: shown(t, port, context) == certificate(pki.server))
    assert proxy.metrics().sum(names.RELOADS, result="refused") == refused, "a torn pair was seen"
    held.send(b"still here")
    assert held.recv_exactly(10) == b"still here"

    stranger = t.authority.issue("x.bank.test")
    done = pki.run("renew", "--ca", pki.ca, "--before", "91d", stranger, status=1)
    assert "issued by CN=Test CA, not by this authority" in done.stderr, done
    done = pki.run("renew", "--ca", pki.ca, "--before", "91d", "--all", stranger)
    assert "left alone" in done.stdout, done


def revoked_while_it_runs(pki, proxy, port):
    another = pki.folder / "secrets" / "bob"
    pki.issue(another, "--client", "--name", "bob")
    applied = proxy.metrics().sum(names.RELOADS, result="applied")
    done = pki.run("crl", "--ca", pki.ca, "--out", pki.server)
    assert "number 1, 0 revoked" in done.stdout, done
    eventually("an empty list is in use",
               lambda: proxy.metrics().sum(names.RELOADS, result="applied") > applied)
    assert answer(pki, port, pki.client) == "200"
    done = pki.run("crl", "--ca", pki.ca, "--revoke", pki.client, "--reason", "keyCompromise",
                   "--duration", "7d", "--out", pki.server)
    assert "number 2, 1 revoked" in done.stdout, done
    assert (pki.server / "ca.crl").read_bytes() == (pki.ca / "ca.crl").read_bytes()
    eventually("the revoked client is refused", lambda: answer(pki, port, pki.client) == "400")
    assert answer(pki, port, another) == "200"

    check = ("-crl_check", "-CRLfile", pki.ca / "ca.crl")
    assert "certificate revoked" in pki.verifies(pki.client, "sslclient", *check)
    assert not pki.verifies(another, "sslclient", *check)
    text = run(["openssl", "crl", "-in", pki.ca / "ca.crl", "-noout", "-text", "-CAfile",
                pki.ca / "ca.crt"])
    assert "verify OK" in text.stderr and "Key Compromise" in text.stdout, text

    # The serial is enough, and is revoked once only.
    serial = run(["openssl", "x509", "-in", another / "tls.crt", "-noout", "-serial"])
    serial = serial.stdout.strip().partition("=")[2]
    for words in ("revoked", "was revoked before"):
        done = pki.run("crl", "--ca", pki.ca, "--revoke", serial.lower())
        assert f"{serial}: {words}\n" in done.stdout, done
    assert "certificate revoked" in pki.verifies(another, "sslclient", *check)
    done = pki.run("renew", "--ca", pki.ca, "--before", "91d", another, status=1)
    assert "revoked" in done.stderr, done
    done = pki.run("crl", "--ca", pki.ca, "--revoke", "00FF", status=1)
    assert "index" in done.stderr, done


def openssl_answers_from_the_index(pki):
    crt, key = pki.ca / "ca.crt", pki.ca / "ca.key"
    question, response = pki.folder / "ocsp.question", pki.folder / "ocsp.response"
    for secret, status in ((pki.client, "revoked"), (pki.server, "good")):
        about = ("-no_nonce", "-issuer", crt, "-cert", secret / "tls.crt")
        for arguments in (
                (*about, "-reqout", question),
                ("-index", pki.ca / "index.txt", "-CA", crt, "-rsigner", crt, "-rkey", key,
                 "-reqin", question, "-respout", response),
                (*about, "-respin", response, "-CAfile", crt)):
            done = run(["openssl", "ocsp", *arguments])
            assert done.returncode == 0, done
        assert f"tls.crt: {status}" in done.stdout and "verify OK" in done.stderr, done


def curl(pki, port, certificate, *arguments):
    own = ["--cert", certificate / "tls.crt", "--key", certificate / "tls.key"] if certificate else []
    return run(["curl", "-sS", "--max-time", "20", "--http1.1", "--cacert", pki.ca / "ca.crt", *own,
                "--resolve", f"bank.test:{port}:127.0.0.1", *arguments,
                f"https://bank.test:{port}/"])


def answer(pki, port, certificate):
    done = curl(pki, port, certificate, "-o", "/dev/null", "-w", "%{http_code}")
    assert done.returncode == 0, done
    return done.stdout


def shown(t, port, context):
    channel = t.connect(port, "x.bank.test", context=context)
    try:
        return channel.tls.getpeercert(binary_form=True)
    finally:
        channel.close()


def certificate(secret):
    return ssl.PEM_cert_to_DER_cert((secret / "tls.crt").read_text())


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


if __name__ == "__main__":
    main(test)
