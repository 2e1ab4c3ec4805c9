"""100 clients that read 1 KiB a second from a response of 1 GiB, and then 100 more that send a
request's body so slowly: each connection costs the proxy at most 128 KiB of resident memory, in
offload and in reencrypt, though backends would give and take at any speed. None of them is cut,
and other clients are served within a second all the time, on kept and on new connections."""

import sys

sys.path.append(sys.path[0] + "/..")
import multiprocessing
import time

from support.channel import client_context, connect_tls
from support.http import Client, head
from support.localhost import WAYS, bench_front
from support.scenario import main
from support.waiting import eventually

ALONE = True
TIMEOUT = 150
CLIENTS = 100
SECONDS = 8  # of each kind
PIECE = 1024
MOST_PER_CONNECTION = 128 * 1024
LATEST = 1.0


def test(t):
    front = bench_front(t, workers=2)
    for way in WAYS:
        measure(t, front, way)


def measure(t, front, way):
    context = client_context(t.authority)
    others = [t.keep(Others(t, front, way, fresh)) for fresh in (False, True)]
    before = answered(front)
    eventually("others are being served", lambda: answered(front) > before + 40)

    resident = [front.proxy.process.resident_bytes()]
    slow = []
    figures = []
    for kind in (Reader, Writer):
        mine = [kind(t, front.ports[way], context) for _ in range(CLIENTS)]
        slow += mine
        highest = tick_for(front, slow, SECONDS)
        resident.append(highest)
        cost = (resident[-1] - resident[-2]) / CLIENTS
        figures.append(f"{kind.__name__.lower()}s {cost / 1024:.1f} KiB each")
        if not t.sanitizer:
            assert cost <= MOST_PER_CONNECTION, (way, kind, cost / 1024)
    served = [one.result() for one in others]
    assert all(failure is None and latest < LATEST for _, latest, failure in served), (way, served)
    print(f"{way}: {', '.join(figures)}; others waited at most "
          f"{max(latest for _, latest, _ in served) * 1000:.0f} ms, "
          f"{sum(count for count, _, _ in served)} served")

    assert all(s.transferred >= (SECONDS - 2) * PIECE for s in slow), \
        sorted({s.transferred for s in slow})
    metrics = front.proxy.metrics()
    assert metrics.sum("sallyport_http_requests_in_flight") == len(slow), metrics.samples
    for one in slow:
        one.channel.reset()
    eventually("they are gone", lambda: front.proxy.metrics().sum(
        "sallyport_http_requests_in_flight") == 0)
    # What the proxy had let in of each body is what its client had sent: it hoards nothing.
    written = eventually("each has its line in the log", lambda: len(lines := [
        line["request_body_bytes"] for line in
        front.proxy.access_lines(method="POST", scenario=way)]) == CLIENTS and lines)
    assert sorted(written) == sorted(s.transferred for s in slow[CLIENTS:]), (way, written[:5])


def answered(front):
    return front.proxy.metrics().sum("sallyport_http_requests_total", status="2xx")


def tick_for(front, slow, seconds):
    """A piece for each of them once a second; the highest memory seen meanwhile."""
    highest = 0
    begin = time.monotonic()
    for second in range(seconds):
        for one in slow:
            one.tick()
        highest = max(highest, front.proxy.process.resident_bytes())
        time.sleep(max(0.0, begin + second + 1 - time.monotonic()))
    return max(highest, front.proxy.process.resident_bytes())


class Reader:
    """Takes 1 KiB off its socket each time; what it is, is encrypted and no matter here."""

    def __init__(self, t, port, context):
        self.channel = connect_tls(port, "localhost", t.authority, context=context)
        t.keep(self.channel.socket)
        self.channel.send(head("GET /1g HTTP/1.1", [("Host", "localhost")]))
        self.transferred = 0

    def tick(self):
        got = len(self.channel.socket.recv(PIECE))
        assert got, "a slow reader was cut"
        self.transferred += got


class Writer:
    def __init__(self, t, port, context):
        self.channel = connect_tls(port, "localhost", t.authority, context=context)
        t.keep(self.channel.socket)
        self.channel.send(head("POST /up HTTP/1.1", [("Host", "localhost"),
                                                     ("Content-Length", 1024 ** 3)]))
        self.transferred = 0

    def tick(self):
        self.channel.send(b"x" * PIECE)
        self.transferred += PIECE


class Others:
    """Requests without a pause, on one connection or each on a new one, in a process of its own."""

    def __init__(self, t, front, way, fresh):
        context = multiprocessing.get_context("fork")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(
            target=ask, args=(theirs, front.ports[way], t.authority, fresh), daemon=True)
        self._process.start()

    def result(self):
        """Stops; how many were served, the longest that one took, and what went wrong."""
        self._ours.send("enough")
        return self._ours.recv()

    def close(self):
        self._process.kill()
        self._process.join()


def ask(pipe, port, authority, fresh):
    client, served, latest, failure = None, 0, 0.0, None
    try:
        while not pipe.poll(0.02):
            began = time.monotonic()
            client = client or Client(connect_tls(port, "localhost", authority), "localhost")
            response = client.get("/1k")
            assert response.status == 200 and len(response.body) == 1024, response
            latest = max(latest, time.monotonic() - began)
            served += 1
            if fresh:
                client.close()
                client = None
    except Exception as error:
        failure = repr(error)
    pipe.send((served, latest, failure))


if __name__ == "__main__":
    main(test)
