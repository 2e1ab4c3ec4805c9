"""HTTP/1.1 and HTTP/2 before the proxy, each with HTTP/1.1 and HTTP/2 behind it, through offload and
reencrypt, by programs of others: curl, nghttp, Node's http and http2 on both sides, and h2load.
SALLYPORT_FULL=1: h2load with a hundred connections of a hundred streams, ten rounds of them."""

import sys

sys.path.append(sys.path[0] + "/..")
import hashlib
import json
import os
import re
import shutil

from support.http_front import TLS_WAYS
from support.localhost import BenchBackend
from support.node import node, node_server
from support.process import run
from support.scenario import Skip, main

FULL = bool(os.environ.get("SALLYPORT_FULL"))
TIMEOUT = 600
UPLOAD = 2_000_000
REQUESTS = 800 if FULL else 200  # of Node's clients, for each pair
CONNECTIONS, STREAMS, ROUNDS = (100, 100, 10) if FULL else (10, 50, 2)
VERSIONS = ("h1", "h2")
SERVERS = {"h1": "http_server.js", "h2": "http2_server.js"}


class Pairs:
    """A site for each way and version behind it. What h2load asks for comes from a backend that
    bears a connection for each of its streams, where HTTP/1.1 is behind. Ten thousand handshakes at
    once take a small machine longer than a backend should need for one."""

    def __init__(self, t):
        self.t = t
        self.port = t.port()
        hosts = [f"{way}-{version}.test" for way in TLS_WAYS for version in VERSIONS]
        secret = t.authority.issue("pairs", dns=hosts)
        load = {way: BenchBackend(t, f"load-{way}", tls=way == "reencrypt") for way in TLS_WAYS}
        sites, services = "", ""
        for way in TLS_WAYS:
            tls = ", tls: {name: backend.test, secret: authority}" if way == "reencrypt" else ""
            for version in VERSIONS:
                name = f"{way}-{version}"
                address = node_server(t, SERVERS[version], way == "reencrypt")
                protocol = f", protocol: http{version[1]}{tls}"
                services += f'  - {{name: {name}, endpoints: ["{address}"]{protocol}}}\n'
                service = f"load-{way}" if version == "h1" else name
                sites += (f"  - {{host: {name}.test, scenario: {way}, secret: pairs, routes: "
                          f"[{{path: /, service: {name}}}, {{path: /1k, service: {service}}}]}}\n")
            services += f'  - {{name: load-{way}, endpoints: ["{load[way].address}"]{tls}}}\n'
        self.proxy = t.sallyport(f"""listeners:
  - {{name: https, address: "127.0.0.1:{self.port}", protocol: https}}
secrets:
  - {{name: pairs, directory: {secret}}}
  - {{name: authority, ca.crt: {t.authority.file}}}
sites:
{sites}services:
{services}""", workers=2)

    def url(self, host, path):
        return f"https://{host}:{self.port}{path}"


def asks_curl(pairs, host, version, upload):
    got = pairs.t.folder / "got"

    def curl(path, *arguments):
        done = run(["curl", "-sS", "--max-time", "60", "--cacert", pairs.t.authority.file,
                    "--resolve", f"{host}:{pairs.port}:127.0.0.1", "-o", got, "-w",
                    "%{http_version} %{http_code}", "--http2" if version == "h2" else "--http1.1",
                    *arguments, pairs.url(host, path)], 70)
        assert done.stdout == ("2 200" if version == "h2" else "1.1 200"), (host, path, done)
        return got.read_bytes()
    assert len(curl(f"/bytes/{UPLOAD}")) == UPLOAD
    told = json.loads(curl("/sum", "--data-binary", f"@{upload}", "-H", "Expect:"))
    assert told["sum"] == hashlib.sha256(upload.read_bytes()).hexdigest(), (host, told)
    assert curl("/echo", "-T", upload, "-X", "POST") == upload.read_bytes(), host


def asks_nghttp(pairs, host):
    done = run(["nghttp", "-n", "-m", "100", "-s", "--no-verify-peer", f"-H:authority: {host}",
                f"https://127.0.0.1:{pairs.port}/bytes/1000"], 60)
    answered = re.findall(r" 200 +\d+ /bytes/1000", done.stdout)
    assert done.returncode == 0 and len(answered) == 100, (host, len(answered), done)


def asks_node(pairs, host, version):
    script = "http2_client.js" if version == "h2" else "http_client.js"
    client = node(pairs.t, script, pairs.port, host, pairs.t.authority.file, REQUESTS,
                  name=f"{version}-client-{host}")
    assert client.wait(120) == 0, (host, version, client.output)
    told = json.loads(client.output)
    assert [told[k] for k in ("get", "sum", "stream", "echo")] == [REQUESTS // 4] * 4, (host, told)


def asks_h2load(pairs, host, version):
    path = "/1k" if host.endswith("h1.test") else "/bytes/1024"
    streams = STREAMS if version == "h2" else 1
    count = CONNECTIONS * STREAMS * ROUNDS
    of_version = ["-m", streams] if version == "h2" else ["--h1"]
    done = run(["h2load", "-n", count, "-c", CONNECTIONS, *of_version,
                f"--connect-to=127.0.0.1:{pairs.port}", f"https://{host}{path}"], 240)
    assert f"{count} succeeded, 0 failed, 0 errored, 0 timeout" in done.stdout, (host, done.stdout)
    rate = re.search(r"finished in .*", done.stdout)
    print(f"{version} to {host}: {CONNECTIONS} connections of {streams}, {count} requests,",
          rate and rate[0])


def test(t):
    for program in ("nghttp", "h2load"):
        if not shutil.which(program):
            raise Skip(f"{program} is not installed (Debian's nghttp2-client)")
    pairs = Pairs(t)
    upload = t.folder / "upload"
    upload.write_bytes(os.urandom(UPLOAD))
    for way in TLS_WAYS:
        for behind in VERSIONS:
            host = f"{way}-{behind}.test"
            asks_nghttp(pairs, host)
            for before in VERSIONS:
                asks_curl(pairs, host, before, upload)
                asks_node(pairs, host, before)
                asks_h2load(pairs, host, before)
    pairs.proxy.wait_idle()


if __name__ == "__main__":
    main(test)
