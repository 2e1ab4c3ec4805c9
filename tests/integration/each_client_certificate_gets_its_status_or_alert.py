"""What becomes of a client, by what its certificate is, what the site asks for, and how the site
says no: every combination, in TLS 1.2 and 1.3, against the table of the README. Where a client is
let in the backend is told what its certificate is; where not, the backend hears nothing."""

import sys

sys.path.append(sys.path[0] + "/..")
import ssl

from support.channel import Cut
from support.client_pki import KINDS, ClientPki
from support.http import Ended
from support.http_front import Front, account, values
from support.scenario import main

VERIFY = ("off", "optional", "optional_no_ca", "required")
VERSIONS = ("1.2", "1.3")

UNKNOWN = ("wrong_ca", "self_signed")
# OpenSSL's names of alerts, which are one for each number.
MISSING = {"1.2": "SSLV3_ALERT_HANDSHAKE_FAILURE",         # 40
           "1.3": "TLSV13_ALERT_CERTIFICATE_REQUIRED"}     # 116
BAD = "SSLV3_ALERT_BAD_CERTIFICATE"                        # 42
ALERTS = {
    "expired": "SSLV3_ALERT_CERTIFICATE_EXPIRED",          # 45
    "revoked": "SSLV3_ALERT_CERTIFICATE_REVOKED",          # 44
    "wrong_ca": "TLSV1_ALERT_UNKNOWN_CA",                  # 48
    "self_signed": "TLSV1_ALERT_UNKNOWN_CA",               # 48
}


def let_in(kind, verify):
    """What ssl-client-verify then begins with; None: not let in."""
    if verify == "off":
        return "off"
    if kind == "none":
        return None if verify == "required" else "NONE"
    if kind in ("valid", "by_issuing"):
        return "SUCCESS"
    if kind in UNKNOWN and verify == "optional_no_ca":
        return "FAILED:"
    return None


def test(t):
    pki = ClientPki(t.pki_folder)
    hosts = {(verify, on_failure): f"{verify.replace('_', '-')}-{on_failure}.test"
             for verify in VERIFY for on_failure in ("respond", "abort")}
    sites = "".join(
        f"  - {{host: {host}, scenario: offload, secret: site, service: plain, client_auth: "
        f"{{verify: {verify}, secret: partners, depth: 1, on_failure: {on_failure}}}}}\n"
        for (verify, on_failure), host in hosts.items())
    front = Front(t, hosts=hosts.values(), sites=sites,
                  secrets=f"  - {{name: partners, directory: {pki.secret}}}\n")
    for kind in ("none", *KINDS):
        certificate = None if kind == "none" else pki.certificate(kind)
        for (verify, on_failure), host in hosts.items():
            for version in VERSIONS:
                where = (kind, verify, on_failure, version)
                told = let_in(kind, verify)
                known = len(front.plain.requests)
                got = ask(front, host, certificate, version)
                if told is not None:
                    verdict = values(account(got), "ssl-client-verify")
                    if told == "off":
                        assert verdict == [], (where, verdict)
                    else:
                        assert len(verdict) == 1 and verdict[0].startswith(told), (where, verdict)
                    continue
                assert len(front.plain.requests) == known, where
                if on_failure == "respond":
                    assert not isinstance(got, str) and got.status == 400, (where, got)
                else:
                    expected = MISSING[version] if kind == "none" else ALERTS.get(kind, BAD)
                    assert got == expected, (where, got, expected)


def ask(front, host, certificate, version):
    """The response, or the alert's name."""
    try:
        with front.client("offload", host, certificate=certificate, version=version) as client:
            return client.get()
    except ssl.SSLError as error:
        return error.reason
    except (Cut, Ended) as error:
        return f"no alert: {error!r}"


if __name__ == "__main__":
    main(test)
