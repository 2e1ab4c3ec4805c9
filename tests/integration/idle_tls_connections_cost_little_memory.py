"""What a connection holds of the proxy's memory while it waits for its next request, in HTTP/1.1 and
HTTP/2 under TLS 1.3, of clients that have shown a certificate, too: much less than OpenSSL alone
would. Counted in bytes of the heap that are in use, and in pages that are resident, as the
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
# A session of nghttp2 has 16 KiB for its frames, of which one page or two are touched.
MOST = {"HTTP/1.1": 2 * 1024, "HTTP/2": 32 * 1024}
MOST_RESIDENT = {"HTTP/1.1": 8 * 1024, "HTTP/2": 24 * 1024}
MOST_SHOWN = 2 * 1024  # of a client's certificate


def test(t):
    if t.sanitizer:
        raise Skip("a sanitizer has allocations of its own")
    shown = t.authority.issue("a client", dns=("client.test",), client=True)
    for certificate, keys in ((None, ""), (shown, ", client_auth: {secret: authority}")):
        counter = Allocations(t.folder)
        name = "asking" if certificate else "not-asking"
        front = bench_front(t, name=name, site_keys=keys, env=counter.environment)
        tls = client_context(t.authority, version="1.3", certificate=certificate)
        more = MOST_SHOWN if certificate else 0
        # What a certificate adds is the same in both versions.
        versions = (("HTTP/1.1", first),) if certificate else (("HTTP/1.1", first), ("HTTP/2", second))
        for version, open_one in versions:
            held, in_use, resident = [], [], []
            for count in (FEW, MANY):
                while len(held) < count:
                    held.append(open_one(t, front.ports["offload"], tls))
                in_use.append(settled(counter))
                resident.append(front.proxy.process.resident_bytes())
            each = (in_use[1] - in_use[0]) / (MANY - FEW)
            pages = (resident[1] - resident[0]) / (MANY - FEW)
            print(f"{name}, {version}: {each:.0f} bytes for each idle connection, {pages:.0f} resident")
            assert 0 < each <= MOST[version] + more, (name, version, each)
            assert pages <= MOST_RESIDENT[version] + more, (name, version, pages)
            for one in held:
                one.close()
        front.proxy.stop()


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
