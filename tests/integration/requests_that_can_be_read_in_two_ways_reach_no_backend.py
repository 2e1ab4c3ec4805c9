"""The refusal table, row by row: answered with its status, exactly once, and the connection closed;
the backend hears nothing of it, or, where only the body is at fault, never a whole request. It is
the same when each byte comes by itself, and when a good request stands before it. The valid
neighbour of each row is served."""

import sys

sys.path.append(sys.path[0] + "/..")
import zlib

from support.channel import Cut
from support.http import Client, Ended, Malformed, head
from support.http_backend import WebBackend
from support.http_refusals import HOST, requests, ways_to
from support.scenario import main

TIMEOUT = 240
FIRST = head("GET /first HTTP/1.1", [("Host", HOST)])
# Good messages, which are refused all the same: by the rules for paths, or as another protocol.
NOT_SERVED = {b"GET /%00 HTTP/1.1": 400}


def test(t):
    rows = requests()
    assert len(rows) > 100
    backends = {"plain": t.keep(WebBackend()), "reencrypt": t.keep(WebBackend(tls=t.backend_tls()))}
    backends["offload"] = backends["plain"]
    _, ports = ways_to(t, backends["plain"], backends["reencrypt"])
    faults = []
    # What was refused for its body may reach its backend later than its client is answered: those
    # rows come last, so that nothing of them is taken for another row's.
    for row in sorted(rows, key=lambda r: r.in_body):
        for way, port in ports.items():
            # Sanitizers take their time, and the parser is the same everywhere.
            if t.sanitizer and way != "plain" and zlib.crc32(row.name.encode()) % 4:
                continue
            for how in (whole, in_bytes, pipelined, valid):
                channel = t.connect(port, None if way == "plain" else HOST, timeout=8)
                try:
                    with Client(channel, HOST) as client:
                        how(client, row, backends[way])
                except (AssertionError, Ended, Cut, TimeoutError) as error:
                    faults.append(f"{way}, {how.__name__}, {row}\n    {error!r}")
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults[:40])


def whole(client, row, backend):
    before = len(backend.received()), len(backend.requests)
    send(client, row.refused)
    refused(client, row, backend, before)


def in_bytes(client, row, backend):
    before = len(backend.received()), len(backend.requests)
    try:
        client.send_in_pieces(row.refused)
    except Cut:
        pass
    refused(client, row, backend, before)


def pipelined(client, row, backend):
    before = len(backend.received()), len(backend.requests)
    send(client, FIRST + row.refused)
    response = client.response()
    assert response.status == 200, response
    first, = (r for r in backend.requests[before[1]:] if r.target == "/first")
    refused(client, row, backend, (before[0] + len(first.head), before[1]))


def send(client, data):
    try:
        client.send(data)
    except Cut:
        pass


def refused(client, row, backend, before):
    method = row.refused.split(b" ")[0].decode("latin-1")
    response = client.response(method)
    assert response.status == row.status, f"{response.status} instead of {row.status}"
    assert response.fields.members("Connection") == ["close"], response
    client.ended()
    received, requests_before = before
    if row.in_body:
        whole_ones = [r for r in backend.requests[requests_before:]
                      if r.complete and r.target != "/first"]
        assert not whole_ones, whole_ones
    else:
        assert len(backend.received()) == received, backend.received()[received:]


def valid(client, row, _):
    if any(row.valid.startswith(start) for start in NOT_SERVED):
        return
    client.send(row.valid)
    method = row.valid.lstrip(b"\r\n").split(b" ")[0].decode()
    response = client.response(method)
    # On the https listeners only one host has a site.
    if response.status not in (200, 101, 404, 421):
        raise Malformed(f"the valid neighbour {row.valid!r} got {response}")


if __name__ == "__main__":
    main(test)
