"""Of many certificates at the start not everything is checked before they are served: one whose
chain is cut off is found in the background, logged, counted, and shown as bad by the API; the
proxy is ready all the same, handshakes of that one site fail, and all others succeed. Once it is
in use a certificate is never replaced by what was not checked, however many change at once."""

import sys

sys.path.append(sys.path[0] + "/..")
import pathlib
import ssl

from support import names
from support.scenario import main, tls_listener
from support.waiting import eventually

SITES = 80  # more than are checked at once
BAD = 33


def test(t):
    backend = t.backend()
    port = t.port()
    secrets = pathlib.Path(t.folder) / "many"
    first, second = (pathlib.Path(t.authority.issue(f"many {i}", dns=("*.many.test",)))
                     for i in "ab")
    hosts = [f"h{i}.many.test" for i in range(SITES)]
    for i, host in enumerate(hosts):
        (secrets / host).mkdir(parents=True)
        put(secrets / host, first, i, cut=i == BAD)
    proxy = t.sallyport(
        f"secrets_directory: {secrets}\n" + tls_listener(port) +
        "services:\n" + f'  - {{name: echo, endpoints: ["{backend.address}"]}}\n' + "sites:\n" +
        "".join(f"  - {{host: {h}, scenario: offload, service: echo}}\n" for h in hosts))
    eventually("all are checked",
               lambda: proxy.metrics().sum(names.CERTIFICATES_UNCHECKED) == 0)
    assert proxy.metrics().sum(names.CERTIFICATES_BAD) == 1
    assert proxy.is_ready()
    said, = [line for line in proxy.process.output.splitlines() if "tls.crt holds" in line]
    assert hosts[BAD] in said and "handshakes with its sites fail" in said, said
    for host in (hosts[0], hosts[BAD - 1], hosts[BAD + 1], hosts[-1]):
        assert shown(t, port, host) == leaf(first), host
        assert state(proxy, host) == "good", host
    assert state(proxy, hosts[BAD]) == "bad"
    refused(t, port, hosts[BAD])
    assert proxy.metrics().sum(names.HANDSHAKE_FAILURES, side="client",
                               reason="own_certificate") == 1
    put(secrets / hosts[BAD], first, BAD)
    assert proxy.hang_up() == "applied"
    assert shown(t, port, hosts[BAD]) == leaf(first)
    assert state(proxy, hosts[BAD]) == "good"

    # All at once, one of them cut off: nothing is used that is not whole.
    for i, host in enumerate(hosts):
        put(secrets / host, second, i, cut=i == BAD)
    assert proxy.hang_up() == "refused"
    for host in (hosts[0], hosts[BAD]):
        assert shown(t, port, host) == leaf(first), host
    put(secrets / hosts[BAD], second, BAD)
    assert proxy.hang_up() == "applied"
    for host in (hosts[0], hosts[BAD]):
        assert shown(t, port, host) == leaf(second), host
    assert proxy.metrics().sum(names.CERTIFICATES_BAD) == 1


def put(folder, pair, number, cut=False):
    """The pair with a text of its own. Cut: of its chain the second certificate is half there."""
    crt = (pair / "tls.crt").read_text()
    if cut:
        crt += crt[:len(crt) // 2] + "\n-----END CERTIFICATE-----\n"
    (folder / "tls.crt").write_text(crt + "\n" * number)
    (folder / "tls.key").write_bytes((pair / "tls.key").read_bytes())


def state(proxy, host):
    known = proxy.admin(names.API_CERTIFICATES + "?name=" + host)
    assert known["total"] == 1, known
    return known["certificates"][0]["state"]


def shown(t, port, host):
    with t.connect(port, host) as channel:
        return channel.tls.getpeercert(binary_form=True)


def refused(t, port, host):
    try:
        t.connect(port, host).close()
    except ssl.SSLError:
        return
    raise AssertionError("a handshake with half a chain")


def leaf(pair):
    return ssl.PEM_cert_to_DER_cert((pair / "tls.crt").read_text())


if __name__ == "__main__":
    main(test)
