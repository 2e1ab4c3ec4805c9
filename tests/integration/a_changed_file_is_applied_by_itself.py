"""With `watch: true` nobody needs to send a signal: a new configuration file and a renewed
certificate are used as they come, by rename, by overwriting or by links; a certificate without its
key is not, until the key is there; a broken file changes nothing; and one that is refused for want
of a secret is used when that is there."""

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
    all_is_well(proxy)

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

    # Files that are links to others, made anew a while after the old ones went.
    for name in ("tls.crt", "tls.key"):
        (secret / name).unlink()
    eventually("a pair that is gone is told",
               lambda: proxy.metrics().sum(names.LAST_RELOAD_OK) == 0)
    assert served(t, port, "a.test") == subject(renewed)
    first = pathlib.Path(t.authority.issue("first", dns=("a.test", "b.test")))
    for name in ("tls.key", "tls.crt"):
        (secret / name).symlink_to(first / name)
    eventually("what is linked to is served", lambda: served(t, port, "a.test") == subject(first))
    all_is_well(proxy)

    # A file that comes before what it refers to waits for it.
    later = pathlib.Path(t.folder) / "later"
    refused = proxy.metrics().sum(names.RELOADS, result="refused")
    proxy.write(body("a.test", "b.test").replace(str(secret), str(later)))
    eventually("the file is refused",
               lambda: proxy.metrics().sum(names.RELOADS, result="refused") == refused + 1)
    shutil.copytree(renewed, later)
    eventually("the secret is used once it is there",
               lambda: served(t, port, "a.test") == subject(renewed), 30)
    all_is_well(proxy)

    # Written together, half of a pair holds up its file until it is whole.
    half = (first / "tls.crt").read_bytes()
    proxy.file.write_text(proxy.text(body("a.test").replace(str(secret), str(later))))
    (later / "tls.crt").write_bytes(half)
    eventually("half a pair is refused", lambda: proxy.metrics().sum(names.LAST_RELOAD_OK) == 0)
    shutil.copy(first / "tls.key", later / "tls.key")
    eventually("the whole is served", lambda: served(t, port, "a.test") == subject(first))
    eventually("and the file with it", lambda: not reachable(t, port, "b.test"))
    all_is_well(proxy)


def all_is_well(proxy):
    eventually("all is well", lambda: proxy.metrics().sum(names.LAST_RELOAD_OK) == 1)


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
