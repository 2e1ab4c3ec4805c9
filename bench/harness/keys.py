"""The keys of a run: an authority, and what it signs."""

import subprocess

P256 = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
RSA = ("-newkey", "rsa:2048", "-nodes")
SERVERS = ("subjectAltName=DNS:echo.bench.test,DNS:http.bench.test,DNS:backend.bench.test,"
           "DNS:*.sites.bench.test,DNS:localhost")


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def make_keys(folder):
    """ca; p256 and rsa for the proxies, of which the backends show the first, too; client."""
    openssl("req", "-x509", *P256, "-keyout", folder / "ca.key", "-out", folder / "ca.crt",
            "-subj", "/CN=bench CA", "-days", 30)
    issue(folder, "p256", P256, SERVERS)
    issue(folder, "rsa", RSA, SERVERS)
    issue(folder, "client", P256, "extendedKeyUsage=clientAuth")


def issue(folder, name, key, extension):
    openssl("req", *key, "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr",
            "-subj", f"/CN={name}.bench.test")
    (folder / "extension").write_text(extension)
    openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / "ca.crt",
            "-CAkey", folder / "ca.key", "-CAcreateserial", "-days", 30,
            "-extfile", folder / "extension", "-out", folder / f"{name}.crt")
    pem = (folder / f"{name}.crt").read_text() + (folder / f"{name}.key").read_text()
    (folder / f"{name}.pem").write_text(pem)
