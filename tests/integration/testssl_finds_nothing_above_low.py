"""testssl.sh against a site without a word of TLS policy, with an RSA and an ECDSA certificate: no
finding above LOW, nothing that could not be measured, TLS 1.2 and 1.3 and nothing older, forward
secrecy with every cipher. The site takes unknown names as well, for testssl.sh asks for none where
it thinks that it does not matter. With SALLYPORT_TESTSSL_RESULT=FOLDER what it found is left there,
as tests/testssl has it."""

import sys

sys.path.append(sys.path[0] + "/..")
import datetime
import json
import os
import pathlib
import shutil
import subprocess

from support.client_pki import CertificateAuthority
from support.http_front import Front
from support.scenario import Skip, main

TIMEOUT = 400
HOST = "testssl.test"
# Protocols, ciphers by strength, forward secrecy, preferences, certificates, implementation bugs,
# every attack by name, and ciphers one by one. Left out: simulations of clients, which are no
# findings, and fields of HTTP responses, which are the backend's.
SECTIONS = ("-p", "-s", "-f", "-P", "-S", "-g", "-U", "-e")

# Of the program that looks, not of what it looks at: Debian's OpenSSL has no ciphers of GOST; and
# its client may leave before the ticket of TLS 1.3 is there that it would come back with.
OF_THE_TOOL = ("engine_problem", "sessionresumption_ticket")
HARMLESS = ("OK", "INFO", "LOW", "DEBUG")


def test(t):
    program = shutil.which("testssl") or shutil.which("testssl.sh")
    if not program:
        raise Skip("testssl.sh is not installed")
    ca = CertificateAuthority(t.folder / "ca")
    today = datetime.date.today()
    dates = [f"{today + datetime.timedelta(days=d):%Y%m%d}000000Z" for d in (-1, 89)]
    # A public authority names a responder; nobody asks this one.
    for kind in ("rsa", "ecdsa"):
        ca.issue(t.folder / kind, use="server", names=f"DNS:{HOST}", dates=dates,
                 subject=f"/CN={HOST}", responder="http://ocsp.test/", rsa=kind == "rsa")
    front = Front(t, secrets=f"  - {{name: rsa, directory: {t.folder}/rsa}}\n"
                             f"  - {{name: ecdsa, directory: {t.folder}/ecdsa}}\n",
                  sites=f'  - {{host: [{HOST}, "*"], scenario: offload, secret: [rsa, ecdsa], '
                        f"service: plain}}\n")
    result, text = t.folder / "result.json", t.folder / "result.txt"
    done = subprocess.run(
        [program, "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--assume-http",
         "--ip", "127.0.0.1", "--add-ca", t.folder / "ca" / "ca.crt", "--openssl-timeout", "10",
         "--jsonfile", result, "--logfile", text, *SECTIONS, f"https://{HOST}:{front.https_port}"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True)
    findings = json.loads(result.read_text())
    if folder := os.environ.get("SALLYPORT_TESTSSL_RESULT"):
        said = text.read_text().replace(f"{t.folder}/", "")
        leave(pathlib.Path(folder), findings, said, front.https_port)
    by_id = {f["id"]: f for f in findings}
    assert len(findings) > 80, done.stdout[-3000:]
    bad = [f for f in findings if f["severity"] not in HARMLESS and f["id"] not in OF_THE_TOOL]
    assert not bad, bad

    for old in ("SSLv2", "SSLv3", "TLS1", "TLS1_1"):
        assert by_id[old]["finding"].startswith("not offered"), by_id[old]
    for new in ("TLS1_2", "TLS1_3"):
        assert by_id[new]["finding"].startswith("offered"), by_id[new]
    assert by_id[next(i for i in ("FS", "PFS") if i in by_id)]["severity"] == "OK"
    offered = [f["finding"] for f in findings if f["id"].startswith("cipher_x")]
    assert len(offered) == 9, offered  # 3 of TLS 1.3, 6 of TLS 1.2
    assert all("ECDH" in c for c in offered), offered
    assert any(f["id"].startswith("cert_keySize") and "RSA 2048" in f["finding"] for f in findings)
    assert any(f["id"].startswith("cert_keySize") and "EC 256" in f["finding"] for f in findings)


def leave(folder, findings, text, port):
    """Without the port, which is another in each run."""
    for finding in findings:
        finding["port"] = finding["port"].replace(str(port), "443")
    kept = [f for f in findings if f["id"] != "scanTime"]
    (folder / "result.json").write_text(json.dumps(kept, indent=1) + "\n")
    lines = [line.rstrip() for line in text.replace(str(port), "443").splitlines()]
    (folder / "result.txt").write_text("\n".join(lines).strip() + "\n")


if __name__ == "__main__":
    main(test)
