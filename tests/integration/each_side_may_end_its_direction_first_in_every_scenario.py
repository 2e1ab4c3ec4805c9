"""Half-close: a client that ends its request early (`nc -N`, many RPC protocols) still gets the
whole answer, and a backend that has said all it has to say can still be told more. Each end is
passed on in the other side's own terms, FIN or close_notify, after the bytes before it, and only
then."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.scenario import SCENARIOS, main, tls_listener

EARLY, LATE = b"early " * 1000, b"late " * 20000


def answers_after_the_end(channel, seen):
    """Says LATE only when the client's direction has ended."""
    while data := channel.recv():
        seen.received += data
    channel.send(LATE)
    channel.end()


def ends_at_once(channel, seen):
    """Says EARLY, ends, and goes on listening."""
    channel.send(EARLY)
    channel.end()
    while data := channel.recv():
        seen.received += data


def test(t):
    for handler, check in ((answers_after_the_end, client_first), (ends_at_once, backend_first)):
        plain = t.backend(handler)
        tls = t.backend(handler, tls=t.backend_tls())
        port = t.port()
        body = tls_listener(port) + t.three_sites(plain.address, tls.address)
        proxy = t.sallyport(body, name=handler.__name__)
        for scenario in SCENARIOS:
            for version in ("1.2", "1.3"):
                backend = plain if scenario == "offload" else tls
                check(t.connect(port, f"{scenario}.test", version=version), backend, proxy)
        for line in proxy.access_lines():
            assert line["reason"] == "closed", line


def client_first(channel, backend, proxy):
    channel.send(EARLY)
    channel.end()
    answer = channel.recv_to_end()
    assert answer == LATE, (len(answer), len(LATE))
    assert backend.seen[-1].received == EARLY, len(backend.seen[-1].received)
    proxy.wait_idle()
    ended_by("client", proxy)


def backend_first(channel, backend, proxy):
    greeting = channel.recv_to_end()
    assert greeting == EARLY, (len(greeting), len(EARLY))
    channel.send(LATE)
    channel.end()
    proxy.wait_idle()
    seen = backend.seen[-1]
    assert seen.error is None and seen.received == LATE, (seen.error, len(seen.received))
    ended_by("backend", proxy)


def ended_by(side, proxy):
    line = proxy.access_lines()[-1]
    # Passthrough sees FINs alone, and a peer may answer a close_notify before its FIN is there.
    assert line["by"] == side or line["scenario"] == "passthrough", line


if __name__ == "__main__":
    main(test)
