"""Random changes of Ingresses, Secrets, Services and EndpointSlices under traffic: from time to time
the proxy is compared with one that starts from scratch, which is configured the same, and serves
every host the same, by status, backend and certificate. Nothing is cut, the memory stays what it
was, and a WebSocket that was opened first still echoes. Ten thousand changes with SALLYPORT_FULL=1,
some hundreds without."""

import sys

sys.path.append(sys.path[0] + "/..")
import base64
import collections
import hashlib
import os
import random
import threading

from support.channel import connect_tls
from support.http import Reader
from support.http_backend import WebBackend
from support.kube import manifests
from support.kube.api_server import ApiServer
from support.kube.controller import Controller, named_backend, serve
from support.scenario import main
from support.waiting import eventually

FULL = os.environ.get("SALLYPORT_FULL") == "1"
TIMEOUT = 3000 if FULL else 240
CHANGES = 10_000 if FULL else 400
COMPARED = CHANGES // 4
WARM_UP = CHANGES // 10  # what is made once, and allocators, come to rest
NAMES = [f"app-{i}" for i in range(40)]
THEIRS = "nginx.ingress.kubernetes.io/"
ANNOTATIONS = [{}] * 15 + [
    {"ssl-redirect": "false"}, {"proxy-body-size": "8m"}, {"rewrite-target": "/x"},
    {"use-regex": "true"}, {"permanent-redirect": "https://elsewhere.test"},
    {"app-root": "/start"}, {"whitelist-source-range": "192.0.2.0/24"}, {"made-up": "1"},
    {"backend-protocol": "HTTPS"}, {"affinity": "cookie"}, {"proxy-body-size": "junk"},
    {"auth-tls-secret": "default/clients"}, {"auth-tls-secret": "default/missing"},
    {"server-alias": "alias.any.test"}, {"hsts": "x", "force-ssl-redirect": "true"}]
# Backends that do not speak TLS are soon given up.
SETTINGS = {"kubernetes": "leader_election: {enabled: false}",
            "settings": "limits: {handshake_timeout: 1s}"}
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class WebSocket:
    """One by RFC 6455, of short text frames."""

    def __init__(self, channel, host):
        key = base64.b64encode(os.urandom(16)).decode()
        self._channel = channel
        channel.send(f"GET /socket HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\n"
                     f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                     f"Sec-WebSocket-Key: {key}\r\n\r\n".encode())
        head = Reader(channel).response()
        wanted = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        assert head.status == 101 and head["Sec-WebSocket-Accept"] == wanted, head.status

    def echoes(self, text):
        data, mask = text.encode(), os.urandom(4)
        self._channel.send(bytes([0x81, 0x80 | len(data)]) + mask +
                           bytes(b ^ mask[i % 4] for i, b in enumerate(data)))
        return self._channel.recv_exactly(2 + len(data)) == bytes([0x81, len(data)]) + data


def web_socket_backend(request, answer):
    accept = hashlib.sha1((request["Sec-WebSocket-Key"] + GUID).encode()).digest()
    answer.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Accept: " + base64.b64encode(accept) + b"\r\n\r\n")
    answer.over = True
    pending = b""
    while data := answer.reader.recv():
        pending += data
        while len(pending) >= 6 and len(pending) >= 6 + (size := pending[1] & 0x7f):
            frame, pending = pending[:6 + size], pending[6 + size:]
            answer.send(bytes([0x81, size]) +
                        bytes(b ^ frame[2 + i % 4] for i, b in enumerate(frame[6:])))


class Traffic:
    """Requests for hosts whose objects change in what clients do not see, on kept and on fresh
    connections."""

    def __init__(self, t, proxy, hosts):
        self._t, self._proxy, self._over = t, proxy, threading.Event()
        self.good, self.bad = 0, []
        self._threads = [threading.Thread(target=self._run, args=(h, kept), daemon=True)
                         for h in hosts for kept in (True, False)]
        for thread in self._threads:
            thread.start()

    def _run(self, host, kept):
        channel = None
        while not self._over.is_set():
            try:
                channel = channel or connect_tls(self._proxy.https_port, host, self._t.authority)
                channel.send(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                reader = Reader(channel)
                response = reader.body_of_response(reader.response())
                assert response.status == 200 and response.body == b"steady", response.status
                self.good += 1
            except Exception as error:  # whatever it is, clients see it
                self.bad.append((host, kept, repr(error)))
                channel = None
            if channel and not kept:
                channel.close()
                channel = None
            self._over.wait(0.02)

    def stop(self):
        self._over.set()
        for thread in self._threads:
            thread.join(30)
        assert self.good > 100 and not self.bad, (self.good, self.bad[:5])


class Changes:
    """One random change after the other; what is there may be changed or go."""

    def __init__(self, t, server, backends):
        self._server, self._backends = server, backends
        self._chance = random.Random(5)
        folders = [t.authority.issue(f"any-{i}", dns=("*.any.test", f"any-{i}.test")) for i in range(3)]
        self._pairs = [(f / "tls.crt", f / "tls.key") for f in folders]
        server.apply(manifests.tls_secret("clients", folders[0], keys=("ca.crt",)))
        for name in NAMES:
            server.apply(manifests.tls_secret(f"{name}-tls", folders[0]), manifests.service(name),
                         manifests.endpoints(name, [backends[0].address]),
                         manifests.ingress(name, f"{name}.any.test", name, secret=f"{name}-tls"))

    def next(self):
        pick = self._chance.choice
        name = pick(NAMES)
        pick([self._ingress, self._ingress, self._secret, self._service, self._slice] * 2 +
             [self._remove, self._steady])(name)

    def _ingress(self, name):
        pick = self._chance.choice
        annotations = {THEIRS + k: v for k, v in pick(ANNOTATIONS).items()}
        host = pick([f"{name}.any.test"] * 12 + [f"{pick(NAMES)}.any.test", "*.any.test", ""])
        made = manifests.ingress(name, host, pick([name, name, pick(NAMES)]),
                                 path=pick(["/", "/", "/a", "/b/"]), annotations=annotations,
                                 port=pick([80] * 6 + [81]),
                                 secret=pick([f"{name}-tls"] * 8 + [f"{pick(NAMES)}-tls", None]),
                                 ingress_class=pick(["sallyport"] * 19 + ["other"]))
        if not host:
            del made["spec"]["rules"][0]["host"]
            made["spec"].pop("tls", None)
        self._server.apply(made)

    def _secret(self, name):
        crt, key = self._chance.choice(self._pairs)
        data = {"tls.crt": crt.read_bytes(), "tls.key": key.read_bytes()}
        if self._chance.random() < 0.03:
            data["tls.key"] = self._pairs[0][1].read_bytes() + b"junk"
        self._server.apply({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
            "metadata": {"name": f"{name}-tls", "namespace": "default"},
            "data": {k: base64.b64encode(v).decode() for k, v in data.items()}})

    def _service(self, name):
        self._server.apply(manifests.service(name, port=self._chance.choice([80] * 5 + [81])))

    def _slice(self, name):
        chosen = self._chance.sample(self._backends, 1)
        self._server.apply(manifests.endpoints(name, [b.address for b in chosen]))

    def _remove(self, name):
        kind, named = self._chance.choice([
            ("Ingress", name), ("Secret", f"{name}-tls"), ("Service", name),
            ("EndpointSlice", f"{name}-1")])
        if named in {o["metadata"]["name"] for o in self._server.all(kind)}:
            self._server.delete(kind, named)

    def _steady(self, _):
        """What has traffic changes as well, in what its clients do not see."""
        name = self._chance.choice(["steady-0", "steady-1", "socket"])
        body = f"{self._chance.randint(1, 50)}m"
        before = self._server.get("Ingress", name)
        self._server.apply({**before, "metadata": {
            **before["metadata"], "annotations": {THEIRS + "proxy-body-size": body}}})


def test(t):
    server = t.keep(ApiServer(t))
    steady = named_backend(t, "steady")
    socket_backend = t.keep(WebBackend(web_socket_backend, name="socket"))
    backends = [named_backend(t, name) for name in ("red", "green", "blue")]
    server.apply(manifests.ingress_class())
    hosts = [serve(server, t, f"steady-{i}", steady) for i in range(2)]
    serve(server, t, "socket", socket_backend)
    proxy = t.keep(Controller(t, server, **SETTINGS))
    socket = WebSocket(t.keep(connect_tls(proxy.https_port, "socket.test", t.authority)),
                       "socket.test")
    assert socket.echoes("first")
    traffic = Traffic(t, proxy, hosts)
    changes = Changes(t, server, backends)
    at_first = None
    for number in range(1, CHANGES + 1):
        changes.next()
        if number % 10 == 0:
            settle(proxy, server, number)
            assert proxy.process.alive
        if number == WARM_UP:
            at_first = proxy.process.resident_bytes()
        if number % COMPARED == 0:
            compare(t, server, proxy, number)
            assert socket.echoes(f"after {number} changes")
    at_last = proxy.process.resident_bytes()
    traffic.stop()
    print(f"{CHANGES} changes, {traffic.good} requests; {at_first >> 10} KiB after {WARM_UP}, "
          f"{at_last >> 10} KiB at the end")
    if not t.sanitizer:
        # Of a small process, what an allocator keeps in reserve is more than a twentieth.
        most = max(at_first * 1.05, 0 if FULL else at_first + (4 << 20))
        assert at_last <= most, (at_first, at_last)


def settle(proxy, server, number):
    """What was applied last is known."""
    where = f"https://settled.test/{number}"
    server.apply(manifests.ingress("mark", "mark.test", "none",
                                   annotations={THEIRS + "permanent-redirect": where}))

    def settled():
        return proxy.ask("mark.test", secure=False)["Location"] == where
    eventually(f"change {number} has come", settled, 30)


def compare(t, server, proxy, number):
    fresh = Controller(t, server, name=f"fresh-{number}", **SETTINGS)
    try:
        eventually("both are configured the same", lambda: config(proxy) == config(fresh), 30)
        seen = {h: (looks(t, proxy, h), looks(t, fresh, h)) for h in
                [*(f"{n}.any.test" for n in NAMES), "wild.any.test", "alias.any.test", "nobody.test"]}
        different = {h: both for h, both in seen.items() if both[0] != both[1]}
        assert not different, (number, different)
        statuses = collections.Counter(str(both[0][0][0]) for both in seen.values())
        served = sum(both[0][0][0] == 200 for both in seen.values())
        print(f"after {number} changes: {len(seen)} hosts the same: {dict(statuses)}")
        assert served >= 5, f"that shows little: {statuses}"
    finally:
        fresh.close()


def config(proxy):
    """What is served, without where."""
    whole = proxy.admin("/api/v1/config")
    return {key: whole.get(key) for key in ("sites", "services", "secrets")}


def looks(t, proxy, host):
    """How requests for a host are answered: status, body and certificate."""
    def one(secure):
        status = body = serial = None
        try:
            answer = proxy.ask(host, "/a", secure)
            status = answer.status
            body = answer.body if status == 200 else None
            serial = proxy.serial(host) if secure else None
        except Exception as error:  # a refusal has to be the same one
            status = type(error).__name__
        return status, body, serial
    return one(True), one(False)


if __name__ == "__main__":
    main(test)
