"""Post-quantum key shares and long ALPN lists make hellos that no longer fit a segment. One of just
over 16 KiB needs two records whatever the client does; it must be met as any other, whether it
comes at once, over five records or in many small segments."""

import sys

sys.path.append(sys.path[0] + "/..")
from support import hello
from support.four_sites import FourSites
from support.scenario import main


def in_small_segments(sock, data):
    for i in range(0, len(data), 100):
        sock.sendall(data[i:i + 100])


def test(t):
    alpn = hello.alpn_of_bytes(16 * 1024 + 255)
    sizes = []

    def measured(way):
        def send(sock, data):
            sizes.append(len(data))
            way(sock, data)
        return send

    sites = FourSites(t)
    for way in (hello.at_once, hello.over_five_records, in_small_segments):
        sites.reach_each(send_hello=measured(way), alpn=alpn)
    assert len(sizes) == 12 and min(sizes) > 16 * 1024, sizes


if __name__ == "__main__":
    main(test)
