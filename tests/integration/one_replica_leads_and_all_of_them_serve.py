"""Two replicas: one leads and writes what Ingresses say of themselves, once; killed, it is followed
within the time of its lease. Sessions that began at one are resumed at the other, before and after
the keys of tickets are rotated."""

import sys

sys.path.append(sys.path[0] + "/..")
import signal
import time

from support.channel import client_context, connect_tls
from support.kube import manifests
from support.kube.api_server import ApiServer
from support.kube.controller import LEADER, Controller, named_backend, serve
from support.scenario import main
from support.waiting import eventually

TIMEOUT = 120
DURATION = 4
SPACE = "sallyport-system"
SETTINGS = f"""leader_election: {{duration: {DURATION}s, namespace: {SPACE}}}
status: {{service: {SPACE}/sallyport}}
ticket_secret: {SPACE}/tickets
"""


def test(t):
    server = t.keep(ApiServer(t))
    backend = named_backend(t, "web")
    server.apply(manifests.ingress_class(), balancer("192.0.2.10"))
    for name in ("shop", "blog"):
        serve(server, t, name, backend)
    proxies = [t.keep(Controller(t, server, name=f"replica{i}", kubernetes=SETTINGS))
               for i in range(2)]
    eventually("one leads", lambda: leaders(proxies) == 1)
    first = next(p for p in proxies if leads(p))
    second = next(p for p in proxies if p is not first)

    for name in ("shop", "blog"):
        eventually("the status is written", lambda n=name: published(server, n) == [
            {"ip": "192.0.2.10"}])
        assert server.count(verb="patch", resource="ingresses", name=name) == 1
    server.apply(balancer("192.0.2.11"))
    for name in ("shop", "blog"):
        eventually("another address is written", lambda n=name: published(server, n) == [
            {"ip": "192.0.2.11"}])
        assert server.count(verb="patch", resource="ingresses", name=name) == 2
    findings(server)
    sessions(t, server, proxies)

    transitions = lease(server)["leaseTransitions"]
    first.process.signal(signal.SIGKILL)
    killed = time.monotonic()
    eventually("the other follows", lambda: leads(second), DURATION * 2)
    took = time.monotonic() - killed
    print(f"followed after {took:.2f} s, with a lease of {DURATION} s")
    assert took < DURATION, f"{took:.2f} s, not within the lease's time"
    assert lease(server)["leaseTransitions"] == transitions + 1
    serve(server, t, "late", backend)
    eventually("it writes now", lambda: published(server, "late") == [{"ip": "192.0.2.11"}])
    for name in ("shop", "blog"):
        assert server.count(verb="patch", resource="ingresses", name=name) == 2, "written again"
    assert second.served_by("shop.test") == "web"

    second.stop()
    assert lease(server)["holderIdentity"] == "", "it was not given up"


def findings(server):
    """An Ingress whose Secret is missing: told once, by whichever replica."""
    server.apply(manifests.service("none"), manifests.ingress("odd", "odd.test", "none",
                                                              secret="missing"))
    def told():
        return [e for e in server.all("Event") if e["regarding"]["name"] == "odd"]
    eventually("an Event tells", told)
    events = told()
    assert all(e["regarding"]["uid"] == server.get("Ingress", "odd")["metadata"]["uid"]
               for e in events)
    assert len({e["note"] for e in events}) == len(events), events


def sessions(t, server, proxies):
    eventually("the ring is there", lambda: ring(server))
    contexts = [client_context(t.authority, version=v) for v in ("1.2", "1.3")]
    eventually("both replicas use it", lambda: all(
        resumed(proxies[1], c, begun(proxies[0], c)) for c in contexts))
    old = [begun(proxies[0], c) for c in contexts]
    before = ring(server)
    secret = server.get("Secret", "tickets", SPACE)
    annotations = {**secret["metadata"]["annotations"],
                   "sallyport.dev/ticket-key-made": "2020-01-01T00:00:00Z"}
    server.apply({**secret, "metadata": {**secret["metadata"], "annotations": annotations}})
    eventually("a new key is known", lambda: len(ring(server)) > len(before))
    assert ring(server)[0] == before[0], "used before everybody knew it"
    eventually("it is used", lambda: ring(server)[0] != before[0], 30)
    assert ring(server)[1] == before[0]
    for context, session in zip(contexts, old):
        assert resumed(proxies[1], context, session), "the old key is forgotten"
        eventually("a session with the new key goes on at the other", lambda c=context: resumed(
            proxies[1], c, begun(proxies[0], c)))


def balancer(ip):
    made = manifests.service("sallyport", SPACE)
    made["spec"]["type"] = "LoadBalancer"
    made["status"] = {"loadBalancer": {"ingress": [{"ip": ip}]}}
    return made


def leads(proxy):
    return proxy.metrics().sum(LEADER) == 1


def leaders(proxies):
    return sum(map(leads, proxies))


def published(server, name):
    return server.get("Ingress", name)["status"]["loadBalancer"].get("ingress")


def lease(server):
    return server.get("Lease", "sallyport-leader", SPACE)["spec"]


def ring(server):
    data = server.get("Secret", "tickets", SPACE)["data"]
    return [data[k] for k in ("ticket.key", *(f"ticket.key.{i}" for i in range(1, 10)))
            if k in data]


def begun(proxy, context):
    return _visit(proxy, context, None)[1]


def resumed(proxy, context, session):
    return _visit(proxy, context, session)[0]


def _visit(proxy, context, session):
    with connect_tls(proxy.https_port, "shop.test", None, context=context,
                     session=session) as channel:
        channel.send(b"GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n")
        assert channel.recv().startswith(b"HTTP/1.1 200")
        return channel.tls.session_reused, channel.tls.session


if __name__ == "__main__":
    main(test)
