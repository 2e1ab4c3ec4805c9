"""OpenSSL's own client and server, which half of the world debugs TLS with: the client ends its
input, the server answers every line reversed (`s_server -rev`)."""

import sys

sys.path.append(sys.path[0] + "/..")
import subprocess

from support.ports import free_port
from support.scenario import SCENARIOS, main, tls_listener


def reverse_lines(channel, _):
    line = b""
    while data := channel.recv():
        line += data
        while b"\n" in line:
            whole, _, line = line.partition(b"\n")
            channel.send(whole[::-1] + b"\n")
    channel.end()


def test(t):
    secret = t.authority.issue("backend.test", dns=("backend.test", "passthrough.test"))
    server_port = free_port()
    server = t.process(["openssl", "s_server", "-accept", f"127.0.0.1:{server_port}", "-rev",
                        "-naccept", "100", "-cert", secret / "tls.crt", "-key", secret / "tls.key"],
                       name="s_server")
    server.wait_for_output("ACCEPT")
    plain = t.backend(reverse_lines)
    port = t.port()
    t.sallyport(tls_listener(port) + t.three_sites(plain.address, f"127.0.0.1:{server_port}"))
    for scenario in SCENARIOS:
        for version in ("-tls1_2", "-tls1_3"):
            client = subprocess.Popen(
                ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-quiet", version,
                 "-servername", f"{scenario}.test", "-verify_hostname", f"{scenario}.test",
                 "-verify_return_error", "-CAfile", str(t.authority.file)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            try:
                client.stdin.write(b"sallyport\n")
                client.stdin.flush()
                answer = client.stdout.readline()
                assert answer == b"tropyllas\n", (scenario, version, answer, client.stderr.read())
            finally:
                client.kill()
                client.communicate()


if __name__ == "__main__":
    main(test)
