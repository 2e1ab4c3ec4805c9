"""SIGTERM: requests under way get their whole answers, which say `Connection: close`; a client that
is idle between requests is closed, or told with its next answer; tunnels may end by themselves. Then
the program ends with 0, long before its timeout."""

import sys

sys.path.append(sys.path[0] + "/..")
import signal
import threading
import time

from support import names
from support.channel import Cut
from support.http import Ended
from support.http_backend import echo, pattern
from support.http_front import WAYS, Front, account
from support.scenario import main
from support.waiting import eventually

SIZE = 2_000_000
gate = threading.Event()


def respond(request, answer):
    if request.target == "/late":
        answer.read_body()
        assert gate.wait(30)
        answer.start(length=SIZE)
        answer.send(pattern(SIZE))
    else:
        echo(request, answer)


def test(t):
    front = Front(t, respond, settings="drain: {delay: 0s, timeout: 60s}\n", workers=2)
    waiting = [front.client(w) for w in WAYS]
    uploading = [front.client(w) for w in WAYS]
    tunnels = [front.client(w) for w in WAYS]
    idle = [front.client(w) for w in WAYS]
    for client in waiting:
        client.request(target="/late")
    for client in uploading:
        client.request("POST", "/upload", {"Content-Length": "10"})
        client.send(b"12345")
    for client in tunnels:
        assert client.get("/t", {"Connection": "Upgrade", "Upgrade": "x"}).status == 101
    for client in idle:
        assert client.get().status == 200
    eventually("all requests are at their backends", lambda: sum(
        r.target in ("/late", "/upload") for b in (front.plain, front.tls) for r in b.requests) == 6)

    front.proxy.process.signal(signal.SIGTERM)
    began = time.monotonic()
    eventually("it says that it is not ready", lambda: front.proxy.get(names.READYZ)[0] == 503)
    for client in idle:
        try:
            client.ended()
        except Cut:
            pass
    gate.set()
    for client in waiting:
        response = client.response()
        assert response.body == pattern(SIZE), response.status
        assert response.fields.members("Connection") == ["close"], response.fields
        client.ended()
    for client in uploading:
        client.send(b"67890")
        response = client.response()
        assert account(response)["body"] == "1234567890", response.body
        assert response.fields.members("Connection") == ["close"], response.fields
        client.ended()
    for client in tunnels:
        assert front.proxy.process.alive, "the tunnels are open"
        client.send(b"still here")
        assert client.recv_exactly(10) == b"still here"
    for client in tunnels:
        client.end()
        try:
            client.ended()
        except Ended:
            pass
    assert front.proxy.process.wait(10) == 0, front.proxy.process.output
    assert time.monotonic() - began < 20


if __name__ == "__main__":
    main(test)
