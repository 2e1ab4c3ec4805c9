"""A client, and a backend, that ask for new keys (KeyUpdate, RFC 8446 section 4.6.3) several times
within a connection: what is said after it is understood on both sides."""

import sys

sys.path.append(sys.path[0] + "/..")
import subprocess

from support.ports import free_port
from support.scenario import main, tls_listener
from support.waiting import eventually

ROUNDS = 3


def echo(channel, _):
    while data := channel.recv():
        channel.send(data)
    channel.end()


class Openssl:
    """One of OpenSSL's own programs, which takes K and a line to send from its input."""

    def __init__(self, t, *command):
        self.said = t.folder / command[0]
        with open(self.said, "wb") as out:  # not a pipe: it would have to be read to go on
            self.process = subprocess.Popen(["openssl", *map(str, command)], stdin=subprocess.PIPE,
                                            stdout=out, stderr=subprocess.STDOUT)

    def type(self, line):
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def says(self, what, times=1):
        eventually(f"{self.said.name} says {what}",
                   lambda: self.said.read_bytes().count(what) == times, 30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def test(t):
    secret = t.authority.issue("backend.test")
    server_port, port = free_port(), t.port()
    t.sallyport(tls_listener(port) +
                t.three_sites(t.backend(echo).address, f"127.0.0.1:{server_port}"))

    with Openssl(t, "s_client", "-tls1_3", "-connect", f"127.0.0.1:{port}", "-servername",
                 "offload.test", "-CAfile", t.authority.file, "-msg") as client:
        for number in range(ROUNDS):
            client.type(b"K\n")
            # Else it takes the line for more of K.
            client.says(b">>> TLS 1.3, Handshake [length 0005], KeyUpdate", number + 1)
            client.type(b"line %d\n" % number)
            client.says(b"line %d\n" % number)
            client.says(b"<<< TLS 1.3, Handshake [length 0005], KeyUpdate", number + 1)

    with Openssl(t, "s_server", "-tls1_3", "-accept", f"127.0.0.1:{server_port}", "-cert",
                 secret / "tls.crt", "-key", secret / "tls.key", "-msg") as server:
        server.says(b"ACCEPT")
        channel = t.connect(port, "reencrypt.test")
        channel.send(b"hello\n")
        server.says(b"hello\n")
        for number in range(ROUNDS):
            server.type(b"K\n")
            server.says(b">>> TLS 1.3, Handshake [length 0005], KeyUpdate", number + 1)
            server.type(b"from the backend %d\n" % number)
            assert channel.recv_exactly(19) == b"from the backend %d\n" % number
            channel.send(b"to the backend %d\n" % number)
            server.says(b"to the backend %d\n" % number)
            # Its own new keys, which it owes before the next data.
            server.says(b"<<< TLS 1.3, Handshake [length 0005], KeyUpdate", number + 1)


if __name__ == "__main__":
    main(test)
