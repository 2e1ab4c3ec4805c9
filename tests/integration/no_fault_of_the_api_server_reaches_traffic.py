"""Every way in which an API server can fail, each alone and then in a random order while objects
change: traffic never stops, in the end what is served is what is applied, and for each a metric
and one line of the log say what it was."""

import sys

sys.path.append(sys.path[0] + "/..")
import os
import random
import threading

from support.kube import manifests
from support.kube.api_server import ApiServer
from support.kube.controller import Controller, RELISTS, named_backend, serve
from support.scenario import main
from support.waiting import eventually

FULL = os.environ.get("SALLYPORT_FULL") == "1"
TIMEOUT = 900 if FULL else 240
# What is injected: the reason that the metric gives it.
REASONS = {"401": "unauthorized", "404 text": "not_found", "410": "expired",
           "429 text": "throttled", "429 json": "throttled", "500": "server_error",
           "504": "server_error", "reset": "reset", "half an answer": "reset"}
STEADY = "steady.test"


class Traffic:
    """Requests for a host, one after the other, until it is stopped."""

    def __init__(self, proxy):
        self._proxy, self._over = proxy, threading.Event()
        self.good, self.bad = 0, []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._over.is_set():
            answer = self._proxy.served_by(STEADY)
            if answer == "steady":
                self.good += 1
            else:
                self.bad.append(answer)
            self._over.wait(0.02)

    def stop(self):
        self._over.set()
        self._thread.join(30)
        assert self.good > 20 and not self.bad, (self.good, self.bad[:5])


def test(t):
    server = t.keep(ApiServer(t))
    server.apply(manifests.ingress_class())
    steady, old, new = (named_backend(t, name) for name in ("steady", "old", "new"))
    serve(server, t, "steady", steady)
    serve(server, t, "moving", old)
    serve(server, t, "guarded", steady)
    proxy = t.keep(Controller(t, server, kubernetes="watch_timeout: 3s\nsecrets: names\n"
                                                    "leader_election: {enabled: false}"))
    traffic = Traffic(proxy)
    backends = {"old": old, "new": new}
    state = {"at": "old"}

    def move():
        """What a change of an EndpointSlice does, in spite of everything."""
        state["at"] = "new" if state["at"] == "old" else "old"
        server.apply(manifests.endpoints("moving", [backends[state["at"]].address]))

    def converged(within=25):
        eventually(f"what is applied is served: {state['at']}",
                   lambda: proxy.served_by("moving.test") == state["at"], within)

    for what, reason in REASONS.items():
        alone(server, proxy, what, reason, move, converged)
    expired_list(server, proxy, move, converged)
    silence(server, proxy, move, converged)
    restart(server, proxy, move, converged)
    tokens(server, proxy, move, converged)
    authority(t, server, proxy, move, converged)
    one_secret(t, server, proxy)
    forbidden_secret(t, server, proxy)
    in_random_order(t, server, proxy, move, converged)
    traffic.stop()
    lines = proxy.process.output
    for reason in {*REASONS.values(), "forbidden", "silent", "unreachable", "untrusted"}:
        assert proxy.errors(reason=reason) >= 1, reason
        assert f"reason={reason}" in lines, reason
    assert proxy.metrics().sum(RELISTS) >= 1
    assert lines.count("trouble with the API server") < 400, "a line for each failure"


def alone(server, proxy, what, reason, move, converged):
    before = proxy.errors(reason=reason)
    # A reset on a kept connection is one that libcurl tries again by itself.
    times = 6 if what == "reset" else 2
    server.faults.inject(what, times=times, resource="endpointslices")
    server.end_watches()
    eventually(f"{what} is counted as {reason}",
               lambda: proxy.errors(reason=reason) >= before + 1)
    move()
    converged()
    server.faults.clear()


def expired_list(server, proxy, move, converged):
    """A watch that is too old, told as an event, and then a list that is, told as a status."""
    server.streaming_lists = False
    server.store.compact()
    before = proxy.errors(reason="expired")
    server.faults.inject("410", times=1, resource="endpointslices", verb="watch")
    server.faults.inject("410", times=1, resource="endpointslices", verb="list")
    server.end_watches()
    eventually("both are counted", lambda: proxy.errors(reason="expired") >= before + 2)
    move()
    converged()
    server.streaming_lists = True


def silence(server, proxy, move, converged):
    """A watch that never says anything: given up when its time and a margin are over."""
    server.faults.inject("silence", times=1, resource="endpointslices")
    server.end_watches()
    eventually("the silence has begun", lambda: server.faults.met.get("silence"))
    move()
    converged(40)
    assert proxy.errors(reason="silent") >= 1
    server.faults.clear()


def restart(server, proxy, move, converged):
    server.stop()
    eventually("it is missed", lambda: proxy.errors(reason="unreachable") >= 3)
    assert proxy.served_by("moving.test")
    move()
    server.store.compact()  # what happened meanwhile is not told any more
    server.start()
    converged(45)


def tokens(server, proxy, move, converged):
    """The token expires; another one is in the file some time later."""
    old, server.token = server.token, "token-of-tomorrow"
    user = server.access.tokens.pop(old)
    server.end_watches()
    before = proxy.errors(reason="unauthorized")
    eventually("it is refused", lambda: proxy.errors(reason="unauthorized") > before)
    server.access.tokens[server.token] = user
    server.kubeconfig(proxy.kubeconfig)
    move()
    converged(45)


def authority(t, server, proxy, move, converged):
    """Another CA signs the server's certificate before the kubeconfig says so."""
    other = t.other_authority("Next CA of the cluster")
    server.use(other.issue("kube", dns=("kubernetes",), ip=("127.0.0.1",)))
    server.cut()
    eventually("it is not trusted", lambda: proxy.errors(reason="untrusted") >= 1)
    server.authority = other
    server.kubeconfig(proxy.kubeconfig)
    move()
    converged(45)


def one_secret(t, server, proxy):
    """A Secret that is not what it was: its host alone is harmed."""
    broken = manifests.tls_secret("moving-tls", t.authority.issue("moving.test"))
    broken["data"]["tls.key"] = "bm8ga2V5"
    server.apply(broken)
    eventually("its host is refused", lambda: proxy.status("moving.test") is None)
    server.apply(manifests.tls_secret("moving-tls", t.authority.issue("moving.test")))
    eventually("and is served again", lambda: proxy.served_by("moving.test"))


def forbidden_secret(t, server, proxy):
    """One that may not be read any more is used as it was known, and nothing else is concerned."""
    before = proxy.errors(resource="secrets", reason="forbidden")
    server.access.denied.add(("secrets", "guarded-tls"))
    server.end_watches()
    eventually("it is refused", lambda: proxy.errors(resource="secrets",
                                                     reason="forbidden") > before)
    assert proxy.served_by("guarded.test") == "steady"
    other = t.authority.issue("guarded.test", days=20)
    server.apply(manifests.tls_secret("guarded-tls", other))
    old = proxy.serial("guarded.test")
    server.access.denied.clear()
    eventually("it is read again", lambda: proxy.serial("guarded.test") != old, 45)


def in_random_order(t, server, proxy, move, converged):
    chance = random.Random(7)
    deeds = Deeds(t, server, proxy, chance)
    for _ in range(60 if FULL else 15):
        what = chance.choice(list(REASONS))
        server.faults.inject(what, times=chance.randint(1, 2),
                             resource=chance.choice([None, "endpointslices", "services",
                                                     "ingresses", "secrets"]))
        deeds.next()
        if chance.random() < 0.5:
            move()
        met = sum(server.faults.met.values())
        eventually("some time goes by", lambda m=met: sum(server.faults.met.values()) > m or
                   chance.random() < 0.1, 5)
    server.faults.clear()
    deeds.undo()
    move()
    converged(60)
    assert proxy.served_by("guarded.test") == "steady"


class Deeds:
    """What else happens to an API server; what was done is undone by a later one."""

    def __init__(self, t, server, proxy, chance):
        self._server, self._proxy, self._chance = server, proxy, chance
        self._authorities = [t.authority, t.other_authority("Next CA of the cluster")]
        self._tokens = 0

    def next(self):
        server = self._server
        self._chance.choice([server.end_watches, server.cut, server.store.compact, self._silence,
                             self._token, self._authority, self._forbid, self._stop])()

    def _silence(self):
        self._server.faults.inject("silence", times=1,
                                   resource=self._chance.choice(["services", "ingresses"]))
        self._server.end_watches()

    def _token(self):
        self._tokens += 1
        user = self._server.access.tokens.pop(self._server.token)
        self._server.token = f"token-{self._tokens}"
        self._server.access.tokens[self._server.token] = user
        self._server.end_watches()
        self._server.kubeconfig(self._proxy.kubeconfig)

    def _authority(self):
        self._authorities.reverse()
        self._server.authority = self._authorities[0]
        self._server.use(self._authorities[0].issue("kube", dns=("kubernetes",), ip=("127.0.0.1",)))
        self._server.cut()
        self._server.kubeconfig(self._proxy.kubeconfig)

    def _forbid(self):
        denied = self._server.access.denied
        if denied:
            denied.clear()
        else:
            denied.add(("secrets", "guarded-tls"))
        self._server.end_watches()

    def _stop(self):
        self._server.stop()
        before = self._proxy.errors(reason="unreachable")
        eventually("it is missed", lambda: self._proxy.errors(reason="unreachable") > before, 40)
        self._server.start()

    def undo(self):
        self._server.access.denied.clear()


if __name__ == "__main__":
    main(test)
