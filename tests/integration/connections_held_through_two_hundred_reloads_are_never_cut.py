"""2 000 connections held open through each scenario while 200 SIGHUPs add, remove and edit
sites, services and listeners. None is cut: afterwards each of them still echoes. And none is
refused: all the while, new connections come in through each scenario, and every one is served."""

import sys

sys.path.append(sys.path[0] + "/..")
import resource
import threading

from support import names
from support.channel import connect_tls
from support.crowd import Crowd, EchoProcess
from support.scenario import SCENARIOS, Skip, main, tls_listener

TIMEOUT = 240
ALONE = True

HELD, RELOADS = 2000, 200


def test(t):
    held = 200 if t.sanitizer else HELD
    reloads = 40 if t.sanitizer else RELOADS
    needed = held * len(SCENARIOS) * 2 + 500
    room = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if room < needed:
        raise Skip(f"{needed} descriptors are needed, and the hard limit is {room}")

    plain, also_plain = t.keep(EchoProcess()), t.keep(EchoProcess())
    tls = t.keep(EchoProcess(t.authority.issue("backend.test",
                                               dns=("backend.test", "passthrough.test"))))
    port, extra = t.port(), t.port()
    base = tls_listener(port), t.three_sites(plain.address, tls.address)
    proxy = t.sallyport("".join(base), workers=2)

    crowd = Crowd(port, t.authority, {f"{s}.test": held for s in SCENARIOS})
    newcomers = Newcomers(t, port)
    for i in range(reloads):
        verdict = proxy.reload(edited(base, extra, plain.address, also_plain.address, i))
        assert verdict == "applied", (i, verdict, proxy.process.output[-2000:])
    newcomers.stop()
    proxy.reload("".join(base))

    cut = crowd.echo_all()
    assert not cut, f"{len(cut)} of {held * 3} held connections were cut: {cut[:3]}"
    assert proxy.metrics().sum(names.OPEN) == held * 3
    crowd.close()
    assert not newcomers.failures, (len(newcomers.failures), newcomers.failures[:3])
    print(f"{held * 3} held, {newcomers.served} newcomers served during {reloads} reloads")
    assert newcomers.served >= 3 * reloads // 4
    proxy.wait_idle()
    bad = [line for line in proxy.access_lines() if line["reason"] != "closed"]
    assert not bad, bad[:3]


def edited(base, extra, address, other, i):
    """A site and its service come, change their endpoint and go; a listener comes and goes; the
    services that are in use change a detail of theirs, and change it back."""
    listeners, rest = base
    if i % 4 in (1, 2):
        listeners += f'  - {{name: extra, address: "127.0.0.1:{extra}", protocol: tls}}\n'
    sites, services = rest.split("services:\n")
    if i % 3:
        sites += f"  - {{host: extra-{i % 5}.test, scenario: passthrough, service: extra}}\n"
        services += f'  - {{name: extra, endpoints: ["127.0.0.1:{9000 + i}"]}}\n'
    if i % 2:
        services = services.replace("name: backend.test", "min_tls: \"1.3\", name: backend.test")
        services = services.replace(f'endpoints: ["{address}"]',
                                    f'endpoints: ["{address}", "{other}"]')
    return listeners + sites + "services:\n" + services


class Newcomers:
    """Connect, echo and leave through each scenario in turn, until stopped."""

    def __init__(self, t, port):
        self.served, self.failures = 0, []
        self._t, self._port, self._stopping = t, port, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self._stopping.set()
        self._thread.join()

    def _run(self):
        while not self._stopping.is_set():
            for scenario in SCENARIOS:
                try:
                    with connect_tls(self._port, f"{scenario}.test", self._t.authority) as channel:
                        channel.send(b"new here")
                        assert channel.recv_exactly(8) == b"new here"
                        channel.end()
                        assert channel.recv_to_end() == b""
                    self.served += 1
                except Exception as error:
                    self.failures.append((scenario, repr(error)))


if __name__ == "__main__":
    main(test)
