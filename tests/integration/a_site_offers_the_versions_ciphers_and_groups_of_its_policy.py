"""What `openssl s_client` and curl can agree on with a site: versions, ciphers and key exchanges by
the site's policy, Mozilla's intermediate without one; of a site with an RSA and an ECDSA
certificate, the one whose signatures the client understands. `check` tells unknown names."""

import sys

sys.path.append(sys.path[0] + "/..")
import re
import subprocess

from support.http_front import Front
from support.scenario import main

HOSTS = ("default.test", "one-cipher.test", "newest.test", "p384.test", "rsa-only.test",
         "both.test", "cbc.test")
# What OpenSSL 3.5 says for what older ones say.
SIGNATURES = {"rsa_pss_rsae_sha256": "RSA-PSS", "ecdsa_secp256r1_sha256": "ECDSA"}
LEGACY = ("-no_tls1_3", "-cipher", "ALL:@SECLEVEL=0")


def test(t):
    rsa = t.authority.issue("rsa", dns=HOSTS, rsa=True)
    ecdsa = t.authority.issue("ecdsa", dns=HOSTS)
    front = Front(t, hosts=HOSTS, secrets=f"""
  - {{name: rsa, directory: {rsa}}}
  - {{name: ecdsa, directory: {ecdsa}}}
""".lstrip("\n"), sites="""
  - {host: default.test, scenario: offload, secret: ecdsa, service: plain}
  - {host: one-cipher.test, scenario: offload, secret: ecdsa, service: plain,
     ciphers: [ECDHE-ECDSA-AES256-GCM-SHA384, TLS_CHACHA20_POLY1305_SHA256]}
  - {host: newest.test, scenario: offload, secret: ecdsa, service: plain, min_tls: "1.3"}
  - {host: p384.test, scenario: offload, secret: ecdsa, service: plain, groups: P-384}
  - {host: rsa-only.test, scenario: offload, secret: rsa, service: plain,
     ciphers: "ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256"}
  - {host: both.test, scenario: offload, secret: [rsa, ecdsa], service: plain}
  - {host: cbc.test, scenario: offload, secret: rsa, service: plain,
     ciphers: "ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES128-GCM-SHA256"}
""".lstrip("\n"))

    def asked(host, *options):
        return s_client(front.https_port, host, t.authority.file, *options)

    # The default: forward secrecy and authenticated encryption in 1.2, and nothing older.
    assert asked("default.test")[:2] == ("TLSv1.3", "TLS_AES_128_GCM_SHA256")
    assert asked("default.test", *LEGACY)[1] == "ECDHE-ECDSA-AES128-GCM-SHA256"
    for refused in ("ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "AES128-GCM-SHA256"):
        assert asked("default.test", "-tls1_2", "-cipher", refused) is None, refused
    for old in ("-tls1", "-tls1_1"):
        assert asked("default.test", old, "-cipher", "ALL:@SECLEVEL=0") is None, old
    for group in ("X25519", "P-256", "P-384"):
        assert asked("default.test", "-groups", group), group
    for group in ("P-521", "X448", "ffdhe2048"):
        assert asked("default.test", "-groups", group) is None, group

    # A list of its own, by version.
    assert asked("one-cipher.test")[1] == "TLS_CHACHA20_POLY1305_SHA256"
    assert asked("one-cipher.test", "-tls1_2")[1] == "ECDHE-ECDSA-AES256-GCM-SHA384"
    assert asked("one-cipher.test", "-ciphersuites", "TLS_AES_128_GCM_SHA256",
                 "-tls1_3") is None
    assert asked("one-cipher.test", "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256") is None
    assert asked("newest.test")[0] == "TLSv1.3"
    assert asked("newest.test", "-no_tls1_3") is None
    assert asked("p384.test")[2] == "P-384" or "secp384r1" in asked("p384.test")[2]
    assert asked("p384.test", "-groups", "X25519:P-256") is None
    # DHE where it is named, with a group as strong as the certificate's key.
    dhe = asked("rsa-only.test", "-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256")
    assert dhe[1:3] == ("DHE-RSA-AES128-GCM-SHA256", "DH, 2048 bits"), dhe

    two_certificates(t, front, asked)
    http_2_needs_aead(t, front)
    wrong_names(t, front, ecdsa)


def two_certificates(t, front, asked):
    for version in ("-tls1_2", "-tls1_3"):
        for algorithms, kind in (("RSA-PSS+SHA256:RSA+SHA256", "RSA-PSS"),
                                 ("ECDSA+SHA256", "ECDSA"),
                                 ("RSA-PSS+SHA256:ECDSA+SHA256", None)):
            got = asked("both.test", version, "-sigalgs", algorithms)
            assert got and (kind is None or SIGNATURES.get(got[3], got[3]) == kind), (
                version, algorithms, got)
    for cipher, kind in (("ECDHE-RSA-AES128-GCM-SHA256", "rsaEncryption"),
                         ("ECDHE-ECDSA-AES128-GCM-SHA256", "id-ecPublicKey")):
        curl = subprocess.run(
            ["curl", "-sSv", "--max-time", "20", "--cacert", str(t.authority.file), "--tls-max",
             "1.2", "--ciphers", cipher, "--resolve", f"both.test:{front.https_port}:127.0.0.1",
             "-o", "/dev/null", "-w", "%{http_code} %{certs}",
             f"https://both.test:{front.https_port}/"], capture_output=True, text=True)
        assert curl.stdout.startswith("200 "), curl
        assert f"Public Key Algorithm:{kind}" in curl.stdout.replace(": ", ":"), curl.stdout


def http_2_needs_aead(t, front):
    """RFC 9113, section 9.2.2: with a cipher of CBC it is HTTP/1.1 that is agreed to."""
    for ciphers, spoken in (("ECDHE-RSA-AES128-SHA256", "1.1"),
                            ("ECDHE-RSA-AES128-GCM-SHA256", "2")):
        curl = subprocess.run(
            ["curl", "-sS", "--http2", "--max-time", "20", "--cacert", str(t.authority.file),
             "--tls-max", "1.2", "--ciphers", ciphers, "--resolve",
             f"cbc.test:{front.https_port}:127.0.0.1", "-o", "/dev/null", "-w", "%{http_version}",
             f"https://cbc.test:{front.https_port}/"], capture_output=True, text=True)
        assert curl.stdout == spoken, (ciphers, curl)


def wrong_names(t, front, ecdsa):
    """Told by name and place, without key material too; nor is a list that fits no certificate
    taken, with which every TLS 1.2 handshake would fail, or a certificate that nobody would see."""
    for line, wanted, secrets in (
            ("ciphers: [ECDHE-RSA-AES128-GCM-SHA265]", 'did you mean "ECDHE-RSA-AES128-GCM-SHA256"',
             False),
            ("groups: [X25591]", '"X25591" is no group', False),
            ("ciphers: [AES128-SHA]", '"AES128-SHA" is no cipher', False),
            ("ciphers: [ECDHE-RSA-AES128-GCM-SHA256]", "none of the ciphers of TLS 1.2 fits",
             True),
            ("secret: [ecdsa, again]", "is the second whose key is not RSA", True)):
        file = t.folder / "wrong.yaml"
        file.write_text(f"""listeners:
  - {{name: https, address: "127.0.0.1:{front.https_port}", protocol: https}}
secrets:
  - {{name: ecdsa, directory: {ecdsa}}}
  - {{name: again, directory: {ecdsa}}}
sites:
  - {{host: default.test, scenario: offload, service: ["127.0.0.1:9"],
     {line}{"" if "secret" in line else ", secret: ecdsa"}}}
""")
        for more in ([], ["--no-secrets"]):
            done = subprocess.run([t.program, "check", "-c", file, *more], capture_output=True,
                                  text=True)
            if more and secrets:
                assert done.returncode == 0, done
                continue
            assert done.returncode == 1 and wanted in done.stderr, done
            at = 7 if "secret" in line else 8
            assert f"wrong.yaml:{at}:" in done.stderr, done.stderr


def s_client(port, host, authority, *options):
    """(version, cipher, key exchange, signature) of a handshake, or None."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername",
                           host, "-CAfile", authority, "-verify_hostname", host,
                           "-verify_return_error", *options],
                          input="", capture_output=True, text=True, timeout=30)
    said = done.stdout + done.stderr
    version, cipher = re.search(r"^New, ([^,]+), Cipher is (\S+)", said, re.MULTILINE).groups()
    if cipher == "(NONE)":
        return None
    assert "Verify return code: 0 (ok)" in said, said
    # OpenSSL 3.5 says "Peer" where older ones say "Server".
    return (version, cipher,
            *(_field(said, f) for f in ("(?:Server|Peer) Temp Key", "Peer signature type")))


def _field(said, name):
    found = re.search(rf"^{name}: (.*)$", said, re.MULTILINE)
    return found[1].strip() if found else ""


if __name__ == "__main__":
    main(test)
