"""`connections` bounds all clients together. The one too many is closed and counted, those inside
are not touched, and as soon as one leaves, the next is let in. (Every listener counts.)"""

import sys

sys.path.append(sys.path[0] + "/..")
from support import names
from support.channel import Cut
from support.scenario import main, tcp_line, tls_listener
from support.waiting import eventually

LIMIT = 20


def test(t):
    backend = t.backend()
    port, tcp = t.port(), t.port()
    body = (tls_listener(port) + tcp_line(tcp, "plain") +
            t.three_sites(backend.address, backend.address))
    proxy = t.sallyport(body, settings=f"limits: {{connections: {LIMIT}}}\n", workers=2)

    inside = [t.connect(tcp) for _ in range(LIMIT)]
    for channel in inside:
        assert echoes(channel)
    for one_too_many in (tcp, port):
        try:
            assert t.connect(one_too_many).recv() == b""
        except (Cut, ConnectionResetError):
            pass
    for channel in inside:
        assert echoes(channel)
    assert proxy.metrics().sum(names.LIMITS, limit="connections") == 2
    assert proxy.metrics().sum(names.ENDED, reason="over_connections") == 2
    inside.pop().close()
    eventually("there is room again", lambda: echoes(t.connect(tcp)))


def echoes(channel):
    try:
        channel.send(b"still here")
        return channel.recv_exactly(10) == b"still here"
    except Cut:
        return False


if __name__ == "__main__":
    main(test)
