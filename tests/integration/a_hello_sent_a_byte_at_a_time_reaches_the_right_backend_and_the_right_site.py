"""A client on a bad line sends its ClientHello a byte at a time. Passthrough and terminated sites
share the port: the first two must get to their backends with the client's own TLS untouched, the
others must shake hands at the proxy, all by the name in that hello."""

import sys

sys.path.append(sys.path[0] + "/..")
from support import hello
from support.four_sites import FourSites
from support.scenario import main


def test(t):
    sites = FourSites(t)
    for version in ("1.2", "1.3"):
        sites.reach_each(send_hello=hello.a_byte_at_a_time, version=version)


if __name__ == "__main__":
    main(test)
