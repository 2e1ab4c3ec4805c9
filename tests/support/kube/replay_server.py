"""An API server that has nothing but recordings, and sends them byte for byte.

    ReplayServer(t, {("/apis/networking.k8s.io/v1/ingresses", "list"): ["10-list-ingresses-all"],
                     ("/apis/networking.k8s.io/v1/ingresses", "watch"): ["30-…", IDLE]})

Each request for a path takes the next of its list, and the last for ever. `borders` is "recorded",
or "random": the same bytes under other borders of chunks and of writes. `compressed` sends bodies
with gzip to those who take it.
"""

import gzip
import random
import threading
import time

from .http_connection import Gone
from .listening import TlsServer
from .recordings import Recording

IDLE = "idle"  # a watch in which nothing ever happens
_EMPTY = "36-watch-idle-3s"


class ReplayServer(TlsServer):
    def __init__(self, t, script, borders="recorded", compressed=False, seed=1):
        self._script = {key: list(names) for key, names in script.items()}
        self._borders, self._compressed = borders, compressed
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.requests = []  # (path, verb, query, headers)
        self.authority = t.authority
        super().__init__(t.authority.issue("kube", dns=("kubernetes",), ip=("127.0.0.1",)),
                         self._converse, t.authority.file)

    def _converse(self, connection):
        while True:
            request = connection.read_request()
            verb = "watch" if request.asks("watch") else "list"
            if request.asks("sendInitialEvents"):
                verb = "watchlist"
            name = self._next(request, verb)
            if name == IDLE:
                connection.write(Recording(_EMPTY).head)
                connection.read_request()  # returns when the client has gone
                raise Gone(name)
            self._send(connection, request, Recording(name))

    def _next(self, request, verb):
        with self._lock:
            self.requests.append((request.path, verb, request.query, request.headers))
            names = self._script.get((request.path, verb))
            if not names:
                return _otherwise(verb)
            return names.pop(0) if len(names) > 1 else names[0]

    def _send(self, connection, request, recording):
        body, head = recording.body, recording.head
        packed = (self._compressed and body and
                  "gzip" in request.headers.get("accept-encoding", "") and
                  b"Content-Encoding" not in head)
        if not packed and self._borders == "recorded":
            if recording.complete:
                return connection.write(recording.head + recording.raw_body)
            connection.write(recording.head + recording.raw_body)
            raise Gone("as recorded")
        if packed:
            body = gzip.compress(body)
            head = head.replace(b"Content-Type:", b"Content-Encoding: gzip\r\nContent-Type:")
            head = head.replace(b"Content-Length: %d" % len(recording.body),
                                b"Content-Length: %d" % len(body))
        connection.write(head)
        for piece in self._pieces(body):
            if recording.chunks is None:
                connection.write(piece)
            else:
                self._write_in_pieces(connection, b"%x\r\n%s\r\n" % (len(piece), piece))
        if recording.chunks is not None and recording.complete:
            connection.write(b"0\r\n\r\n")
        if not recording.complete:
            raise Gone("as recorded")

    def _pieces(self, body):
        place = 0
        while place < len(body):
            size = self._random.choice((1, 2, 3, 7, 64, 500, 1500))
            yield body[place:place + size]
            place += size

    def _write_in_pieces(self, connection, data):
        """The framing itself is cut, too: a size, its line end, a chunk's end."""
        if self._random.random() < 0.1:
            cut = self._random.randint(1, len(data) - 1)
            connection.write(data[:cut])
            time.sleep(0.001)  # so that it leaves by itself
            data = data[cut:]
        connection.write(data)


def _otherwise(verb):
    """For what the script does not mention: streaming lists are not offered, lists are those of a
    missing group, watches are silent."""
    return {"watchlist": "38-watchlist-without-match-422", "list": "02-gateway-list-missing-404",
            "watch": IDLE}[verb]
