"""`reencrypt` verifies: a backend with another name, of another CA, with an expired certificate,
or without TLS is refused. The client's connection is cut, the reason stands in log and metric,
and the backend never gets one byte of the client's, let alone in the clear."""

import sys

sys.path.append(sys.path[0] + "/..")
import socket
import ssl
import threading

from support import names
from support.channel import Cut, server_context
from support.scenario import main, tls_listener

SECRET_WORDS = b"my secret words"


class PlainRecorder:
    """A backend without TLS: keeps every byte that it gets, and answers like a web server."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        self.received = bytearray()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            try:
                self.received += sock.recv(65536)
                sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                while data := sock.recv(65536):
                    self.received += data
            except OSError:
                pass
            sock.close()

    def close(self):
        self._listener.close()


def test(t):
    other = t.other_authority()
    bad = {
        "another name": (t.authority.issue("elsewhere.test"), "backend_certificate_rejected"),
        "another CA": (other.issue("backend.test"), "backend_certificate_rejected"),
        "expired": (t.authority.issue("backend.test", expired=True),
                    "backend_certificate_rejected"),
        "a client's certificate": (t.authority.issue("backend.test", client=True),
                                   "backend_certificate_rejected"),
    }
    for what, (secret, reason) in bad.items():
        backend = t.backend(tls=server_context(secret))
        check(t, what, backend.address, reason)
        assert not any(s.received for s in backend.seen), what
    recorder = t.keep(PlainRecorder())
    check(t, "no TLS", recorder.address, "backend_handshake_failed")
    assert recorder.received and SECRET_WORDS not in recorder.received, recorder.received


def check(t, what, address, reason):
    port = t.port()
    proxy = t.sallyport(tls_listener(port) + t.three_sites(address, address),
                        name=what.replace(" ", "-"))
    channel = t.connect(port, "reencrypt.test")
    try:
        channel.send(SECRET_WORDS)
        raise AssertionError(f"{what}: a clean end: {channel.recv()!r}")
    except (Cut, ssl.SSLError):
        pass
    line = proxy.access_line(scenario="reencrypt")
    assert line["reason"] == reason and line["by"] == "backend" and line["detail"], (what, line)
    assert line["bytes_from_backend"] == 0, line
    assert proxy.metrics().sum(names.ENDED, scenario="reencrypt", reason=reason) == 1
    print(f"{what}: {line['detail']}")
    proxy.stop()


if __name__ == "__main__":
    main(test)
