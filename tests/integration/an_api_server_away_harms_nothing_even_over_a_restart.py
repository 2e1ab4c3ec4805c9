"""While the API server is away, what it said last is served; a proxy that starts meanwhile serves
what was kept on disk: without private keys hosts in the clear alone, with them, when the operator
says so, all. When the server is back, what has changed meanwhile is served."""

import sys

sys.path.append(sys.path[0] + "/..")
import stat

from support.kube import manifests
from support.kube.api_server import ApiServer
from support.kube.controller import Controller, named_backend, serve
from support.scenario import main
from support.waiting import eventually

TIMEOUT = 120


def test(t):
    backend, other = named_backend(t, "kept"), named_backend(t, "other")
    for keys in ("false", "true"):
        server = t.keep(ApiServer(t))
        server.apply(manifests.ingress_class())
        serve(server, t, "secure", backend)
        serve(server, t, "clear", backend, secure=False)
        serve(server, t, "leaving", backend, secure=False)
        cache = t.folder / f"cache-{keys}"
        settings = f"cache: {cache}\ncache_secrets: {keys}\n"
        first = t.keep(Controller(t, server, name=f"first-{keys}", kubernetes=settings))
        eventually("all is served", lambda: first.served_by("secure.test") and
                   first.served_by("clear.test", secure=False))
        server.stop()
        eventually("the server is missed", lambda: first.errors(reason="unreachable") >= 1)
        assert first.served_by("secure.test") == "kept"
        first.stop()
        text = cache.read_text()
        assert stat.S_IMODE(cache.stat().st_mode) == 0o600
        assert ("tls.key" in text) == (keys == "true")

        second = t.keep(Controller(t, server, name=f"second-{keys}", kubernetes=settings))
        assert second.served_by("clear.test", secure=False) == "kept"
        assert second.served_by("secure.test") == ("kept" if keys == "true" else None)
        server.delete("Ingress", "leaving")
        server.apply(manifests.endpoints("clear", [other.address]))
        server.start()
        missed = []

        def caught_up():
            answer = second.served_by("secure.test")
            if keys == "true" and answer != "kept":
                missed.append(answer)
            return second.served_by("clear.test", secure=False) == "other"
        eventually("what has changed is served", caught_up, 45)
        assert not missed, "what was kept was gone before the cluster was known"
        assert second.served_by("secure.test") == "kept"
        assert second.status("leaving.test", secure=False) == 404
        second.stop()
        server.stop()


if __name__ == "__main__":
    main(test)
