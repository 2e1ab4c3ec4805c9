"""`GET http://host/path` (RFC 9112, 3.2.2): the site is chosen by the target's authority, and the
backend gets the path alone, with that authority as its Host. `OPTIONS *` passes as it is."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.http_front import WAYS, Front, account, values
from support.scenario import main


def test(t):
    front = Front(t)
    for way in WAYS:
        scheme = "http" if way == "plain" else "https"
        with front.client(way) as client:
            for target, seen in ((f"{scheme}://{way}.test/a/b?c=d", "/a/b?c=d"),
                                 (f"{scheme}://{way}.test", "/"),
                                 (f"{scheme.upper()}://{way.upper()}.TEST/x", "/x"),
                                 (f"{scheme}://{way}.test?q", "/?q")):
                host = target.partition("://")[2].partition("/")[0].partition("?")[0]
                told = account(client.get(target, {"Host": host}))
                assert told["target"] == seen, (way, target, told)
                assert values(told, "host")[0].lower() == f"{way}.test", (way, target, told)
                front.proxy.access_line(host=f"{way}.test", path=seen)
            port = front.port(way)
            told = account(client.get(f"{scheme}://{way}.test:{port}/p",
                                      {"Host": f"{way}.test:{port}"}))
            assert told["target"] == "/p", (way, told)
            told = account(client.get("*", method="OPTIONS"))
            assert (told["method"], told["target"]) == ("OPTIONS", "*"), (way, told)


if __name__ == "__main__":
    main(test)
