"""A hello that names no site is refused in the handshake with unrecognized_name (112), and so is
one without a name; `unknown_sni: default` serves the site "*" instead. The refusal reaches the
client as an alert even while it is still sending, not as a reset that overtakes it."""

import sys

sys.path.append(sys.path[0] + "/..")
import ssl

from support import backends, names
from support.channel import alert_of, connect_tls
from support.scenario import main, tls_listener


def test(t):
    backend = t.backend(backends.named("star"))
    site = t.authority.issue("site", dns=("known.test", "any.test"))
    port, lenient = t.port(), t.port()
    proxy = t.sallyport(tls_listener(port) + f"""\
  - {{name: lenient, address: "127.0.0.1:{lenient}", protocol: tls, unknown_sni: default}}
secrets:
  - {{name: site, directory: {site}}}
sites:
  - {{host: known.test, scenario: offload, secret: site, service: star}}
  - {{host: "*", listeners: [lenient], scenario: offload, secret: site, service: star}}
services:
  - {{name: star, endpoints: ["{backend.address}"]}}
""")
    assert refusal(t, port, "unknown.test") == "UNRECOGNIZED_NAME"
    assert refusal(t, port, None) == "UNRECOGNIZED_NAME"
    assert refusal(t, port, "unknown.test", version="1.2") == "UNRECOGNIZED_NAME"
    t.connect(port, "known.test").close()

    for name in ("unknown.test", None):
        channel = connect_tls(lenient, name, t.authority, check_name=False)
        assert channel.recv_exactly(5) == b"star\n", name
        channel.close()

    line = proxy.access_line(reason="unknown_sni")
    assert line["sni"] == "unknown.test" and line["by"] == "client", line
    proxy.access_line(reason="no_sni")
    metrics = proxy.metrics()
    assert metrics.sum(names.ENDED, reason="unknown_sni") == 2
    assert metrics.sum(names.ENDED, reason="no_sni") == 1


def refusal(t, port, name, **options):
    try:
        connect_tls(port, name, t.authority, check_name=False, **options).close()
    except ssl.SSLError as error:
        return alert_of(error)
    raise AssertionError(f"{name} was served")


if __name__ == "__main__":
    main(test)
