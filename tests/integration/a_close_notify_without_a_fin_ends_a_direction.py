"""TLS can end a direction while TCP stays open: close_notify and no FIN. Where TLS ends at the
proxy, that is the end of the client's direction, and the backend must hear of it at once."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.scenario import main, tls_listener


def answers_after_the_end(channel, seen):
    while channel.recv():
        pass
    channel.send(b"heard you out")
    channel.end()


def test(t):
    plain = t.backend(answers_after_the_end)
    tls = t.backend(answers_after_the_end, tls=t.backend_tls())
    port = t.port()
    t.sallyport(tls_listener(port) + t.three_sites(plain.address, tls.address))
    for scenario in ("offload", "reencrypt"):
        channel = t.connect(port, f"{scenario}.test")
        channel.send(b"that is all")
        channel.end(fin=False)
        assert channel.recv_to_end() == b"heard you out", scenario


if __name__ == "__main__":
    main(test)
