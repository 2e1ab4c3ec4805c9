"""TLS ends at the proxy and plain bytes go on: a GiB each way at once, whoever ends first, in less
than 64 MiB of resident memory with one worker."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.bulk import carry_each_way
from support.scenario import main

TIMEOUT = 120


def test(t):
    carry_each_way(t, "offload")


if __name__ == "__main__":
    main(test)
