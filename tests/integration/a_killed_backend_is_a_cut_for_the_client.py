"""kill -9 of a backend in the middle of a transfer. What the client has is not the whole, and it
must be able to tell: a reset, or TLS that ends without close_notify, never a clean end. The
kernel resets the backend's connection because bytes for it are still unread; in `reencrypt` a
backend that had read everything leaves with a bare FIN, which under TLS is a cut as well."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.channel import Cut
from support.scenario import SCENARIOS, main, tls_listener
from support.waiting import eventually


def endless(channel, _):
    """Reads a little, then sends for ever, so that the client's later bytes stay unread."""
    channel.recv(1)
    while True:
        channel.send(b"more " * 10000)


def endless_reader(channel, _):
    """Sends one piece, and from then on reads all: when it is killed, nothing is unread."""
    channel.recv(1)
    channel.send(b"a piece")
    while channel.recv():
        pass


def test(t):
    for scenario in SCENARIOS:
        outcome = cut(t, scenario, endless, b"x" * 100_000)
        print(scenario, "in the middle of both directions:", outcome)
    for scenario in ("passthrough", "reencrypt"):
        outcome = cut(t, scenario, endless_reader, b"")
        print(scenario, "with nothing unread:", outcome)


def cut(t, scenario, handler, unread):
    tls = t.backend_tls() if scenario != "offload" else None
    backend = t.backend_process(handler, tls=tls)
    port = t.port()
    body = tls_listener(port) + t.three_sites(backend.address, backend.address)
    proxy = t.sallyport(body, name=f"{scenario}-{handler.__name__}")
    channel = t.connect(port, f"{scenario}.test")
    channel.send(b"1")
    channel.recv_exactly(7)
    if unread:
        channel.send(unread)
        eventually("the proxy has passed some of it on",
                   lambda: proxy.admin("/api/v1/connections")["connections"][0]
                   ["bytes_from_client"] > 1)
    backend.kill()
    try:
        left = channel.recv_to_end()
    except Cut as error:
        if handler is endless:
            line = proxy.access_line(scenario=scenario)
            assert line["reason"] == "backend_reset" and line["by"] == "backend", line
        proxy.stop()
        return repr(error)
    raise AssertionError(f"{scenario}: a clean end after {len(left)} more bytes")


if __name__ == "__main__":
    main(test)
