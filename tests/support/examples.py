"""A file of conf/, made to run here: addresses, endpoints and key material are replaced by ones
that exist on this machine, everything else stays as it is written."""

import re
import socket
import ssl
import urllib.parse

from . import names, proxy_header
from .backends import Seen
from .channel import Channel, Cut, TlsChannel, connect, connect_tls, server_context
from .http import Client, head

# What the harness sets itself, with the lines below it that belong to it.
_OURS = re.compile(r"^(workers|metrics|admin|access_log|watch|drain):.*\n(?: +\S.*\n)*",
                   re.MULTILINE)
_LISTEN = re.compile(r'address: "[^"]*:\d+"')
_ENDPOINT_LIST = re.compile(r'(?:service|endpoints): \[(?:"[^"]*"|[^\]"])*\]')
_QUOTED = re.compile(r'"([^"]+:\d+)"')
_HOSTS = re.compile(r"host: (?:\[([^\]]*)\]|([^,\s}]+))")
_SECRETS = re.compile(r"\bsecret: (?:\[([^\]]*)\]|([^,\s}]+))")
_TLS_NAME = re.compile(r"\bname: ([a-z0-9-]+(?:\.[a-z0-9-]+)+)")
_STRANGER = "nobody-knows.test"  # what a client asks for to meet the site "*"


class Example:
    def __init__(self, t, file):
        self._t = t
        text = self._text = re.sub(r"#.*", "", file.read_text())
        self._hosts = [h for h in _words(_HOSTS, text) if h != "*"]
        self._cover = [*self._hosts, *_TLS_NAME.findall(text), _STRANGER]
        self._secret = t.authority.issue(file.stem, dns=self._cover)
        self._rsa = t.authority.issue(file.stem, dns=self._cover, rsa=True)
        self._client = t.authority.issue("example client", dns=("client.test",), client=True)
        text = _LISTEN.sub(lambda _: f'address: "127.0.0.1:{t.port()}"', _OURS.sub("", text))
        self._endpoints = {}  # by the address here: the address in the file
        text = _ENDPOINT_LIST.sub(lambda m: _QUOTED.sub(self._replaced, m[0]), text)
        text = self._with_secrets(file.stem, text)
        self._proxy = t.sallyport(text, name=file.stem)

    def serve_each(self):
        """Talks to every site on every listener of it, and to every tcp listener. What was met."""
        config = self._proxy.admin(names.API_CONFIG)
        self._listeners = {x["name"]: x for x in config["listeners"]}
        self._services = {s["name"]: {self._endpoints[e] for e in s["endpoints"]}
                          for s in config["services"]}
        reached = []
        for listener in config["listeners"]:
            if listener["protocol"] == "tcp":
                self._carries_bytes(listener, None, self._services[listener["service"]])
                reached.append(listener["name"])
        for site in config.get("sites", []):
            for listener in map(self._listeners.get, site["listeners"]):
                for host in site["host"]:
                    asked = _STRANGER if host == "*" else host.replace("*", "any")
                    self._serves(listener, site, asked)
                    reached.append(f"{listener['protocol']}://{host}")
        return reached

    def _serves(self, listener, site, host):
        if listener["protocol"] == "tls":
            return self._carries_bytes(listener, host, self._services[site["routes"][0]["service"]])
        in_the_clear = listener["protocol"] == "http"
        # Where no listener has TLS for the site, it has no secret.
        redirected = in_the_clear and "secret" in site and site["redirect_http"]
        exact = {r["path"] for r in site["routes"] if r["path_type"] == "Exact"}
        for route in site["routes"]:
            for target in _targets(route, exact):
                response = self._request(listener, host, target)
                if redirected:
                    response = self._follow(response, host, target)
                if "service" not in route:
                    expected = route["redirect"]["code"] if "redirect" in route else route["respond"]
                    assert response.status == expected, (listener["name"], host, target, response)
                    continue
                assert response.status == 200, (listener["name"], host, target, response)
                said, expected = response.body.decode(), self._services[route["service"]]
                assert said in expected, (listener["name"], host, target, said, expected)
        auth = {} if in_the_clear else site.get("client_auth", {})
        if auth.get("verify") == "required":
            self._refuses(listener, host, auth["on_failure"])

    def _follow(self, response, host, target):
        assert response.status == 308, (host, target, response)
        to = urllib.parse.urlsplit(response["Location"])
        assert (to.scheme, to.hostname) == ("https", host), (host, target, response)
        there, = [x for x in self._listeners.values() if _port(x) == (to.port or 443)]
        return self._request(there, host, f"{to.path}?{to.query}".rstrip("?"))

    def _refuses(self, listener, host, on_failure):
        """A client without a certificate: with an answer, or in the handshake."""
        try:
            response = self._request(listener, host, "/", certificate=False)
            refused = on_failure == "respond" and response.status == 400
        except (ssl.SSLError, Cut) as error:
            response, refused = error, on_failure == "abort"
        assert refused, (listener["name"], host, on_failure, response)

    def _request(self, listener, host, target, **options):
        with Client(self._connect(listener, host, **options), host) as client:
            return client.get(target)

    def _carries_bytes(self, listener, host, expected):
        channel = self._connect(listener, host)
        channel.send(b"who is there?\n")
        answer = channel.recv_to_end().decode()
        assert answer in expected, (listener["name"], host, answer, expected)
        channel.close()

    def _connect(self, listener, host, certificate=True):
        """`host` is None where nobody is asked for. Shows the client's certificate, or none."""
        port = _port(listener)
        header = b""
        if listener["proxy_protocol"] == "required":
            header = proxy_header.v2(("192.0.2.1", 4711), ("127.0.0.1", port))
        if listener["protocol"] in ("http", "tcp"):
            channel = self._t.keep(connect(port))
            channel.send(header)
            return channel
        return self._t.keep(connect_tls(port, host, self._t.authority, first=header,
                                        certificate=self._client if certificate else None))

    def _replaced(self, match):
        backend = self._t.backend(_AnyBackend(match[1], self._secret))
        self._endpoints[backend.address] = match[1]
        return f'"{backend.address}"'

    def _with_secrets(self, stem, text):
        """Every path of key material leads to a copy of the one secret that fits all, with an RSA
        key where another beside it is for ECDSA."""
        folder = self._t.folder / f"{stem}-secrets"
        needed = {*self._hosts, *_words(_SECRETS, text)}
        for name in needed:
            self._make_secret(folder / name)
        text = re.sub(r"secrets_directory: \S+", f"secrets_directory: {folder}", text)
        text = re.sub(r"directory: (/srv/\S+?)(?=[,}\s])",
                      lambda m: f"directory: {self._make_secret(folder / m[1].strip('/'))}", text)
        sources = {"tls.crt": self._secret / "tls.crt", "tls.key": self._secret / "tls.key",
                   "ca.crt": self._t.authority.file,
                   "ca.crl": self._t.authority.empty_revocation_list()}
        for key, source in sources.items():
            text = re.sub(rf"{re.escape(key)}: /srv/\S+?(?=[,}}\s])", f"{key}: {source}", text)
        return text

    def _make_secret(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        secret = self._rsa if f"{folder.name}-ecdsa" in self._text or "rsa" in \
            folder.name.split("-") else self._secret
        for key in ("tls.crt", "tls.key", "ca.crt"):
            (folder / key).write_bytes((secret / key).read_bytes())
        (folder / "ticket.key").write_bytes(bytes(range(48)))
        return folder


class _AnyBackend:
    """Answers with its name, in HTTP if it is asked in it, whatever stands before the first line: a
    PROXY header, PostgreSQL's SSLRequest, TLS."""

    def __init__(self, name, secret):
        self._name, self._secret = name.encode(), secret

    def __call__(self, channel, _):
        sock = channel.socket
        if sock.recv(1, socket.MSG_PEEK) in (b"\r", b"P"):
            proxy_header.read(sock)
        if sock.recv(1, socket.MSG_PEEK) == b"\0":  # PostgreSQL's SSLRequest
            sock.recv(8, socket.MSG_WAITALL)
            sock.sendall(b"S")
        if sock.recv(1, socket.MSG_PEEK) == b"\x16":
            context = server_context(self._secret)
            context.verify_mode = ssl.CERT_NONE
            channel = TlsChannel(sock, context, server_side=True, seen=Seen(None))
        else:
            channel = Channel(sock)
        asked = channel.recv()
        while asked.startswith(b"GET "):
            while not asked.endswith(b"\r\n\r\n"):
                asked += channel.recv()
            channel.send(head("HTTP/1.1 200 OK", [("Content-Length", len(self._name))]) +
                         self._name)
            asked = channel.recv()
        if asked:
            channel.send(self._name)
        channel.end()
        channel.recv_to_end()


def _port(listener):
    return int(listener["address"].rpartition(":")[2])


def _targets(route, exact):
    """Paths that the route has. Of a pattern, one."""
    path = route["path"]
    if route["path_type"] == "Regex":
        return [path.replace("([0-9]+)", "7").replace("(.*)", "some/thing")]
    below = [path.rstrip("/") + "/any/?thing"] if route["path_type"] == "Prefix" else []
    return below + ([] if below and path in exact else [path])


def _words(pattern, text):
    """What a key has as one word or as a list, without quotes."""
    found = []
    for several, one in pattern.findall(text):
        found += [w.strip().strip('"') for w in (several or one).split(",")]
    return found
