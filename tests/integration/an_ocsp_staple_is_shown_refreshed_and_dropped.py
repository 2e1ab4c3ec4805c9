"""With `ocsp: {staple: true}` handshakes show what an `openssl ocsp` responder says of the site's
certificate: it is refreshed at half of its life, survives a reload, is gone at once when the
responder says revoked, and when it is over where the responder is gone; a responder that comes
later is found, one whose answers the issuer has not signed is not believed. The handshakes go on
whatever becomes of the staple."""

import sys

sys.path.append(sys.path[0] + "/..")
import datetime
import re
import subprocess
import time

from support.client_pki import CertificateAuthority
from support.ports import free_port
from support.scenario import main
from support.waiting import eventually

TIMEOUT = 200
ANSWERS = "sallyport_ocsp_answers_total"
VALID = "sallyport_ocsp_staple_valid"
AGE = "sallyport_ocsp_staple_age_seconds"
LIFE = 60  # seconds: the shortest that `openssl ocsp` can give its answers
CASES = ("refreshed", "abandoned", "late", "forged", "plain")


def test(t):
    ca = CertificateAuthority(t.folder / "ca")
    stranger = CertificateAuthority(t.folder / "stranger")
    ports = {case: free_port() for case in CASES}
    for case in CASES:
        ca.issue(t.folder / case, use="server", names=f"DNS:{case}.test",
                 responder=f"http://127.0.0.1:{ports[case]}/")
        # The chain has no issuer, for the authority is a root.
        (t.folder / case / "ca.crt").write_text(ca.certificate)
    late = free_port()  # configured, in place of the one that the certificate names

    def responder(name, port, signer=None):
        process = t.process(["openssl", *ca.ocsp_arguments(signer), "-port", port, "-nmin", "1"],
                            name=f"responder-{name}-{time.monotonic_ns()}")
        process.wait_for_output("waiting for OCSP client connections")
        return process

    refreshed = responder("refreshed", ports["refreshed"])
    abandoned = responder("abandoned", ports["abandoned"])
    responder("forged", ports["forged"], stranger)
    port = t.port()
    body = f"""listeners:
  - {{name: https, address: "127.0.0.1:{port}", protocol: https}}
secrets_directory: {t.folder}
sites:
""" + "".join(f"  - {{host: {case}.test, scenario: offload, secret: {case}, "
              f'service: ["127.0.0.1:9"]{keys}}}\n' for case, keys in (
                  ("refreshed", ", ocsp: {staple: true}"),
                  ("abandoned", ", ocsp: {}"),
                  ("late", f', ocsp: {{responder: "http://127.0.0.1:{late}"}}'),
                  ("forged", ", ocsp: {staple: true}"),
                  ("plain", "")))
    proxy = t.sallyport(body)
    root = t.folder / "ca" / "ca.crt"

    def staple(case, *options):
        return stapled(port, f"{case}.test", root, *options)

    first = {}
    for case in ("refreshed", "abandoned"):
        first[case] = eventually(f"{case}: a staple", lambda c=case: staple(c))
        for version in ("-tls1_2", "-tls1_3"):
            assert staple(case, version) == first[case], (case, version)
    abandoned.stop()
    assert staple("plain") is None
    assert staple("late") is None and staple("forged") is None
    responder("late", late)  # the first question found nobody

    before = proxy.metrics()
    assert before.sum(VALID, secret="refreshed") == 1 and before.sum(VALID, secret="late") == 0
    assert before.sum(VALID, secret="plain") == 0 == before.sum(AGE, secret="plain")
    good = before.sum(ANSWERS, result="good")
    assert good == 2 and before.sum(ANSWERS, result="unusable") >= 2, before.samples
    assert proxy.reload(body) == "applied"
    assert staple("refreshed") == first["refreshed"], "the staple did not survive a reload"
    assert proxy.metrics().sum(ANSWERS, result="good") == good, "asked again by a reload"

    eventually("late: a staple", lambda: staple("late"), within=30)
    second = eventually("a new staple at half of the life", lambda: changed(
        staple("refreshed"), first["refreshed"]), within=0.8 * LIFE)
    assert 0.4 * LIFE <= second - first["refreshed"] <= 0.6 * LIFE + 3, (first, second)

    # A responder that runs would only notice after its next answer.
    ca.revoke(t.folder / "refreshed")
    refreshed.stop()
    responder("refreshed", ports["refreshed"])
    over = first["abandoned"] + LIFE
    while (now := time.time()) < over - 2:
        assert staple("abandoned") == first["abandoned"], (now, over)
        time.sleep(0.5)
    eventually("the stale one is dropped", lambda: staple("abandoned") is None,
               within=over - time.time() + 2)
    assert time.time() >= over - 1, "dropped too early"
    eventually("the revoked one is dropped", lambda: staple("refreshed") is None, within=0.8 * LIFE)
    assert time.time() < second + LIFE, "it was not the answer that made it go"

    metrics = proxy.metrics()
    assert metrics.sum(ANSWERS, result="revoked") >= 1, metrics.samples
    assert [metrics.sum(VALID, secret=c) for c in ("refreshed", "abandoned", "forged", "late")] \
        == [0, 0, 0, 1]
    assert 0 <= metrics.sum(AGE, secret="late") < LIFE
    assert staple("forged") is None
    log = proxy.process.output
    for wanted in ("result=revoked", "signed neither by the certificate's issuer nor for it",
                   "secret=abandoned"):
        assert wanted in log, (wanted, log)


def changed(now, before):
    assert now is not None, "there is none in between"
    return now if now != before else None


def stapled(port, host, authority, *options):
    """When the responder knew what the staple says, as seconds; None: the handshake has none. It is
    checked as a client would."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername",
                           host, "-CAfile", authority, "-verify_hostname", host, "-status",
                           "-verify_return_error", *options],
                          input="", capture_output=True, text=True, timeout=30)
    said = done.stdout + done.stderr
    assert "Verify return code: 0 (ok)" in said, said
    if "OCSP response: no response sent" in said:
        return None
    assert "OCSP Response Status: successful" in said and "Cert Status: good" in said, said
    at = re.search(r"This Update: (.*) GMT", said)[1]
    return datetime.datetime.strptime(at, "%b %d %H:%M:%S %Y").replace(
        tzinfo=datetime.timezone.utc).timestamp()


if __name__ == "__main__":
    main(test)
