"""Every endpoint of a passthrough site refuses: the client, which still waits for its
ServerHello, gets the alert internal_error (80) and not silence or a reset. Terminated sites end
as a cut, because their handshake is over by then. As soon as a backend is there again, both are
served."""

import sys

sys.path.append(sys.path[0] + "/..")
import ssl

from support import names
from support.channel import Cut, alert_of
from support.ports import free_port
from support.scenario import SCENARIOS, main, tls_listener


def test(t):
    dead = f"127.0.0.1:{free_port()}"
    port = t.port()
    proxy = t.sallyport(tls_listener(port) + t.three_sites(dead, dead))
    try:
        t.connect(port, "passthrough.test")
        raise AssertionError("a handshake with nobody")
    except ssl.SSLError as error:
        assert alert_of(error) == "INTERNAL_ERROR", error
    for scenario in ("offload", "reencrypt"):
        channel = t.connect(port, f"{scenario}.test")
        try:
            assert False, f"{scenario}: a clean end, {channel.recv()!r}"
        except (Cut, ssl.SSLError):
            pass
    for scenario in SCENARIOS:
        line = proxy.access_line(scenario=scenario, reason="connect_failed")
        assert line["by"] == "backend" and "refused" in line["detail"], line
    assert proxy.metrics().sum(names.CONNECT_FAILURES) == 3

    plain, tls = t.backend(), t.backend(tls=t.backend_tls())
    assert proxy.reload(tls_listener(port) + t.three_sites(plain.address, tls.address)) == "applied"
    for scenario in SCENARIOS:
        channel = t.connect(port, f"{scenario}.test")
        channel.send(b"again")
        assert channel.recv_exactly(5) == b"again"
        channel.close()


if __name__ == "__main__":
    main(test)
