"""The process may have too few descriptors for its clients. It must not spin on accept, end, or
cut those who are inside: the kernel's queue keeps the rest, and when descriptors come free they
are served, all by itself."""

import sys

sys.path.append(sys.path[0] + "/..")

from support import names
from support.process import run
from support.scenario import Skip, main, tcp_line, tls_listener
from support.waiting import eventually

# Descriptors that clients and backends may take, two for each connection: with an even number it is
# a client that finds none left, with an odd one its backend.
ROOMS = (40, 41)


def test(t):
    if t.sanitizer:
        # UBSan asks through a pipe whether an object's memory is readable; without descriptors
        # its answer is no, and it ends a program that has done nothing wrong.
        raise Skip("a sanitizer needs descriptors of its own")
    for room in ROOMS:
        run_out(t, room)


def run_out(t, room):
    backend = t.backend()
    port, tcp = t.port(), t.port()
    proxy = t.sallyport(tls_listener(port) + tcp_line(tcp, "plain") +
                        t.three_sites(backend.address, backend.address), name=f"room-{room}")
    limit = proxy.process.descriptors() + room
    done = run(["prlimit", "--pid", proxy.process.pid, f"--nofile={limit}:"])
    assert done.returncode == 0, done.stderr

    inside = [t.connect(tcp) for _ in range(room // 2 - 4)]
    assert all(echoes(c) for c in inside)
    # Each of these connects, as far as the kernel can tell; descriptors do not suffice for all.
    waiting = [t.connect(tcp, timeout=30) for _ in range(room)]
    spent = cpu_seconds(proxy)
    # The metrics address may not answer now: its connections need descriptors, too.
    proxy.process.wait_for_output(names.ACCEPTING_PAUSES)
    assert all(echoes(c) for c in inside), "somebody inside was cut"
    spent = cpu_seconds(proxy) - spent
    assert spent < 2, f"{spent:.1f} s of CPU time while there is nothing to do"

    for channel in inside:
        channel.close()
    served = 0
    for channel in waiting:  # by and by: each that is served makes room for the next
        served += echoes(channel)
        channel.close()
    print(f"{served} of {len(waiting)} who waited were served")
    assert served >= len(waiting) // 2, served

    def all_well():
        with t.connect(tcp) as channel:
            return proxy.is_ready() and echoes(channel)
    eventually("everything is as it was", all_well)
    metrics = proxy.metrics()
    assert metrics.sum(names.BACKOFFS) > 0
    proxy.wait_idle()


def cpu_seconds(proxy):
    with open(f"/proc/{proxy.process.pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def echoes(channel):
    try:
        channel.send(b"here")
        return channel.recv_exactly(4) == b"here"
    except Exception:
        return False


if __name__ == "__main__":
    main(test)
