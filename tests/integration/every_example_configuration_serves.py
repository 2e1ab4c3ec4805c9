"""Each file under conf/ is complete: with its ports, certificates and endpoints replaced by ones
that exist here, and nothing else changed, it runs, and serves each of its sites, routes and
listeners from the backend that it names: with requests where it speaks HTTP, after a redirect where
it sends one; and it refuses clients without a certificate where it says so."""

import sys

sys.path.append(sys.path[0] + "/..")
import pathlib

from support.examples import Example
from support.scenario import main

CONF = pathlib.Path(__file__).resolve().parents[2] / "conf"


def test(t):
    files = sorted(CONF.glob("*.yaml"))
    assert files, f"no example under {CONF}"
    for file in files:
        example = Example(t, file)
        reached = example.serve_each()
        print(f"{file.name}: {', '.join(reached)}")
        assert reached, f"{file.name} serves nothing"


if __name__ == "__main__":
    main(test)
