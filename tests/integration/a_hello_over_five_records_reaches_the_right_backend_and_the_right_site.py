"""A ClientHello may be cut over any number of TLS records (RFC 8446, 5.1), and middleboxes that
look into the first record alone have misrouted such clients. Here it comes in five, each in a
segment of its own, and also a byte at a time, for passthrough and terminated sites on one port."""

import sys

sys.path.append(sys.path[0] + "/..")
from support import hello
from support.four_sites import FourSites
from support.scenario import main


def dripped_over_five_records(sock, data):
    hello.a_byte_at_a_time(sock, hello.in_records(data, 5))


def test(t):
    sites = FourSites(t)
    sites.reach_each(send_hello=hello.over_five_records)
    sites.reach_each(send_hello=dripped_over_five_records)


if __name__ == "__main__":
    main(test)
