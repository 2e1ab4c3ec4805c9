"""Backends: a thread for each connection, or a process of its own where a test must kill it."""

import http.server
import multiprocessing
import socket
import ssl
import threading

from . import proxy_header
from .channel import Channel, Cut, TlsChannel


class Seen:
    """What a backend knows of one connection."""

    def __init__(self, peer):
        self.peer = peer
        self.proxy = None  # the PROXY header
        self.sni = None
        self.alpn = None
        self.resumed = False
        self.client_name = None  # common name of the certificate that we were shown
        self.received = bytearray()  # what the handler chose to note
        self.error = None
        self.over = False


def echo(channel, seen):
    """Sends back what comes; ends when the peer ends."""
    while data := channel.recv():
        seen.received += data
        channel.send(data)
    channel.end()


def named(name):
    """Says its name and a newline, then echoes."""
    def handler(channel, seen):
        channel.send(name.encode() + b"\n")
        echo(channel, seen)
    return handler


def collect(channel, seen):
    """Notes what comes until the end, and ends."""
    while data := channel.recv():
        seen.received += data
    channel.end()


def silent(channel, seen):
    """Notes what comes, says nothing, and stays until the peer ends."""
    while data := channel.recv():
        seen.received += data


class Backend:
    """Listens from construction on. `tls` is a server context; `proxy` expects a PROXY header."""

    def __init__(self, handler=echo, tls=None, proxy=False, host="127.0.0.1", port=0):
        self._handler, self._tls, self._proxy = handler, tls, proxy
        self._listener = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024)
        self.port = self._listener.getsockname()[1]
        self.address = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self.seen = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        """Stops listening; connections go on."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept()
        except OSError:
            pass
        self._listener.close()

    def _accept(self):
        while True:
            try:
                sock, peer = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock, peer), daemon=True).start()

    def _serve(self, sock, peer):
        seen = Seen(peer)
        self.seen.append(seen)
        try:
            sock.settimeout(30)
            if self._proxy:
                seen.proxy = proxy_header.read(sock)
            if self._tls:
                channel = TlsChannel(sock, self._tls, server_side=True, timeout=60, seen=seen)
                seen.alpn = channel.tls.selected_alpn_protocol()
                seen.resumed = channel.tls.session_reused
                if channel.tls.getpeercert():
                    seen.client_name = channel.peer_name()
            else:
                channel = Channel(sock, timeout=60)
            self._handler(channel, seen)
        except (Cut, OSError, ssl.SSLError, AssertionError) as error:
            seen.error = error
        finally:
            sock.close()
            seen.over = True


class BackendProcess:
    """The same in a process that can be killed; what it saw stays there."""

    def __init__(self, handler, tls=None, proxy=False):
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()

        def body():
            theirs.send(Backend(handler, tls, proxy).port)
            threading.Event().wait()

        self._process = context.Process(target=body, daemon=True)
        self._process.start()
        self.port = ours.recv()
        self.address = f"127.0.0.1:{self.port}"

    def kill(self):
        """kill -9."""
        self._process.kill()
        self._process.join()

    close = kill


class HttpBackend:
    """Answers GET with its name and the path, and POST with what was posted."""

    def __init__(self, name, tls=None):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self._answer(f"{name} {self.path}\n".encode())

            def do_POST(self):
                self._answer(self.rfile.read(int(self.headers["Content-Length"])))

            def _answer(self, body):
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address):
                pass  # a client that leaves is no fault of the backend

        self._server = Server(("127.0.0.1", 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True,
                                                  do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
