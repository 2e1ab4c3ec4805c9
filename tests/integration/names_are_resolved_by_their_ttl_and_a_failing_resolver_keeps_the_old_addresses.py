"""An endpoint by name: its addresses follow the DNS as often as their TTL says, without a
reload. When the resolver fails or falls silent, the last known addresses stay in use, and a
metric says so."""

import sys

sys.path.append(sys.path[0] + "/..")
from support import backends, names
from support.dns import DnsServer
from support.scenario import main
from support.waiting import eventually


def test(t):
    old = t.backend(backends.named("old"), host="127.0.0.2")
    t.backend(backends.named("new"), host="127.0.0.3", port=old.port)
    dns = t.keep(DnsServer({"backend.internal": ["127.0.0.2"]}, ttl=1))
    port = t.port()
    proxy = t.sallyport(f"""
listeners:
  - {{name: tcp, address: "127.0.0.1:{port}", protocol: tcp, service: named}}
services:
  - {{name: named, endpoints: ["backend.internal:{old.port}"]}}
""", settings=f"resolver: {{servers: [\"127.0.0.1:{dns.port}\"], timeout: 500ms}}\n")

    def who():
        with t.connect(port) as channel:
            return channel.recv_exactly(4).strip()

    eventually("the name is known", lambda: who() == b"old")
    dns.answer({"backend.internal": ["127.0.0.3"]})
    eventually("the new address is used", lambda: who() == b"new")

    for failure in (dns.fail, dns.fall_silent):
        before = proxy.metrics().sum(names.RESOLVER_FAILURES)
        failure()
        eventually("the failure is counted",
                   lambda: proxy.metrics().sum(names.RESOLVER_FAILURES) > before, 20)
        for _ in range(3):
            assert who() == b"new", failure
    dns.answer({"backend.internal": ["127.0.0.2"]})
    eventually("the resolver is believed again", lambda: who() == b"old", 20)


if __name__ == "__main__":
    main(test)
