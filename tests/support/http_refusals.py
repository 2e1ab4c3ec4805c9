"""The table of messages that are refused, which the unit tests of the parser use as well."""

import json
import pathlib

_FILE = pathlib.Path(__file__).with_suffix(".json")
HOST = "a.example"


class Row:
    """`refused` and `valid` are bytes; `in_body` says that the head by itself is good."""

    def __init__(self, row):
        self.name, self.fault, self.status = row["name"], row["fault"], row["status"]
        self.refused = row["refused"].encode("latin-1")
        self.valid = row["valid"].encode("latin-1")
        self.in_body = row["where"] == "body"
        self.to = row.get("to", "GET")

    def __repr__(self):
        return f"{self.name}: {self.refused!r}"


def requests():
    return [Row(r) for r in json.loads(_FILE.read_text())["requests"]]


def responses():
    return [Row(r) for r in json.loads(_FILE.read_text())["responses"]]


def ways_to(t, plain, tls):
    """A proxy that has every host on each of its three listeners, and their ports by way."""
    ports = {way: t.port() for way in ("plain", "offload", "reencrypt")}
    secret = t.authority.issue(HOST)
    proxy = t.sallyport(f"""listeners:
  - {{name: plain, address: "127.0.0.1:{ports['plain']}", protocol: http}}
  - {{name: offload, address: "127.0.0.1:{ports['offload']}", protocol: https}}
  - {{name: reencrypt, address: "127.0.0.1:{ports['reencrypt']}", protocol: https}}
secrets:
  - {{name: site, directory: {secret}}}
  - {{name: authority, ca.crt: {t.authority.file}}}
sites:
  - {{host: "*", listeners: [plain], scenario: offload, service: plain}}
  - {{host: {HOST}, listeners: [offload], scenario: offload, secret: site, service: plain}}
  - {{host: {HOST}, listeners: [reencrypt], scenario: reencrypt, secret: site, service: again}}
services:
  - {{name: plain, endpoints: ["{plain.address}"]}}
  - {{name: again, endpoints: ["{tls.address}"], tls: {{name: backend.test, secret: authority}}}}
""", settings="limits: {response_timeout: 5s}\n")
    return proxy, ports
