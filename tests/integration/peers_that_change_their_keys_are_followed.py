"""A client, and a backend, that ask for new keys (KeyUpdate, RFC 8446 section 4.6.3) several times
within a connection: what is said after it is understood on both sides."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.openssl_program import OpensslProgram
from support.ports import free_port
from support.scenario import main, tls_listener

ROUNDS = 3


def echo(channel, _):
    while data := channel.recv():
        channel.send(data)
    channel.end()


def test(t):
    secret = t.authority.issue("backend.test")
    server_port, port = free_port(), t.port()
    t.sallyport(tls_listener(port) +
                t.three_sites(t.backend(echo).address, f"127.0.0.1:{server_port}"))

    with OpensslProgram(t, "s_client", "-connect", f"127.0.0.1:{port}", "-servername",
                        "offload.test", "-CAfile", t.authority.file) as client:
        for number in range(ROUNDS):
            client.type(b"K\n")
            # Else it takes the line for more of K.
            client.says(b">>> TLS 1.3, Handshake [length 0005], KeyUpdate", number + 1)
            client.type(b"line %d\n" % number)
            client.says(b"line %d\n" % number)
            client.says(b"<<< TLS 1.3, Handshake [length 0005], KeyUpdate", number + 1)

    with OpensslProgram(t, "s_server", "-accept", f"127.0.0.1:{server_port}", "-cert",
                        secret / "tls.crt", "-key", secret / "tls.key") as server:
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
