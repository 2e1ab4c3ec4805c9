"""What a request of 1 KiB costs in steady state, client and backend both on kept connections: how
many system calls, and how many allocations: none but those that OpenSSL makes for each record.
Counted as the difference between a long and a short run of the same load, so that what opens and
ends connections cancels out."""

import sys

sys.path.append(sys.path[0] + "/..")
import json
import time

from support.allocations import Allocations
from support.localhost import WAYS, bench_front, bench_program
from support.process import run
from support.scenario import Skip, main
from support.system_calls import SystemCalls
from support.waiting import eventually

ALONE = True
CONNECTIONS = 8
SHORT, LONG = 1000, 5000
TRANSFERS_MOST = 4.1  # a read and a write at each side; a response may come in two pieces
WAITS_MOST = 2.0
LOG_MOST = 0.5  # to hand lines of the log to the thread that writes them, many at once
OTHERS_MOST = 0.05
OWN_MOST = 0.05
OPENSSL_MOST = {"offload": 12.0, "reencrypt": 24.0}  # 7 and 16 with OpenSSL 3.0
TRANSFERS = {"recvfrom", "recvmsg", "read", "sendto", "sendmsg", "write", "writev", "readv"}
LOG = {"futex", "poll"}


def test(t):
    if t.sanitizer:
        raise Skip("a sanitizer has calls and allocations of its own")
    system_calls(t)
    allocations(t)


def system_calls(t):
    front = bench_front(t, name="calls")
    for way in WAYS:
        load(t, front, way, 100)  # connections to the backend are there from now on
        counts = {}
        for size in (SHORT, LONG):
            strace = SystemCalls(t, front.proxy.process, f"{way}-{size}")
            load(t, front, way, size)
            counts[size] = strace.stop()
        each = {name: (counts[LONG].get(name, 0) - counts[SHORT].get(name, 0)) / (LONG - SHORT)
                for name in counts[LONG] | counts[SHORT]}
        print(f"{way}: calls per request:",
              ", ".join(f"{n} {c:.3f}" for n, c in sorted(each.items(), key=lambda e: -e[1])
                        if c >= 0.001))
        transfers = sum(c for n, c in each.items() if n in TRANSFERS)
        waits = sum(c for n, c in each.items() if n.startswith("epoll_") and "wait" in n)
        log = sum(c for n, c in each.items() if n in LOG)
        assert 3.9 <= transfers <= TRANSFERS_MOST, (way, each)
        assert waits <= WAITS_MOST, (way, each)
        assert log <= LOG_MOST, (way, each)
        assert sum(each.values()) - transfers - waits - log <= OTHERS_MOST, (way, each)
        assert each.get("epoll_ctl", 0) <= 0.01 and each.get("setsockopt", 0) <= 0.01, (way, each)


def allocations(t):
    counter = Allocations(t.folder)
    front = bench_front(t, name="counted", env=counter.environment)
    for way in WAYS:
        load(t, front, way, 2 * LONG)  # until buffers have found their size
        counts = {}
        for size in (SHORT, LONG):
            before = counter.count()
            assert all(before), "the counter is not in the process"
            load(t, front, way, size)
            counts[size] = [now - then for now, then in zip(settled(counter), before)]
        own, openssl = ((long - short) / (LONG - SHORT)
                        for long, short in zip(counts[LONG], counts[SHORT]))
        print(f"{way}: allocations per request: {own:.4f} of its own, {openssl:.4f} of OpenSSL")
        sites(t, front, way, counter)
        assert own <= OWN_MOST, (way, own)
        assert openssl <= OPENSSL_MOST[way], (way, openssl)


def settled(counter):
    """The counts, once what ends connections is over as well."""
    last = [counter.count(), time.monotonic()]

    def quiet():
        now = counter.count()
        if now != last[0]:
            last[:] = now, time.monotonic()
        return time.monotonic() - last[1] > 0.3
    eventually("nothing is allocated any more", quiet)
    return last[0]


def sites(t, front, way, counter):
    """Where the allocations of a load come from that is under way already."""
    program = bench_program(t, "load")
    loading = t.process([program, f"127.0.0.1:{front.ports[way]}", "--tls", "--host", "localhost",
                         "--path", "/1k", "-c", CONNECTIONS, "-d", "1s"], name=f"sites-{way}")
    time.sleep(0.5)  # past the handshakes
    counter.note_sites()
    loading.wait()
    for count, size, names in counter.sites(front.proxy.process.pid, t.program)[:12]:
        print(f"  {count:4} of {size:6} bytes: {names}")


def load(t, front, way, count):
    done = run([bench_program(t, "load"), f"127.0.0.1:{front.ports[way]}", "--tls", "--host",
                "localhost", "--ca", t.authority.file, "--path", "/1k", "-c", CONNECTIONS, "-n",
                count, "--json"], 60)
    assert done.returncode == 0, done
    told = json.loads(done.stdout)
    assert told["errors"] == 0 and told["exchanges"] == count, told


if __name__ == "__main__":
    main(test)
