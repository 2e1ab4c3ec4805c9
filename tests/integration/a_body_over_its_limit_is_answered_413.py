"""`body_size`, in the limits and per site: a Content-Length over it is 413 before the backend hears
of the request; a chunked body is 413 as soon as it has grown over it, and never reaches the backend
as a whole. A body of just that size passes."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.channel import Cut
from support.http import chunked, head
from support.http_front import WAYS, Front, account
from support.scenario import main

LIMIT = 10_000


def test(t):
    site = Front(t, site_keys=", body_size: 10000", name="site")
    general = Front(t, settings="limits: {body_size: 10000}\n", name="general")
    raised = Front(t, settings="limits: {body_size: 10}\n", site_keys=", body_size: 10000",
                   name="raised")
    for front in (site, general, raised):
        for way in WAYS:
            for body in (bytes(LIMIT), [bytes(LIMIT // 2)] * 2):
                with front.client(way) as client:
                    told = account(client.get("/fits", method="POST", body=body))
                    assert told["size"] == LIMIT, (way, told)
                    assert client.get("/after").status == 200
            announced(front, way)
            grown(front, way)


def announced(front, way):
    backend = front.backend(way)
    known = len(backend.received())
    for size in (LIMIT + 1, 1 << 40):
        with front.client(way) as client:
            client.send(head("POST /too/large HTTP/1.1", [("Host", f"{way}.test"),
                                                          ("Content-Length", size)]))
            response = client.response()
            assert response.status == 413, (way, response)
            assert response.fields.members("Connection") == ["close"], (way, response)
            client.ended()
        # A client that waits to be asked is told before it has sent anything.
        with front.client(way) as client:
            client.send(head("POST /too/large HTTP/1.1", [
                ("Host", f"{way}.test"), ("Content-Length", size), ("Expect", "100-continue")]))
            response = client.response()
            assert response.status == 413 and not response.interim, (way, response)
    assert len(backend.received()) == known, "the backend heard of it"
    # It is heard even by a client that sends everything first.
    with front.client(way) as client:
        client.send(head("POST /too/large HTTP/1.1", [("Host", f"{way}.test"),
                                                      ("Content-Length", 200_000)]))
        try:
            client.send(bytes(200_000))
        except Cut:
            pass
        assert client.response().status == 413, way


def grown(front, way):
    backend = front.backend(way)
    with front.client(way) as client:
        client.send(head("POST /too/large HTTP/1.1", [("Host", f"{way}.test"),
                                                      ("Transfer-Encoding", "chunked")]))
        client.send(chunked(bytes(LIMIT))[:-5])
        client.send(chunked(b"x"))
        response = client.response()
        assert response.status == 413, (way, response)
        # All of it was read already, or nobody knows where the next request begins.
        if response.fields.members("Connection") == ["close"]:
            client.ended()
        else:
            assert client.get("/after").status == 200, way
    whole = [r for r in backend.requests if r.target == "/too/large" and len(r.body) > LIMIT]
    assert not whole, (way, whole)


if __name__ == "__main__":
    main(test)
