"""The proxy as an HTTP front: one plain and one https listener, one site for each way to a backend.

    plain       http listener,  plain backend   plain.test
    offload     https listener, plain backend   offload.test
    reencrypt   https listener, TLS backend     reencrypt.test
"""

import json

from .http import Client
from .http_backend import WebBackend

WAYS = ("plain", "offload", "reencrypt")
TLS_WAYS = ("offload", "reencrypt")


class Front:
    """Starts backends and the proxy. `respond` is what WebBackend takes; `plain` and `tls` replace
    the backends themselves. Keys are text such as ", body_size: 1KiB"; `sites`, `services` and
    `listeners` are further lines."""

    def __init__(self, t, respond=None, plain=None, tls=None, site_keys="", service_keys="",
                 listener_keys="", sites="", services="", listeners="", secrets="", settings="",
                 routes=None, plain_site_keys=None, hosts=(), **options):
        self._t = t
        self.plain = plain or t.keep(WebBackend(respond, name="plain backend"))
        self.tls = tls or t.keep(WebBackend(respond, name="tls backend", tls=t.backend_tls()))
        self.http_port, self.https_port = t.port(), t.port()
        secret = t.authority.issue("http site", dns=[f"{w}.test" for w in TLS_WAYS] + list(hosts))
        self.site_secret = secret
        plain_keys = site_keys if plain_site_keys is None else plain_site_keys
        self.body = f"""listeners:
  - {{name: http, address: "127.0.0.1:{self.http_port}", protocol: http{listener_keys}}}
  - {{name: https, address: "127.0.0.1:{self.https_port}", protocol: https{listener_keys}}}
{listeners}secrets:
  - {{name: site, directory: {secret}}}
  - {{name: authority, ca.crt: {t.authority.file}}}
{secrets}sites:
  - {{host: plain.test, listeners: [http], scenario: offload, {_target("plain", routes)}{plain_keys}}}
  - {{host: offload.test, scenario: offload, secret: site, {_target("plain", routes)}{site_keys}}}
  - {{host: reencrypt.test, scenario: reencrypt, secret: site, {_target("again", routes)}{site_keys}}}
{sites}services:
  - {{name: plain, endpoints: ["{self.plain.address}"]{service_keys}}}
  - {{name: again, endpoints: ["{self.tls.address}"],
     tls: {{name: backend.test, secret: authority}}{service_keys}}}
{services}"""
        self.proxy = t.sallyport(self.body, settings=settings, **options)

    def backend(self, way):
        return self.tls if way == "reencrypt" else self.plain

    def port(self, way):
        return self.http_port if way == "plain" else self.https_port

    def url(self, way, path="/"):
        scheme = "http" if way == "plain" else "https"
        return f"{scheme}://{way}.test:{self.port(way)}{path}"

    def client(self, way, host=None, **options):
        """A connection to the site of that way, or to the listener of its kind for `host`."""
        name = host or f"{way}.test"
        if way == "plain":
            channel = self._t.connect(self.http_port, **options)
        else:
            channel = self._t.connect(self.https_port, name, **options)
        return Client(channel, name)

    def ask(self, way, target="/", fields=(), method="GET", host=None, **options):
        """One exchange on a connection of its own."""
        with self.client(way, host) as client:
            return client.get(target, fields, method, **options)

    def account(self, way, *arguments, **options):
        """What the backend says it was asked: the JSON of WebBackend's echo."""
        return account(self.ask(way, *arguments, **options))

    def curl(self, way, *arguments):
        """The arguments that make curl reach the site."""
        port = self.port(way)
        return ["curl", "-sS", "--max-time", "30", "--cacert", self._t.authority.file,
                "--resolve", f"{way}.test:{port}:127.0.0.1", *arguments]


def account(response):
    """The JSON of WebBackend's echo; its fields get lower-case names."""
    assert response.status == 200, response
    value = json.loads(response.body)
    value["fields"] = [(n.lower(), v) for n, v in value["fields"]]
    return value


def values(told, name):
    """The values of a field in an account."""
    return [v for n, v in told["fields"] if n == name.lower()]


def _target(service, routes):
    return f"service: {service}" if routes is None else f"routes: {routes.format(service=service)}"
