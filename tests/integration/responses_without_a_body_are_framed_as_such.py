"""HEAD, 204 and 304 have no body whatever their fields say: the next response on the connection
follows at once, on both sides, and fields that would promise a body are passed on only where they
may stand."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.http import head
from support.http_backend import echo
from support.http_front import WAYS, Front
from support.scenario import main


def respond(request, answer):
    if request.target == "/304":
        answer.send(head("HTTP/1.1 304 Not Modified", [("Content-Length", "12345"),
                                                       ("ETag", '"x"')]))
    elif request.target == "/204":
        answer.send(head("HTTP/1.1 204 No Content", [("X-Empty", "yes")]))
    elif request.target == "/empty":
        answer.whole(b"")
    elif request.target == "/empty-chunked":
        answer.in_chunks()
    else:
        echo(request, answer)


def test(t):
    front = Front(t, respond)
    for way in WAYS:
        with front.client(way) as client:
            for _ in range(3):
                response = client.get("/bytes/12345", method="HEAD")
                assert response["Content-Length"] == "12345" and not response.body, (way, response)
                response = client.get("/chunked/12345", method="HEAD")
                assert response.status == 200 and not response.body, (way, response)
                assert response["Content-Length"] is None, (way, response)
                response = client.get("/204")
                assert response.status == 204 and response["X-Empty"] == "yes", (way, response)
                response = client.get("/304")
                assert response.status == 304 and response["ETag"] == '"x"', (way, response)
                assert response["Content-Length"] in (None, "12345"), (way, response)
                for target in ("/empty", "/empty-chunked"):
                    response = client.get(target)
                    assert response.status == 200 and response.body == b"", (way, response)
                assert len(client.get("/bytes/777").body) == 777, way
        with front.client(way) as client:
            # The same for a client that would wait for the end of the connection.
            response = client.get("/bytes/12345", method="HEAD", minor=0)
            assert response.status == 200 and not response.body, (way, response)
            client.ended()
    for backend in (front.plain, front.tls):
        assert len(backend.seen) == 1, f"{len(backend.seen)} connections for one after the other"


if __name__ == "__main__":
    main(test)
