"""The other way round: a client that resets, or whose TLS ends without close_notify, must not
look to the backend like one that has said all it wanted to say: half an upload is not an upload."""

import sys

sys.path.append(sys.path[0] + "/..")
import socket

from support.channel import Cut
from support.scenario import SCENARIOS, main, tls_listener
from support.waiting import eventually


def reads_all(channel, seen):
    while data := channel.recv():
        seen.received += data


def test(t):
    plain = t.backend(reads_all)
    tls = t.backend(reads_all, tls=t.backend_tls())
    port = t.port()
    proxy = t.sallyport(tls_listener(port) + t.three_sites(plain.address, tls.address))
    for scenario in SCENARIOS:
        backend = plain if scenario == "offload" else tls
        for leave in (reset, bare_fin):
            channel = t.connect(port, f"{scenario}.test")
            channel.send(b"half an upload")
            seen = eventually("the backend has it", lambda: next(
                (s for s in backend.seen if s.received == b"half an upload" and not s.over), None))
            leave(channel)
            eventually("the backend is told", lambda: seen.over)
            assert isinstance(seen.error, Cut), (scenario, leave.__name__, seen.error)
    proxy.wait_idle()
    reasons = [(line["scenario"], line["reason"], line["by"]) for line in proxy.access_lines()]
    assert sorted(reasons) == sorted([
        ("offload", "client_reset", "client"), ("offload", "client_truncated", "client"),
        # A passthrough proxy sees no TLS: a bare FIN is an end to it, and a cut to the backend.
        ("passthrough", "client_reset", "client"), ("passthrough", "closed", "client"),
        ("reencrypt", "client_reset", "client"), ("reencrypt", "client_truncated", "client")]), \
        reasons


def reset(channel):
    channel.reset()


def bare_fin(channel):
    channel.socket.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main(test)
