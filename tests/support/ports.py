"""Ports that nobody else has, by bind(0)."""

import socket


_given = set()


def free_port(host="127.0.0.1"):
    """A port that was free a moment ago, for programs that cannot share it with a reservation.
    Never the same one twice: the kernel may name one again that nobody listens at yet."""
    while True:
        with _bound(host, False) as s:
            port = s.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port


class Reservation:
    """Holds a port for a program that binds with SO_REUSEPORT.

    The holder is bound but never listens: the kernel gives the port to nobody else, and every
    connection to the one who listens beside it (or refuses it, while nobody does).
    """

    def __init__(self, host="127.0.0.1"):
        self._socket = _bound(host, True)
        self.port = self._socket.getsockname()[1]

    def close(self):
        self._socket.close()


def _bound(host, share):
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    if share:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind((host, 0))
    return s
