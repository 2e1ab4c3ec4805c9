"""Pipelining: a client writes five hundred requests without waiting for an answer, some with
bodies, in one segment or in segments that end anywhere. The answers come in the order of the
requests, each its own, and the connection is good for more."""

import sys

sys.path.append(sys.path[0] + "/..")
import json
import random
import threading

from support.http import head
from support.http_front import WAYS, Front
from support.scenario import main

TIMEOUT = 120
COUNT = 500


def test(t):
    front = Front(t)
    for way in WAYS:
        for most in (None, 1400, 7):
            count = COUNT if most != 7 else 50
            with front.client(way) as client:
                requests = [request(way, i) for i in range(count)]
                sender = threading.Thread(target=send, args=(client, b"".join(requests), most))
                # TLS channels belong to one thread at a time: there the answers are read after.
                sender.start()
                if way != "plain":
                    sender.join()
                for i in range(count):
                    response = client.response("HEAD" if i % 5 == 3 else "GET")
                    check(response, i, (way, most, i))
                sender.join()
                assert client.get("/last").status == 200
    for backend in (front.plain, front.tls):
        assert backend.open() <= 2, backend.open()


def request(way, i):
    host = ("Host", f"{way}.test")
    if i % 5 == 1:
        body = b"%d!" % i * (i % 50)
        return head(f"POST /post/{i} HTTP/1.1", [host, ("Content-Length", len(body))]) + body
    if i % 5 == 2:
        return head(f"PUT /put/{i} HTTP/1.1", [host, ("Transfer-Encoding", "chunked")]) + \
            b"3\r\nabc\r\n5\r\ndefgh\r\n0\r\n\r\n"
    if i % 5 == 3:
        return head(f"HEAD /head/{i} HTTP/1.1", [host])
    if i % 5 == 4:
        return head(f"GET /chunked/{i} HTTP/1.1", [host])
    return head(f"GET /get/{i} HTTP/1.1", [host])


def send(client, data, most):
    if most is None:
        client.send(data)
        return
    rest, sizes = memoryview(data), random.Random(most)
    while rest:
        size = sizes.randint(1, most)
        client.send(rest[:size])
        rest = rest[size:]


def check(response, i, where):
    assert response.status == 200, (where, response)
    if i % 5 == 3:
        assert response.body == b"", (where, response)
    elif i % 5 == 4:
        assert len(response.body) == i, (where, len(response.body))
    else:
        told = json.loads(response.body)
        kind = ("get", "post", "put")[i % 5]
        assert told["target"] == f"/{kind}/{i}", (where, told)
        body = ("", f"{i}!" * (i % 50), "abcdefgh")[i % 5]
        assert told["body"] == body, (where, told)


if __name__ == "__main__":
    main(test)
