"""`Proxy` (httpoxy), names with an underscore, which backends take for a dash, and fields that only
the proxy may write do not reach the backend. Underscores pass where the configuration says so, but
never as another spelling of what was dropped."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.http_front import WAYS, Front, account
from support.scenario import main

DANGEROUS = [
    ("Proxy", "http://evil.test"), ("PROXY", "http://evil.test"), ("X_Under", "score"),
    ("X_Forwarded_For", "203.0.113.7"), ("X-Forwarded_For", "203.0.113.7"),
    ("Ssl-Client-Verify", "SUCCESS"), ("ssl_client_verify", "SUCCESS"),
    ("SSL-Client_Subject-DN", "CN=admin"), ("ssl-client-cert", "x"), ("X-Harmless", "fine"),
]


def test(t):
    for underscores in ("drop", "keep"):
        settings = "" if underscores == "drop" else "http: {underscores_in_headers: keep}\n"
        front = Front(t, settings=settings, name=underscores)
        for way in WAYS:
            told = account(front.ask(way, "/", DANGEROUS))
            names = {n.replace("_", "-") for n, _ in told["fields"]}
            everything = " ".join(f"{n} {v}" for n, v in told["fields"])
            assert ("x-harmless", "fine") in told["fields"], (way, told["fields"])
            assert "proxy" not in names, (way, told["fields"])
            assert not any(n.startswith("ssl-client") and n != "ssl-client-verify"
                           for n in names), (way, told["fields"])
            for secret in ("evil", "203.0.113.7", "SUCCESS", "CN=admin"):
                assert secret not in everything, (underscores, way, told["fields"])
            kept = any(n == "x_under" for n, _ in told["fields"])
            assert kept == (underscores == "keep"), (underscores, way, told["fields"])


if __name__ == "__main__":
    main(test)
