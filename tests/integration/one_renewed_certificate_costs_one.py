"""With a hundred sites, a renewed certificate is one secret read, one certificate parsed, one site
made anew, and no TLS policy; the file is not read again. Ten renewed ones at once are ten, of which
a bad one harms nobody: its site keeps the old pair until the new one is whole. All sites share one
policy."""

import sys

sys.path.append(sys.path[0] + "/..")
import os
import pathlib
import shutil

from support import names
from support.scenario import main, tls_listener
from support.waiting import eventually

SITES = 100


def test(t):
    backend = t.backend()
    port = t.port()
    secrets = pathlib.Path(t.folder) / "many"
    pairs = [pathlib.Path(t.authority.issue(f"pair {i}", dns=("*.many.test",))) for i in range(12)]
    hosts = [f"h{i}.many.test" for i in range(SITES)]
    for host in hosts:
        (secrets / host).mkdir(parents=True)
        put(pairs[0], secrets / host)
    proxy = t.sallyport(
        f"secrets_directory: {secrets}\n" + tls_listener(port) +
        "services:\n" + f'  - {{name: echo, endpoints: ["{backend.address}"]}}\n' + "sites:\n" +
        "".join(f"  - {{host: {h}, scenario: offload, service: echo}}\n" for h in hosts),
        settings="watch: true\n")
    first = counts(proxy)
    assert first == {"files": first["files"], "secrets": SITES, "sites": SITES,
                     "certificates": 1, "contexts": 1}, first

    put(pairs[1], secrets / hosts[40])
    eventually("the renewed certificate is shown", lambda: shown(t, port, hosts[40]) == leaf(pairs[1]))
    cost = difference(proxy, first)
    assert cost["sites"] == cost["certificates"] == 1, cost
    assert cost["files"] == cost["contexts"] == 0, cost
    assert 1 <= cost["secrets"] <= 3, cost  # once for each of its files, and nobody else's
    assert shown(t, port, hosts[41]) == leaf(pairs[0])

    # Ten at once, of which one has no key of its own.
    before = counts(proxy)
    for i in range(2, 12):
        put(pairs[i], secrets / hosts[i])
    (secrets / hosts[5] / "tls.key").write_bytes((pairs[3] / "tls.key").read_bytes())
    for i in range(2, 12):
        if i != 5:
            eventually(f"certificate {i} is shown",
                       lambda i=i: shown(t, port, hosts[i]) == leaf(pairs[i]))
    eventually("the bad pair is told", lambda: proxy.metrics().sum(names.LAST_RELOAD_OK) == 0)
    cost = difference(proxy, before)
    assert cost["files"] == cost["contexts"] == 0, cost
    held = shown(t, port, hosts[5])
    assert held in (leaf(pairs[0]), leaf(pairs[5])), "neither the old pair nor the new one"
    put(pairs[5], secrets / hosts[5])
    eventually("the mended pair is shown", lambda: shown(t, port, hosts[5]) == leaf(pairs[5]))
    eventually("all is well", lambda: proxy.metrics().sum(names.LAST_RELOAD_OK) == 1)


def put(pair, folder):
    """As whoever renews should: each file complete before it has its name."""
    for name in ("tls.crt", "tls.key"):
        shutil.copy(pair / name, folder / (name + ".new"))
        os.rename(folder / (name + ".new"), folder / name)


def counts(proxy):
    metrics = proxy.metrics()
    built = "sallyport_config_built_total"
    return {"files": metrics.sum("sallyport_config_files_read_total"),
            "secrets": metrics.sum("sallyport_secrets_read_total"),
            "sites": metrics.sum(built, kind="site"),
            "certificates": metrics.sum(built, kind="certificate"),
            "contexts": metrics.sum(built, kind="context")}


def difference(proxy, before):
    return {key: value - before[key] for key, value in counts(proxy).items()}


def shown(t, port, host):
    with t.connect(port, host) as channel:
        return channel.tls.getpeercert(binary_form=True)


def leaf(pair):
    import ssl
    text = (pair / "tls.crt").read_text()
    return ssl.PEM_cert_to_DER_cert(text.split("-----END CERTIFICATE-----")[0]
                                    + "-----END CERTIFICATE-----\n")


if __name__ == "__main__":
    main(test)
