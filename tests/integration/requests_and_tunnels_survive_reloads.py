"""Fifty reloads that change sites, routes, services and settings while requests are under way, clients
keep their connections, and tunnels are open: no request fails, no connection is closed on a client,
no tunnel is cut; a kept connection meets the new routes with its next request."""

import sys

sys.path.append(sys.path[0] + "/..")
import threading

from support.http_backend import WebBackend
from support.http_front import WAYS, Front, account
from support.scenario import main

TIMEOUT = 120
RELOADS = 50


def test(t):
    other = t.keep(WebBackend(name="other"))
    front = Front(t, workers=2, services=f'  - {{name: other, endpoints: ["{other.address}"]}}\n')
    tunnels = [front.client(w) for w in WAYS for _ in range(3)]
    for client in tunnels:
        assert client.get("/t", {"Connection": "Upgrade", "Upgrade": "x"}).status == 101
    kept = {w: front.client(w) for w in WAYS}
    crowd = [Requests(front, w, fresh) for w in WAYS for fresh in (False, True)]
    slow = [front.client(w) for w in WAYS]
    for client in slow:
        client.request("POST", "/slow", {"Content-Length": str(RELOADS)})

    reloads = RELOADS if not t.sanitizer else 10
    for i in range(reloads):
        assert front.proxy.reload(edited(front.body, i)) == "applied", i
        for client in slow:
            client.send(b"x")
        expected = "other" if i % 2 else "plain backend"
        for way in ("plain", "offload"):
            told = account(kept[way].get(f"/changes/{i}"))
            assert told["backend"] == expected, (way, i, told["backend"])
        assert kept["reencrypt"].get("/").status == 200
    for one in crowd:
        one.stop()
        assert not one.failures, (one.way, one.fresh, one.failures[:3])
        assert one.served > reloads // 4, (one.way, one.fresh, one.served)
    print({(c.way, "fresh" if c.fresh else "kept"): c.served for c in crowd})
    for client in tunnels:
        client.send(b"not cut")
        assert client.recv_exactly(7) == b"not cut"
    for client in slow:
        client.send(b"x" * (RELOADS - reloads))
        assert account(client.response())["size"] == RELOADS


def edited(body, i):
    if i % 2:
        for service in ("plain",):
            body = body.replace(
                f"service: {service}}}",
                f"routes: [{{path: /, service: {service}}}, {{path: /changes, service: other}}]}}")
    if i % 3:
        body = body.replace("sites:\n", f"sites:\n  - {{host: new-{i}.test, listeners: [http], "
                            "scenario: offload, service: other}\n")
    if i % 5 == 4:
        body += f"limits: {{header_timeout: {10 + i}s}}\n"
    return body


class Requests:
    """One after the other in a thread: on one connection, or each on a new one."""

    def __init__(self, front, way, fresh):
        self._front, self.way, self.fresh = front, way, fresh
        self.served, self.failures = 0, []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self._stopping.set()
        self._thread.join()

    def _run(self):
        client = None
        while not self._stopping.is_set():
            try:
                client = self._front.client(self.way) if self.fresh or not client else client
                assert client.get(f"/{self.served}").status == 200
                self.served += 1
                if self.fresh:
                    client.close()
            except Exception as error:
                self.failures.append(repr(error))
                client = None


if __name__ == "__main__":
    main(test)
