"""Between requests a client may be silent for `keep_alive_timeout`, counted anew after each
response; then the connection is closed as it should be, with close_notify under TLS. During a
request it does not count, however long that takes. `Connection: close` and HTTP/1.0 end it at
once."""

import sys

sys.path.append(sys.path[0] + "/..")
import time

from support.http_backend import echo
from support.http_front import WAYS, Front
from support.scenario import main


def respond(request, answer):
    if request.target == "/long":
        time.sleep(3)
        answer.whole(b"long\n")
    elif request.target == "/closes":
        answer.whole(b"closes\n", fields=[("Connection", "close")])
        answer.end()
    else:
        echo(request, answer)


def test(t):
    front = Front(t, respond, settings="limits: {keep_alive_timeout: 2s}\n")
    for way in WAYS:
        with front.client(way) as client:
            for _ in range(4):
                assert client.get().status == 200, way
                time.sleep(0.8)
            assert client.get("/long").body == b"long\n", way
            began = time.monotonic()
            client.ended()
            assert 1.5 < time.monotonic() - began < 6, (way, time.monotonic() - began)

        for fields, minor in (({"Connection": "close"}, 1), ({"Connection": "x, Close"}, 1), ({}, 0)):
            with front.client(way) as client:
                began = time.monotonic()
                assert client.get(fields=fields, minor=minor).status == 200
                client.ended()
                assert time.monotonic() - began < 1, (way, fields, minor)
        with front.client(way) as client:
            for _ in range(3):
                response = client.get(fields={"Connection": "keep-alive"}, minor=0)
                assert response.status == 200
                assert "keep-alive" in response.fields.members("Connection"), (way, response)
        with front.client(way) as client:
            # That its backend closes is no reason to close the client.
            for _ in range(3):
                assert client.get("/closes").body == b"closes\n", way


if __name__ == "__main__":
    main(test)
