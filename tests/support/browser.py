"""Headless Chromium."""

import base64
import hashlib
import ssl
import subprocess

from .process import run


def key_hash(secret):
    """Of the certificate's public key: what makes Chromium trust exactly this one."""
    public = subprocess.run(["openssl", "x509", "-in", secret / "tls.crt", "-noout", "-pubkey"],
                            capture_output=True, text=True, check=True).stdout
    der = ssl.PEM_cert_to_DER_cert(public.replace("PUBLIC KEY", "CERTIFICATE"))
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


def dump(t, port, host, key, *options):
    """What has become of the page of https://HOST:PORT/ once it has loaded."""
    done = run(["chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
                "--disable-dev-shm-usage", "--disable-extensions", "--no-first-run",
                "--disable-background-networking", "--disable-component-update",
                f"--user-data-dir={t.folder / host}",
                f"--host-resolver-rules=MAP {host} 127.0.0.1",
                f"--ignore-certificate-errors-spki-list={key}", "--timeout=30000", "--dump-dom", *options,
                f"https://{host}:{port}/"], 50)
    assert done.returncode == 0, done
    return done.stdout
