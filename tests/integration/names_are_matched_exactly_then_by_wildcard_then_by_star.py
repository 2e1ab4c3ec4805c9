"""Which site a hello meets: the exact host first, whatever its case and with or without a final
dot; then the wildcard, which stands for one label and no more; then "*", where the listener lets
it. The same rules hold for passthrough and terminated sites, side by side on one port."""

import sys

sys.path.append(sys.path[0] + "/..")

from support import backends
from support.channel import connect_tls, server_context
from support.scenario import main, tls_listener

CASES = {
    "exact.example.test": "exact",
    "EXACT.Example.test": "exact",
    "other.example.test": "wildcard",
    "a.b.example.test": "star",
    "example.test": "star",
    "deep.sub.example.test": "deep",
    "elsewhere.test": "star",
    None: "star",
}


def test(t):
    names = ("exact.example.test", "*.example.test", "*.sub.example.test", "a.b.example.test",
             "example.test", "elsewhere.test")
    secret = t.authority.issue("all", dns=names)
    tls = server_context(secret)
    port = t.port()
    addresses = {"exact": t.backend(backends.named("exact"), tls=tls).address,
                 "wildcard": t.backend(backends.named("wildcard")).address,
                 "deep": t.backend(backends.named("deep"), tls=tls).address,
                 "star": t.backend(backends.named("star")).address}
    t.sallyport(tls_listener(port, ", unknown_sni: default") + f"""
secrets:
  - {{name: all, directory: {secret}}}
sites:
  - {{host: "*", scenario: offload, secret: all, service: ["{addresses["star"]}"]}}
  - {{host: "*.example.test", scenario: offload, secret: all, service: ["{addresses["wildcard"]}"]}}
  - {{host: exact.example.test, scenario: passthrough, service: ["{addresses["exact"]}"]}}
  - {{host: "*.sub.example.test", scenario: passthrough, service: ["{addresses["deep"]}"]}}
""")
    for name, expected in CASES.items():
        channel = connect_tls(port, name, t.authority, check_name=False)
        answer = channel.recv_exactly(len(expected) + 1)
        assert answer == expected.encode() + b"\n", (name, expected, answer)
        channel.close()


if __name__ == "__main__":
    main(test)
