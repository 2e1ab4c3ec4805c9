"""Whoever may send PROXY headers may claim any address. Where headers are required, a peer
outside `trusted_networks` is refused; where they are optional, such a peer is served without one
and refused with one; where they are off, a header is just bytes that are not TLS. Nothing
reaches a backend."""

import sys

sys.path.append(sys.path[0] + "/..")
import ssl

from support import proxy_header
from support.channel import Cut
from support.scenario import main

CLAIM = ("192.0.2.1", 4711), ("192.0.2.2", 443)


def test(t):
    backend = t.backend()
    secret = t.authority.issue("site", dns=("site.test",))
    modes = {
        "required": "proxy_protocol: required, trusted_networks: [10.0.0.0/8, 2001:db8::/32]",
        "optional": "proxy_protocol: optional, trusted_networks: [10.0.0.0/8]",
        "off": "proxy_protocol: off",
        "trusted": "proxy_protocol: optional, trusted_networks: [127.0.0.0/8]",
    }
    ports = {mode: t.port() for mode in modes}
    listeners = "".join(
        f'  - {{name: {mode}, address: "127.0.0.1:{ports[mode]}", protocol: tls, {keys}}}\n'
        for mode, keys in modes.items())
    proxy = t.sallyport(f"listeners:\n{listeners}" + f"""\
secrets:
  - {{name: site, directory: {secret}}}
sites:
  - {{host: site.test, scenario: offload, secret: site, service: ["{backend.address}"]}}
""")
    for header in (proxy_header.v1(*CLAIM), proxy_header.v2(*CLAIM)):
        for mode in ("required", "optional", "off"):
            refused(t, ports[mode], header)
    refused(t, ports["required"], b"")
    assert not backend.seen
    proxy.wait_idle()
    found = {mode: [line["reason"] for line in proxy.access_lines(listener=mode)] for mode in modes}
    assert found["required"] == ["proxy_header_untrusted"] * 3, found
    assert found["optional"] == ["proxy_header_untrusted"] * 2, found
    assert found["off"] == ["not_tls"] * 2, found
    for line in proxy.access_lines():
        assert line["client"].startswith("127.0.0.1:"), line

    for mode in ("optional", "off", "trusted"):  # without a header, as anybody
        t.connect(ports[mode], "site.test").close()
    t.connect(ports["trusted"], "site.test", first=proxy_header.v2(*CLAIM)).close()
    proxy.access_line(listener="trusted", client="192.0.2.1:4711")


def refused(t, port, header):
    try:
        t.connect(port, "site.test", first=header)
    except (Cut, OSError, ssl.SSLError):
        return
    raise AssertionError(f"served after {header!r}")


if __name__ == "__main__":
    main(test)
