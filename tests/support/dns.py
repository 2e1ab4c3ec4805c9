"""A name server for a test: answers A questions from a table, or badly, or not at all."""

import socket
import struct
import threading

_A, _IN = 1, 1
_ANSWER, _SERVFAIL, _NXDOMAIN = 0x8580, 2, 3


class DnsServer:
    def __init__(self, table, ttl):
        self._table, self._ttl, self._mode = table, ttl, "answer"
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def answer(self, table):
        self._table, self._mode = table, "answer"

    def fail(self):
        """SERVFAIL to everything."""
        self._mode = "fail"

    def fall_silent(self):
        self._mode = "silent"

    def close(self):
        self._socket.close()

    def _serve(self):
        while True:
            try:
                question, peer = self._socket.recvfrom(4096)
            except OSError:
                return
            if self._mode != "silent":
                self._socket.sendto(self._reply(question), peer)

    def _reply(self, packet):
        end = packet.index(0, 12) + 5  # the name, its final zero, type and class
        question = packet[12:end]
        kind, _ = struct.unpack("!HH", question[-4:])
        addresses = self._table.get(_name(question))
        if self._mode == "fail":
            code, answers = _SERVFAIL, []
        elif addresses is None:
            code, answers = _NXDOMAIN, []
        else:
            code, answers = 0, addresses if kind == _A else []
        records = b"".join(
            struct.pack("!HHHIH", 0xC00C, _A, _IN, self._ttl, 4) + socket.inet_aton(a)
            for a in answers)
        return (packet[:2] + struct.pack("!HHHHH", _ANSWER | code, 1, len(answers), 0, 0) +
                question + records)


def _name(question):
    labels, at = [], 0
    while question[at]:
        labels.append(question[at + 1:at + 1 + question[at]].decode().lower())
        at += 1 + question[at]
    return ".".join(labels)
