"""Fields behind a chunked body: a request's reach the backend; a response's reach the client that
said `TE: trailers`, and nobody else. `TE` itself goes no further than the proxy, which says for
itself what it takes."""

import sys

sys.path.append(sys.path[0] + "/..")
import json

from support.http import chunked, head
from support.http_backend import echo
from support.http_front import WAYS, Front, values
from support.scenario import main


def respond(request, answer):
    if request.target == "/sum":
        answer.in_chunks(b"some ", b"body", fields=[("Trailer", "X-Sum")],
                         trailers=[("X-Sum", "4711"), ("X-More", "a b")])
    else:
        echo(request, answer)


def test(t):
    front = Front(t, respond)
    for way in WAYS:
        with front.client(way) as client:
            client.send(head("POST /up HTTP/1.1", [
                ("Host", f"{way}.test"), ("Transfer-Encoding", "chunked"), ("Trailer", "X-Sum")]) +
                chunked(b"one", b"two", trailers=[("X-Sum", "42"), ("X-Other", "x")]))
            response = client.response()
            told = json.loads(response.body)
            assert told["body"] == "onetwo", (way, told)
            assert told["trailers"] == [["X-Sum", "42"], ["X-Other", "x"]], (way, told)

            response = client.get("/sum", {"TE": "trailers", "Connection": "TE"})
            assert response.body == b"some body", (way, response)
            assert response.trailers == [("X-Sum", "4711"), ("X-More", "a b")], \
                (way, response.trailers)
            response = client.get("/sum")
            assert response.body == b"some body" and not response.trailers, \
                (way, response.trailers)
            told = json.loads(client.get("/", {"TE": "gzip;q=1, trailers",
                                               "Connection": "TE"}).body)
            told["fields"] = [(n.lower(), v) for n, v in told["fields"]]
            assert values(told, "TE") in ([], ["trailers"]), (way, told)
        with front.client(way) as client:
            response = client.get("/sum", {"TE": "trailers"}, minor=0)
            assert response.body == b"some body" and not response.trailers, (way, response)
            client.ended()


if __name__ == "__main__":
    main(test)
