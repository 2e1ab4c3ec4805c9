"""Connections to backends are kept and used again: a hundred requests, of one client or of a
hundred, need one. It is one pool per identity: another name, certificate, CA or endpoint is another
connection; a reload that changes none of these keeps the pool. `backend_idle_connections: 0` keeps
nothing, and `backend_idle_timeout` ends what is not used."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.channel import Cut
from support.http_backend import WebBackend
from support.http_front import WAYS, Front
from support.scenario import main
from support.waiting import eventually


def test(t):
    front = Front(t, name="pooled")
    for way in WAYS:
        with front.client(way) as client:
            for i in range(100):
                body = b"x" * i if i % 2 else None
                response = client.get(f"/{i}", method="POST" if body else "GET", body=body)
                assert response.status == 200, (way, response)
        for i in range(20):
            assert front.ask(way, f"/{i}").status == 200, way
    # Plain and offload have the same endpoint, in the clear.
    assert (len(front.plain.seen), len(front.tls.seen)) == (1, 1), \
        (len(front.plain.seen), len(front.tls.seen))
    survives_a_reload(front)
    identity(t)
    limits(t)


def survives_a_reload(front):
    changed = front.body.replace("sites:\n", "sites:\n  - {host: new.test, listeners: [http], "
                                 "scenario: offload, service: plain}\n")
    assert front.proxy.reload(changed) == "applied"
    for way in WAYS:
        assert front.ask(way).status == 200
    assert (len(front.plain.seen), len(front.tls.seen)) == (1, 1), "nothing had changed for them"


def identity(t):
    """Services that reach one endpoint in different ways."""
    tls = t.keep(WebBackend(tls=t.backend_tls()))
    ours = t.authority.issue("ours", dns=("ours.test",), client=True)
    kinds = {"a": "name: backend.test, secret: authority",
             "b": "name: passthrough.test, secret: authority",
             "c": "name: backend.test, secret: ours",
             "d": "name: backend.test, verify: none"}
    hosts = [f"{k}.test" for k in kinds]
    front = Front(t, name="identity", hosts=hosts,
                  secrets=f"  - {{name: ours, directory: {ours}}}\n",
                  sites="".join(f"  - {{host: {k}.test, scenario: reencrypt, secret: site, "
                                f"service: {k}}}\n" for k in kinds),
                  services="".join(f'  - {{name: {k}, endpoints: ["{tls.address}"], '
                                   f"tls: {{{how}}}}}\n" for k, how in kinds.items()))
    used = {}
    for _ in range(3):
        for kind in kinds:
            assert front.ask("offload", f"/{kind}", host=f"{kind}.test").status == 200
            used.setdefault(kind, set()).add(tls.requests[-1].index)
    assert all(len(u) == 1 for u in used.values()), used
    assert len(set.union(*used.values())) == len(kinds), f"identities share connections: {used}"
    assert tls.seen[used["b"].pop()].sni == "passthrough.test"


def limits(t):
    none = Front(t, name="none", settings="limits: {backend_idle_connections: 0}\n")
    soon = Front(t, name="soon", settings="limits: {backend_idle_timeout: 1s}\n")
    for way in WAYS:
        with none.client(way) as client:
            for _ in range(3):
                assert client.get().status == 200, way
        with soon.client(way) as client:
            for _ in range(3):
                assert client.get().status == 200, way
        backend = soon.backend(way)
        assert backend.open() == 1, way
        eventually("the idle one is closed", lambda b=backend: b.open() == 0, 10)
        # Its own goodbye may find nobody left to hear it.
        assert not isinstance(backend.seen[-1].error, Cut), (way, backend.seen[-1].error)
    assert (len(none.plain.seen), len(none.tls.seen)) == (6, 3)
    assert (len(soon.plain.seen), len(soon.tls.seen)) == (2, 1)
    eventually("none is kept", lambda: none.plain.open() + none.tls.open() == 0)


if __name__ == "__main__":
    main(test)
