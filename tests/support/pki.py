"""Certificate authorities and certificates by the openssl program, as secret folders.

Making a certificate costs three processes, so that folders are kept for a whole run of the tests
(the runner names one in SALLYPORT_TEST_PKI) and made only once per set of arguments. A folder
appears by a rename, so that tests running at once may share it.
"""

import hashlib
import os
import pathlib
import shutil
import ssl
import subprocess
import tempfile

CACHE_VARIABLE = "SALLYPORT_TEST_PKI"


class Authority:
    """A CA with a P-256 key; `file` is its certificate."""

    def __init__(self, root, name="Test CA"):
        self._root = pathlib.Path(root)
        self.name = name
        self.folder = made_once(self._root / _slug("ca", name), self._make)
        self.file = self.folder / "ca.crt"

    def issue(self, name, dns=(), ip=(), client=False, expired=False, days=30,
              rsa=False):
        """A secret folder with tls.crt, tls.key and ca.crt. `dns` defaults to the name; `client`
        may be "too": for a server's and a client's certificate in one."""
        if not dns and not ip:
            dns = (name,)
        names = [f"DNS:{d}" for d in dns] + [f"IP:{i}" for i in ip]
        key = (self.name, name, tuple(names), client, expired, days, rsa)

        def make(folder):
            make_key(folder / "tls.key", rsa)
            run_openssl("req", "-new", "-key", folder / "tls.key", "-subj", f"/CN={name}",
                     "-out", folder / "csr")
            (folder / "ext").write_text(
                "basicConstraints=critical,CA:FALSE\n"
                "keyUsage=critical,digitalSignature\n"
                f"extendedKeyUsage={_usage(client)}\n"
                f"subjectAltName={','.join(names)}\n"
                "authorityKeyIdentifier=keyid\n")
            run_openssl("x509", "-req", "-in", folder / "csr", "-extfile", folder / "ext",
                     "-CA", self.file, "-CAkey", self.folder / "ca.key",
                     "-set_serial", str(int.from_bytes(os.urandom(12), "big")),
                     *(_long_over() if expired else ("-days", str(days))),
                     "-out", folder / "tls.crt")
            shutil.copy(self.file, folder / "ca.crt")
            (folder / "csr").unlink()
            (folder / "ext").unlink()

        return made_once(self._root / _slug("leaf", *map(str, key)), make)

    def empty_revocation_list(self):
        """A CRL of this CA that revokes nobody."""
        def make(folder):
            (folder / "index").touch()
            (folder / "conf").write_text(
                "[ca]\ndefault_ca=this\n[this]\ndefault_md=sha256\ndefault_crl_days=30\n"
                f"database={folder}/index\n")
            run_openssl("ca", "-gencrl", "-config", folder / "conf", "-cert", self.file,
                     "-keyfile", self.folder / "ca.key", "-out", folder / "ca.crl")

        return made_once(self._root / _slug("crl", self.name), make) / "ca.crl"

    def _make(self, folder):
        make_key(folder / "ca.key")
        run_openssl("req", "-new", "-x509", "-key", folder / "ca.key", "-subj", f"/CN={self.name}",
                 "-days", "30", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                 "-out", folder / "ca.crt")


def _long_over():
    """OpenSSL says no to -days -1 since 3.4, and knows another way since then."""
    if ssl.OPENSSL_VERSION_INFO < (3, 4):
        return "-days", "-1"
    return "-not_before", "20200101000000Z", "-not_after", "20200201000000Z"


def _usage(client):
    if client == "too":
        return "serverAuth,clientAuth"
    return "clientAuth" if client else "serverAuth"


def make_key(path, rsa=False):
    if rsa:
        return run_openssl("genrsa", "-out", path, "2048")
    run_openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)


def run_openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise AssertionError(f"openssl {' '.join(map(str, arguments))}:\n{done.stdout}")


def _slug(kind, *parts):
    return kind + "-" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def made_once(folder, make):
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = pathlib.Path(tempfile.mkdtemp(dir=folder.parent))
        make(draft)
        try:
            draft.rename(folder)
        except OSError:  # somebody else was first
            shutil.rmtree(draft)
    return folder
