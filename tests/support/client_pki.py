"""Clients' certificates of every kind that a proxy must tell apart, by `openssl ca`, which can date
and revoke them.

    root ──┬─ valid, expired, not_yet_valid, revoked, wrong_use
           ├─ issuing ──┬─ by_issuing               (its list is there)
           │            └─ deeper ── too_deep       (its list is there)
           └─ unlisted ── crl_missing               (it has no list)
    stale ─── crl_expired                           (its list is too old)
    other ─── wrong_ca                              (nobody trusts it)
    self_signed

`secret` is a folder with ca.crt (root and stale) and ca.crl (the lists).
"""

import pathlib

from .pki import made_once, make_key, run_openssl

KINDS = ("valid", "by_issuing", "expired", "not_yet_valid", "revoked", "crl_expired",
         "crl_missing", "wrong_ca", "self_signed", "too_deep", "wrong_use")

_NOW = ("20200101000000Z", "20990101000000Z")
_PAST, _LATER = ("20200101000000Z", "20210101000000Z"), ("20900101000000Z", "20910101000000Z")

_CONFIGURATION = """
[ca]
default_ca = this
[this]
database = {folder}/index
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
default_days = 30
default_crl_days = 30
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
organizationName = optional
organizationalUnitName = optional
emailAddress = optional
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[client]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
"""


class ClientPki:
    """`root` is where folders are kept, as for pki.Authority."""

    def __init__(self, root):
        self.folder = made_once(pathlib.Path(root) / "client-pki", self._make)
        self.secret = self.folder / "secret"

    def certificate(self, kind):
        """A folder with tls.crt, the chain included, and tls.key."""
        return self.folder / kind

    def _make(self, folder):
        root, stale, other = (CertificateAuthority(folder / "ca" / name)
                              for name in ("root", "stale", "other"))
        issuing = CertificateAuthority(folder / "ca" / "issuing", root)
        deeper = CertificateAuthority(folder / "ca" / "deeper", issuing)
        unlisted = CertificateAuthority(folder / "ca" / "unlisted", root)
        root.issue(folder / "valid")
        root.issue(folder / "expired", dates=_PAST)
        root.issue(folder / "not_yet_valid", dates=_LATER)
        root.issue(folder / "revoked")
        root.issue(folder / "wrong_use", use="server")
        issuing.issue(folder / "by_issuing")
        deeper.issue(folder / "too_deep")
        unlisted.issue(folder / "crl_missing")
        stale.issue(folder / "crl_expired")
        other.issue(folder / "wrong_ca")
        other.issue(folder / "self_signed", itself=True)
        root.revoke(folder / "revoked")
        secret = folder / "secret"
        secret.mkdir()
        (secret / "ca.crt").write_text(root.certificate + stale.certificate)
        (secret / "ca.crl").write_text(
            "".join(ca.revocation_list() for ca in (root, issuing, deeper)) +
            stale.revocation_list(expired=True))


class CertificateAuthority:
    """In a folder of its own, which tells its name; signed by `parent`, or by itself."""

    def __init__(self, folder, parent=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        (self.folder / "index").touch()
        (self.folder / "serial").write_text("01\n")
        (self.folder / "conf").write_text(_CONFIGURATION.format(folder=self.folder))
        self._key, self._crt = self.folder / "ca.key", self.folder / "ca.crt"
        self._request(self.folder, f"/CN={self.folder.name}", "ca.key")
        (parent or self)._sign(self.folder / "csr", self._crt, "authority",
                               own_key=None if parent else self._key)
        # Of all but the root: what a client must send along.
        self.chain = "" if parent is None else self.certificate + parent.chain

    @property
    def certificate(self):
        return self._crt.read_text()

    def issue(self, folder, subject=None, use="client", dates=None, names="", itself=False,
              responder="", rsa=False):
        """A folder with tls.crt and tls.key. `names` is a subjectAltName; `itself`: signed by its
        own key, and not by the authority's; `responder` is the URL to ask by OCSP."""
        folder.mkdir(parents=True)
        self._request(folder, subject or f"/O=Partners/CN={folder.name}", "tls.key", names,
                      responder, rsa)
        self._sign(folder / "csr", folder / "leaf", use, dates,
                   folder / "tls.key" if itself else None)
        chain = "" if itself else self.chain
        (folder / "tls.crt").write_text((folder / "leaf").read_text() + chain)
        return folder

    def revoke(self, folder):
        self._ca("-revoke", folder / "leaf")

    def revocation_list(self, expired=False):
        """As PEM."""
        dates = ("-crl_lastupdate", _PAST[0], "-crl_nextupdate", _PAST[1]) if expired else ()
        self._ca("-gencrl", "-out", self.folder / "crl", *dates)
        return (self.folder / "crl").read_text()

    def ocsp_arguments(self, signer=None):
        """Of `openssl`, for a responder that knows whom this authority has issued and revoked."""
        by = signer or self
        return ["ocsp", "-index", self.folder / "index", "-CA", self._crt, "-rsigner", by._crt,
                "-rkey", by._key]

    def _request(self, folder, subject, key, names="", responder="", rsa=False):
        make_key(folder / key, rsa)
        more = ("-addext", f"subjectAltName={names}") if names else ()
        if responder:
            more += ("-addext", f"authorityInfoAccess=OCSP;URI:{responder}")
        run_openssl("req", "-new", "-key", folder / key, "-subj", subject, "-out", folder / "csr",
                 *more)

    def _sign(self, request, out, extensions, dates=None, own_key=None):
        start, end = dates or _NOW
        signer = ("-selfsign", "-keyfile", own_key) if own_key else ()
        self._ca("-batch", "-notext", "-preserveDN", "-in", request, "-out", out,
                 "-extensions", extensions, "-startdate", start, "-enddate", end, *signer)

    def _ca(self, *arguments):
        run_openssl("ca", "-config", self.folder / "conf", "-keyfile", self._key,
                    "-cert", self._crt, *arguments)
