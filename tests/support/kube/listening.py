"""A TLS server of threads that can be stopped, started again at its port, and change its
certificate while it runs."""

import socket
import ssl
import threading

from ..ports import Reservation
from .http_connection import Connection, Gone


class TlsServer:
    """Calls `converse(connection)` in a thread of its own for each connection accepted."""

    def __init__(self, secret, converse, client_authority=None):
        self._converse = converse
        self._client_authority = client_authority
        self._reservation = Reservation()
        self.port = self._reservation.port
        self._lock = threading.Lock()
        self._open = set()
        self._listener = None
        self.accepted = 0
        self.use(secret)
        self.start()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def use(self, secret, client_authority=None):
        """The certificate for connections from now on; and whose clients are taken, if another."""
        self._client_authority = client_authority or self._client_authority
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(secret / "tls.crt", secret / "tls.key")
        if self._client_authority:
            context.verify_mode = ssl.CERT_OPTIONAL
            context.load_verify_locations(self._client_authority)
        self._context = context

    def start(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(512)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def stop(self):
        """As a process that ends: nothing listens, and what is open is closed."""
        listener, self._listener = self._listener, None
        if listener:
            try:
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            except OSError:
                pass
            listener.close()
        self.cut()

    def cut(self):
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            connection.close()

    def close(self):
        self.stop()
        self._reservation.close()

    def _accept(self, listener):
        while True:
            try:
                sock = listener.accept()[0]
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(20)
        try:
            secure = self._context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        except (OSError, ValueError):
            return sock.close()
        try:
            secure.do_handshake()
        except (OSError, ValueError):
            return close_after_alert(secure)
        secure.settimeout(None)
        connection = Connection(secure)
        with self._lock:
            self._open.add(connection)
        try:
            self._converse(connection)
        except Gone:
            pass
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()


def close_after_alert(secure):
    """In TLS 1.3 a client has sent its request before it reads why it is refused: to close with that
    unread would reset the connection, and take the alert away from who has not read it yet."""
    try:
        secure.shutdown(socket.SHUT_WR)
        while secure.recv(65536):
            pass
    except OSError:
        pass
    secure.close()
