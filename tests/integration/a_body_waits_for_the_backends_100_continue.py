"""`Expect: 100-continue` is the backend's to answer: the head reaches it before any body, its 100
is passed on, and only then the body comes. A backend that refuses has the client told at once.
Interim responses are for HTTP/1.1 clients alone."""

import sys

sys.path.append(sys.path[0] + "/..")
import json

from support.http import head
from support.http_backend import echo
from support.http_front import WAYS, Front
from support.scenario import main
from support.waiting import eventually

BODY = b"only when asked for"


def respond(request, answer):
    if request.target == "/refused":
        answer.refuse_body()
        answer.whole(b"no, thank you\n", status="403 Forbidden", fields=[("Connection", "close")])
        answer.end()
    elif request.target == "/early-hints":
        answer.send(head("HTTP/1.1 103 Early Hints", [("Link", "</style.css>; rel=preload")]))
        answer.send(head("HTTP/1.1 103 Early Hints", [("Link", "</more.css>; rel=preload")]))
        answer.whole(b"at last\n")
    else:
        echo(request, answer)


def test(t):
    front = Front(t, respond)
    for way in WAYS:
        for framing in (("Content-Length", str(len(BODY))), ("Transfer-Encoding", "chunked")):
            with front.client(way) as client:
                asks_first(client, front.backend(way), way, framing)
        is_refused(front, way)
        hints(front, way)
        an_old_client_is_not_told(front, way)


def asks_first(client, backend, way, framing):
    known = len(backend.requests)
    client.send(head("POST /asks HTTP/1.1", [("Host", f"{way}.test"), framing,
                                             ("Expect", "100-continue")]))
    interim = client.reader.response()
    assert interim.status == 100, (way, interim)
    assert len(backend.requests) == known + 1, way
    assert not backend.requests[-1].body, "a body that nobody had asked for"
    chunked = framing[1] == "chunked"
    client.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY) if chunked else BODY)
    response = client.response()
    assert response.status == 200 and not response.interim, (way, response)
    assert json.loads(response.body)["body"] == BODY.decode(), (way, response)
    assert client.get("/again").status == 200, way


def is_refused(front, way):
    with front.client(way) as client:
        client.request("POST", "/refused", {"Expect": "100-continue", "Content-Length": "1000000"})
        response = client.response()
        assert response.status == 403 and not response.interim, (way, response)
        assert response.body == b"no, thank you\n", (way, response)
        # Whatever the client would send now could be a body or the next request.
        assert response.fields.members("Connection") == ["close"], (way, response)
        client.ended()
    backend = front.backend(way)
    eventually("that connection is over", lambda: backend.seen[backend.requests[-1].index].over)
    assert backend.requests[-1].target == "/refused", "the request was sent twice"


def hints(front, way):
    with front.client(way) as client:
        response = client.get("/early-hints")
        assert [i.status for i in response.interim] == [103, 103], (way, response.interim)
        assert response.interim[1]["Link"] == "</more.css>; rel=preload", (way, response.interim)
        assert response.body == b"at last\n", (way, response)


def an_old_client_is_not_told(front, way):
    with front.client(way) as client:
        response = client.get("/early-hints", minor=0)
        assert not response.interim and response.body == b"at last\n", (way, response.interim)
    with front.client(way) as client:
        client.request("POST", "/asks", {"Expect": "100-continue"}, BODY, minor=0)
        response = client.response()
        assert response.status == 200 and not response.interim, (way, response)
        assert json.loads(response.body)["body"] == BODY.decode(), (way, response)


if __name__ == "__main__":
    main(test)
