"""Connection, what it names, Keep-Alive, TE, Proxy-Connection, Upgrade and their kind are for one
hop (RFC 9110, 7.6.1): in both directions they end at the proxy, before its own fields are added.
What Connection names cannot take away what the proxy says itself, nor how the body is framed."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.http import head
from support.http_backend import echo
from support.http_front import WAYS, Front, account, values
from support.scenario import main

HOP_BY_HOP = [
    ("Connection", "X-Named, keep-alive"), ("Connection", "x-also-named"),
    ("X-Named", "one"), ("X-Also-Named", "two"), ("Keep-Alive", "timeout=5, max=100"),
    ("TE", "gzip"), ("Proxy-Connection", "keep-alive"), ("Upgrade", "h2c"),
    ("Proxy-Authenticate", "Basic"), ("X-Stays", "three"), ("X-Stays", "four"),
]
GONE = ("x-named", "x-also-named", "keep-alive", "te", "proxy-connection", "upgrade")


def respond(request, answer):
    if request.target == "/response":
        fields = [f for f in HOP_BY_HOP if f[0] not in ("TE", "Upgrade")]
        return answer.whole(b"x", fields=fields)
    return echo(request, answer)


def test(t):
    front = Front(t, respond)
    for way in WAYS:
        with front.client(way) as client:
            told = account(client.get("/request", HOP_BY_HOP))
            for name in GONE:
                assert not values(told, name), (way, name, told["fields"])
            assert values(told, "X-Stays") == ["three", "four"], (way, told["fields"])
            named = ",".join(values(told, "Connection")).lower()
            assert "named" not in named, (way, told["fields"])

            response = client.get("/response")
            for name in GONE:
                assert not response.fields.all(name), (way, name, response)
            assert response.fields.all("X-Stays") == ["three", "four"], (way, response)
            assert "x-named" not in response.fields.members("Connection"), (way, response)

            told = account(client.get("/", {"Connection": "X-Forwarded-For, X-Forwarded-Proto, "
                                                          "X-Real-IP, X-Request-ID"}))
            assert values(told, "X-Forwarded-For") == ["127.0.0.1"], (way, told["fields"])
            assert len(values(told, "X-Request-ID")) == 1, (way, told["fields"])
        names_what_must_stay(front, way)


def names_what_must_stay(front, way):
    """Either refused, or the backend still gets what it needs."""
    for name in ("Host", "Content-Length", "Transfer-Encoding"):
        with front.client(way) as client:
            fields = [("Host", f"{way}.test"), ("Connection", name)]
            if name == "Transfer-Encoding":
                body = b"4\r\nbody\r\n0\r\n\r\n"
                client.send(head("POST / HTTP/1.1", [*fields, ("Transfer-Encoding", "chunked")])
                            + body)
            else:
                client.send(head("POST / HTTP/1.1", [*fields, ("Content-Length", "4")]) + b"body")
            response = client.response()
            if response.status != 400:
                told = account(response)
                assert told["body"] == "body", (way, name, told)
                assert len(values(told, "Host")) == 1, (way, name, told)


if __name__ == "__main__":
    main(test)
