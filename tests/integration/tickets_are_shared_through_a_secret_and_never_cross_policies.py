"""Two proxies that share the secret of their ticket keys resume each other's sessions, before and
after a rotation of its keys; a third with keys of its own does not. No session crosses to another
site, to the same site under another policy, or beyond the keys that made it. In TLS 1.2 and 1.3."""

import sys

sys.path.append(sys.path[0] + "/..")
import os
import ssl

from support.channel import Cut, client_context
from support.scenario import main, tls_listener

SITES = """ticket_keys: {{secret: tickets}}
secrets:
  - {{name: site, directory: {secret}}}
  - {{name: tickets, {tickets}}}
sites:
  - {{host: a.test, scenario: offload, secret: site, service: plain}}
  - {{host: b.test, scenario: offload, secret: site, service: plain}}
  - {{host: strict.test, scenario: offload, secret: site, service: plain,
     client_auth: {{verify: optional, secret: site}}}}
services:
  - {{name: plain, endpoints: ["{backend}"]}}
"""


def test(t):
    backend = t.backend()
    secret = t.authority.issue("site", dns=("a.test", "b.test", "strict.test"))
    keys = t.folder / "tickets"
    keys.mkdir()
    (keys / "ticket.key").write_bytes(os.urandom(48))
    (keys / "ticket.key.1").write_bytes(os.urandom(80))
    other = t.folder / "other.key"
    other.write_bytes(os.urandom(80))

    def body(tickets):
        return SITES.format(secret=secret, tickets=tickets, backend=backend.address)

    shared = f"directory: {keys}"
    ports = [t.port() for _ in range(3)]
    bodies = [tls_listener(ports[0]) + body(shared), tls_listener(ports[1]) + body(shared),
              tls_listener(ports[2]) + body(f"ticket.key: {other}")]
    proxies = [t.sallyport(b, name=f"proxy{i}", workers=2) for i, b in enumerate(bodies)]
    contexts = [client_context(t.authority, version=v) for v in ("1.2", "1.3")]
    begun = [resumed(t, ports[0], "a.test", context)[1] for context in contexts]
    for context, session in zip(contexts, begun):
        for port in ports[:2]:
            assert resumed(t, port, "a.test", context, session)[0], port
            assert not resumed(t, port, "b.test", context, session)[0], port
            assert not resumed(t, port, "strict.test", context, session)[0], port
        assert not resumed(t, ports[2], "a.test", context, session)[0]

    # A new key is told to all first, and then used; the old one is still known.
    old, new = (keys / "ticket.key").read_bytes(), os.urandom(48)
    (keys / "ticket.key.1").write_bytes(new)
    for proxy, body_of in zip(proxies[:2], bodies):
        assert proxy.reload(body_of) == "applied"
    (keys / "ticket.key").write_bytes(new)
    (keys / "ticket.key.1").write_bytes(old)
    assert proxies[0].reload(bodies[0]) == "applied"
    for context, session in zip(contexts, begun):
        for port in ports[:2]:
            assert resumed(t, port, "a.test", context, session)[0], port
        newer = resumed(t, ports[0], "a.test", context)[1]
        assert resumed(t, ports[1], "a.test", context, newer)[0]
    (keys / "ticket.key.1").unlink()
    assert proxies[0].reload(bodies[0]) == "applied"
    for context, session in zip(contexts, begun):
        assert not resumed(t, ports[0], "a.test", context, session)[0]

    # The same site, whose policy becomes another one.
    begun = [resumed(t, ports[0], "a.test", context)[1] for context in contexts]
    stricter = bodies[0].replace("host: a.test,", "host: a.test, min_tls: \"1.3\",")
    assert proxies[0].reload(stricter) == "applied"
    assert not resumed(t, ports[0], "a.test", contexts[1], begun[1])[0]
    try:
        resumed(t, ports[0], "a.test", contexts[0], begun[0])
        raise AssertionError("TLS 1.2 was spoken")
    except (Cut, ssl.SSLError):
        pass

    for wrong in (b"", b"x" * 47):
        (keys / "ticket.key").write_bytes(wrong)
        assert proxies[0].reload(bodies[0]) == "refused", len(wrong)
    (keys / "ticket.key").unlink()
    assert proxies[0].reload(bodies[0]) == "refused"
    assert resumed(t, ports[0], "a.test", contexts[1])[1]


def resumed(t, port, host, context, session=None):
    """Whether the session was, and the one that there is now."""
    channel = t.connect(port, host, context=context, session=session)
    channel.send(b"hi")
    assert channel.recv_exactly(2) == b"hi"
    found = channel.tls.session_reused, channel.tls.session
    channel.close()
    return found


if __name__ == "__main__":
    main(test)
