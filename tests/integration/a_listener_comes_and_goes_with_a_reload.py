"""A reload may add listeners and take some away. The new one serves at once; a removed one
refuses new connections while those it had accepted go on; one that stays never stops listening.
An address that somebody else holds makes the whole reload fail, and everything stays as it was."""

import sys

sys.path.append(sys.path[0] + "/..")
import socket

from support.scenario import main
from support.waiting import eventually


def test(t):
    backend = t.backend()
    first, second = t.port(), t.port()

    def body(**ports):
        return "listeners:\n" + "".join(
            f'  - {{name: {name}, address: "127.0.0.1:{port}", protocol: tcp, service: echo}}\n'
            for name, port in ports.items()) + f"""\
services:
  - {{name: echo, endpoints: ["{backend.address}"]}}
"""

    proxy = t.sallyport(body(first=first), workers=2)
    held = t.connect(first)
    assert echoes(held)

    assert proxy.reload(body(first=first, second=second)) == "applied"
    assert echoes(t.connect(second)) and echoes(t.connect(first)) and echoes(held)

    assert proxy.reload(body(second=second)) == "applied"
    eventually("the removed listener refuses", lambda: refused(first))
    assert echoes(held), "a connection of a removed listener was cut"
    assert echoes(t.connect(second))

    with socket.create_server(("127.0.0.1", 0)) as taken:
        third = taken.getsockname()[1]
        assert proxy.reload(body(second=second, third=third)) == "refused"
        assert str(third) in proxy.process.output, proxy.process.output
        assert echoes(held) and echoes(t.connect(second))


def echoes(channel):
    channel.send(b"echo")
    return channel.recv_exactly(4) == b"echo"


def refused(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return False
    except ConnectionRefusedError:
        return True


if __name__ == "__main__":
    main(test)
