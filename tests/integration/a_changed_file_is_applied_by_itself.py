"""With `watch: true` nobody needs to send a signal: a new configuration file and a renewed
certificate are used as they come, by rename or by overwriting; a certificate without its key is
not, until the key is there; and a broken file changes nothing."""

import sys

sys.path.append(sys.path[0] + "/..")
import os
import pathlib
import shutil

from support import names
from support.scenario import main, tls_listener
from support.waiting import eventually


def test(t):
    backend = t.backend()
    port = t.port()
    secret = pathlib.Path(t.folder) / "live"
    shutil.copytree(t.authority.issue("first", dns=("a.test", "b.test")), secret)
    renewed = pathlib.Path(t.authority.issue("second", dns=("a.test", "b.test")))

    def body(*hosts):
        return tls_listener(port) + f"secrets: [{{name: live, directory: {secret}}}]\nsites:\n" + \
            "".join(f'  - {{host: {h}, scenario: offload, secret: live, '
                    f'service: ["{backend.address}"]}}\n' for h in hosts)

    proxy = t.sallyport(body("a.test"), settings="watch: true\n")
    assert served(t, port, "a.test") == subject(secret)

    # The configuration, by rename.
    fresh = proxy.file.with_suffix(".new")
    fresh.write_text(proxy.text(body("a.test", "b.test")))
    os.rename(fresh, proxy.file)
    eventually("the new site is served", lambda: reachable(t, port, "b.test"))

    # A broken one changes nothing, and is told once.
    refused = proxy.metrics().sum(names.RELOADS, result="refused")
    proxy.file.write_text("sites: [")
    eventually("the broken file is refused",
               lambda: proxy.metrics().sum(names.RELOADS, result="refused") == refused + 1)
    assert reachable(t, port, "a.test") and reachable(t, port, "b.test")
    proxy.write(body("a.test", "b.test"))
    eventually("all is well again", lambda: "sallyport_config_last_reload_successful 1"
               in proxy.get(names.METRICS)[1])

    # A renewed pair, the certificate first: half of it is never used.
    refused = proxy.metrics().sum(names.RELOADS, result="refused")
    old = subject(secret)
    (secret / "tls.crt").write_bytes((renewed / "tls.crt").read_bytes())
    eventually("half a pair is refused",
               lambda: proxy.metrics().sum(names.RELOADS, result="refused") > refused)
    assert served(t, port, "a.test") == old
    shutil.copy(renewed / "tls.key", secret / "tls.key")
    eventually("the renewed certificate is served",
               lambda: served(t, port, "a.test") == subject(renewed))


def served(t, port, host):
    with t.connect(port, host) as channel:
        return channel.tls.getpeercert(binary_form=True)


def subject(folder):
    import ssl
    return ssl.PEM_cert_to_DER_cert((pathlib.Path(folder) / "tls.crt").read_text()
                                    .split("-----END CERTIFICATE-----")[0]
                                    + "-----END CERTIFICATE-----\n")


def reachable(t, port, host):
    try:
        with t.connect(port, host) as channel:
            channel.send(b"hi")
            return channel.recv_exactly(2) == b"hi"
    except OSError:
        return False
    except Exception as error:
        if "ssl" in type(error).__module__ or "channel" in type(error).__module__:
            return False
        raise


if __name__ == "__main__":
    main(test)
