#!/usr/bin/env python3
"""`kernel_tls: on` on this machine as it is. Where its kernel has no TLS, OpenSSL does it all as ever: in
all three scenarios, in TLS 1.2 and 1.3, every byte arrives both ways, and the metric says why."""

import sys

sys.path.append(sys.path[0] + "/..")
import subprocess

from support.bulk import MIB
from support.kernel_tls_cases import carry_in_all_cases
from support.scenario import main


def test(t):
    version = subprocess.run([t.program, "version"], stdout=subprocess.PIPE, text=True, check=True)
    line = next(x for x in version.stdout.splitlines() if "kernel TLS" in x)
    carry_in_all_cases(t, 8 * MIB, has_module="works" in line)


if __name__ == "__main__":
    main(test)
