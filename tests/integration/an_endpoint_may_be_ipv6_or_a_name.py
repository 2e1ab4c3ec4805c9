"""Endpoints are IPv4 and IPv6 literals or names; listeners, too, take either family, and one
written ":port" takes both."""

import sys

sys.path.append(sys.path[0] + "/..")

from support import backends
from support.ports import free_port
from support.scenario import Skip, main


def test(t):
    try:
        six = t.backend(backends.named("six"), host="::1")
    except OSError as error:
        raise Skip(f"no IPv6 on this machine: {error}")
    four = t.backend(backends.named("four"))
    ports = {"six": t.port(), "name": t.port()}
    both = free_port()
    on_six = free_port("::1")
    proxy = t.sallyport(f"""
listeners:
  - {{name: six, address: "127.0.0.1:{ports["six"]}", protocol: tcp, service: six}}
  - {{name: name, address: "127.0.0.1:{ports["name"]}", protocol: tcp, service: name}}
  - {{name: both, address: ":{both}", protocol: tcp, service: four}}
  - {{name: on-six, address: "[::1]:{on_six}", protocol: tcp, service: four}}
services:
  - {{name: six, endpoints: ["{six.address}"]}}
  - {{name: four, endpoints: ["{four.address}"]}}
  - {{name: name, endpoints: ["localhost:{four.port}"]}}
""")
    for port, host, expected in ((ports["six"], "127.0.0.1", b"six\n"),
                                 (ports["name"], "127.0.0.1", b"four\n"),
                                 (both, "127.0.0.1", b"four\n"), (both, "::1", b"four\n"),
                                 (on_six, "::1", b"four\n")):
        channel = t.connect(port, host=host)
        assert channel.recv_exactly(len(expected)) == expected, (port, host)
        channel.close()
    proxy.wait_idle()
    clients = [line["client"] for line in proxy.access_lines(listener="both")]
    # An IPv4 client at a socket for both families is still an IPv4 client.
    assert sorted(c.rpartition(":")[0] for c in clients) == ["127.0.0.1", "[::1]"], clients


if __name__ == "__main__":
    main(test)
