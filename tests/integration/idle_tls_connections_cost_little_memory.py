"""What a connection holds of the proxy's heap while it waits for its next request, in HTTP/1.1 and
HTTP/2 under TLS 1.3: much less than OpenSSL alone would. Counted in bytes that are in use, as the
difference between many connections and a few, so that what is made for all of them is left out."""

import sys

sys.path.append(sys.path[0] + "/..")
import time

from support.allocations import Allocations
from support.channel import client_context, connect_tls
from support.h2 import Connection
from support.http import Client
from support.localhost import bench_front
from support.scenario import Skip, main
from support.waiting import eventually

ALONE = True
FEW, MANY = 40, 240
MOST = {"HTTP/1.1": 2 * 1024, "HTTP/2": 40 * 1024}


def test(t):
    if t.sanitizer:
        raise Skip("a sanitizer has allocations of its own")
    counter = Allocations(t.folder)
    front = bench_front(t, env=counter.environment)
    port = front.ports["offload"]
    tls = client_context(t.authority, version="1.3")
    for version, open_one in (("HTTP/1.1", first), ("HTTP/2", second)):
        held = []
        bytes_held = []
        for count in (FEW, MANY):
            while len(held) < count:
                held.append(open_one(t, port, tls))
            bytes_held.append(settled(counter))
        each = (bytes_held[1] - bytes_held[0]) / (MANY - FEW)
        print(f"{version}: {each:.0f} bytes for each idle connection")
        assert 0 < each <= MOST[version], (version, each)
        for one in held:
            one.close()


def first(t, port, tls):
    client = Client(connect_tls(port, "localhost", t.authority, context=tls), "localhost")
    t.keep(client.channel.socket)
    client.request(target="/1k")
    assert client.response().status == 200
    return client.channel.socket


def second(t, port, tls):
    connection = Connection(port, "localhost", tls)
    t.keep(connection.socket)
    connection.send(connection.headers(1, connection.fields(path="/1k")))
    assert connection.status() == 200 and len(connection.body()) == 1024
    return connection


def settled(counter):
    """Once it has been the same for longer than pools take to be emptied."""
    last = [counter.bytes(), time.monotonic()]

    def quiet():
        now = counter.bytes()
        if now != last[0]:
            last[:] = now, time.monotonic()
        return time.monotonic() - last[1] > 1.5
    eventually("nothing is allocated or freed any more", quiet, 30)
    return last[0]


if __name__ == "__main__":
    main(test)
