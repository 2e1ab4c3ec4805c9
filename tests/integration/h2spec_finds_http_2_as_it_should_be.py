"""Every case of h2spec (generic, hpack, http2), under h2spec's own numbers and in frames of our own
making, to clients' side of the proxy: under TLS, and in the clear to those who begin with HTTP/2."""

import sys

sys.path.append(sys.path[0] + "/..")
import traceback

from support.channel import client_context
from support.h2 import PREFACE, Connection, settings
from support.h2_cases import CASES, COUNTS
from support.http_front import Front
from support.scenario import main

TIMEOUT = 120


def test(t):
    for part, count in COUNTS.items():
        found = [number for number in CASES if number.startswith(part + "/")]
        assert len(found) == count, (part, len(found))
    front = Front(t, lambda request, answer: (request.method == "POST" and answer.read_body(),
                                              answer.whole(b"0123456789"))[-1],
                  listener_keys=", http2: true", site_keys=", redirect_http: false")
    failed = []
    for way in ("plain", "offload"):
        def connection(first=PREFACE + settings()):
            tls = client_context(t.authority) if way == "offload" else None
            return Connection(front.port(way), f"{way}.test", tls, first)

        for number, run in CASES.items():
            try:
                run(connection)
            except Exception:
                failed.append(f"{way} {number}")
                traceback.print_exc()
    assert not failed, failed
    front.proxy.wait_idle()


if __name__ == "__main__":
    main(test)
