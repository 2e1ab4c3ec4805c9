"""X-Forwarded-For, -Proto, -Host and -Port, X-Real-IP and X-Request-ID are written by the proxy:
what a client says of itself counts only when it is in `trusted_networks`, where its list of
addresses is appended to. `Forwarded` is written where it is asked for, and never passed on from
strangers."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.http_front import WAYS, Front, account, values
from support.scenario import main

LIES = [
    ("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "gopher"),
    ("X-Forwarded-Host", "evil.test"), ("X-Forwarded-Port", "1"), ("X-Real-IP", "203.0.113.8"),
    ("X-Request-ID", "chosen-by-the-client"), ("Forwarded", "for=203.0.113.9;proto=gopher"),
    ("x-forwarded-for", "203.0.113.10"),
]
NAMES = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port",
         "X-Real-IP", "X-Request-ID")


def test(t):
    stranger = Front(t, name="stranger")
    for way in WAYS:
        scheme = "http" if way == "plain" else "https"
        port = str(stranger.port(way))
        with stranger.client(way) as client:
            ids = set()
            for fields in ([], LIES):
                told = account(client.get("/", fields))
                found = {n: values(told, n) for n in NAMES}
                assert all(len(v) == 1 for v in found.values()), (way, found)
                found = {n: v[0] for n, v in found.items()}
                assert found["X-Forwarded-For"] == found["X-Real-IP"] == "127.0.0.1", (way, found)
                assert found["X-Forwarded-Proto"] == scheme, (way, found)
                assert found["X-Forwarded-Host"] == f"{way}.test", (way, found)
                assert found["X-Forwarded-Port"] == port, (way, found)
                assert len(found["X-Request-ID"]) >= 16, (way, found)
                ids.add(found["X-Request-ID"])
                assert not values(told, "Forwarded"), (way, told)
            assert len(ids) == 2 and "chosen-by-the-client" not in ids, ids
            told = account(client.get("/", {"Host": f"{way}.test:{port}"}))
            assert values(told, "X-Forwarded-Host")[0].startswith(f"{way}.test"), (way, told)

    # 127.0.0.1 is in it for the one, and not for the other.
    for networks, trusted in (("[127.0.0.0/8]", True), ("[10.0.0.0/8]", False)):
        front = Front(t, settings=f"http: {{trusted_networks: {networks}, forwarded: true}}\n",
                      name=f"trusted-{trusted}")
        for way in WAYS:
            told = account(front.ask(way, "/", LIES))
            chain = values(told, "X-Forwarded-For")
            addresses = [a.strip() for v in chain for a in v.split(",")]
            forwarded = ", ".join(values(told, "Forwarded"))
            if trusted:
                assert addresses == ["203.0.113.7", "203.0.113.10", "127.0.0.1"], (way, chain)
                assert values(told, "X-Request-ID") == ["chosen-by-the-client"], (way, told)
                assert values(told, "X-Forwarded-Proto") == ["gopher"], (way, told)
                assert values(told, "X-Forwarded-Host") == ["evil.test"], (way, told)
                assert forwarded.startswith("for=203.0.113.9;proto=gopher, for="), (way, forwarded)
            else:
                assert addresses == ["127.0.0.1"], (way, chain)
                assert "203.0.113" not in forwarded, (way, forwarded)
            last = forwarded.rpartition("for=")[2]
            scheme = "http" if way == "plain" else "https"
            assert "127.0.0.1" in last and f"proto={scheme}" in last and f"{way}.test" in last, \
                (way, forwarded)


if __name__ == "__main__":
    main(test)
