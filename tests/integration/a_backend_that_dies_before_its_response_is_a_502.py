"""As long as the client has seen nothing, a backend's failure is a page with 502: it ends, is cut or
resets without a byte, or within the head. The client's connection stays good where its request was
read to its end."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.http import head
from support.http_backend import echo
from support.http_front import WAYS, Front
from support.scenario import main

BEGINNINGS = {"nothing": b"", "a-byte": b"H", "half-a-head": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
              "only-interim": b"HTTP/1.1 100 Continue\r\n\r\n"}


def respond(request, answer):
    parts = request.target.strip("/").split("/")
    if parts[0] == "unread":
        answer.refuse_body()
    elif parts[0] == "dies":
        answer.read_body()
    else:
        return echo(request, answer)
    answer.send(BEGINNINGS[parts[1]])
    return {"end": answer.end, "cut": answer.cut, "reset": answer.reset}[parts[2]]()


def test(t):
    front = Front(t, respond)
    for way in WAYS:
        known = len(front.backend(way).requests)
        for beginning in BEGINNINGS:
            for how in ("end", "cut", "reset"):
                for method in ("GET", "POST"):
                    with front.client(way) as client:
                        response = client.get(f"/dies/{beginning}/{how}", method=method,
                                              body=b"x" * 1000 if method == "POST" else None)
                        where = (way, beginning, how, method)
                        assert response.status == 502, (where, response)
                        assert len(response.body) > 10, (where, response)
                        assert client.get("/after").status == 200, where
            asked = [r for r in front.backend(way).requests[known:]
                     if r.method == "POST" and f"/{beginning}/" in r.target]
            assert len(asked) == 3, (way, beginning, "a POST came again")
        while_sending(front, way)


def while_sending(front, way):
    """The backend dies long before the request is over: nobody waits for the rest of it."""
    for how in ("end", "cut", "reset"):
        with front.client(way) as client:
            client.send(head(f"POST /unread/nothing/{how} HTTP/1.1", [
                ("Host", f"{way}.test"), ("Content-Length", 10_000_000_000)]) + bytes(10_000))
            response = client.response()
            assert response.status == 502, (way, how, response)
            client.ended()


if __name__ == "__main__":
    main(test)
