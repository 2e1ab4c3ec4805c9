"""A CA that is replaced in its file while the proxy runs stays trusted beside the new one for
ca_overlap: clients of both are let in, and then those of the old one no more, with or without the
sessions that they began. Where a revocation list is asked for, the old CA has none any more, and
its clients are refused at once; and a CA that is replaced without an overlap, or whose overlap is
taken back, is gone at once."""

import sys

sys.path.append(sys.path[0] + "/..")
import os
import time

from support import names
from support.channel import client_context
from support.client_pki import CertificateAuthority
from support.http_front import Front
from support.scenario import main
from support.waiting import eventually

OVERLAP = 10
HOSTS = ("overlap.test", "listed.test", "at-once.test", "long.test")
SITES = "".join(f"""  - {{host: {host}, scenario: offload, secret: site, service: plain,
     client_auth: {{verify: required, secret: {host.split(".")[0]}}}}}
""" for host in HOSTS)


def test(t):
    old, new = (CertificateAuthority(t.folder / "ca" / name) for name in ("old", "new"))
    people = {ca.folder.name: ca.issue(t.folder / "people" / ca.folder.name) for ca in (old, new)}
    folders = {host: t.folder / host for host in HOSTS}
    for host, folder in folders.items():
        folder.mkdir()
        put(folder, old, listed=host == "listed.test")
    front = Front(t, hosts=HOSTS, sites=SITES, settings="watch: true\n", secrets=(
        f"  - {{name: overlap, directory: {folders['overlap.test']}, ca_overlap: {OVERLAP}s}}\n"
        f"  - {{name: listed, directory: {folders['listed.test']}, ca_overlap: 1h}}\n"
        f"  - {{name: at-once, directory: {folders['at-once.test']}}}\n"
        f"  - {{name: long, directory: {folders['long.test']}, ca_overlap: 2h}}\n"))
    context = client_context(t.authority, certificate=people["old"])
    with front.client("offload", "overlap.test", context=context) as client:
        assert client.get().status == 200
        session = client.channel.tls.session
    for host in HOSTS:
        assert status(front, host, people["old"]) == 200, host
        assert status(front, host, people["new"]) == 400, host

    replaced = time.monotonic()
    for host, folder in folders.items():
        put(folder, new, listed=host == "listed.test")
    for host in HOSTS:
        eventually(f"clients of the new CA are let in by {host}",
                   lambda host=host: status(front, host, people["new"]) == 200)
    assert status(front, "listed.test", people["old"]) == 400
    assert status(front, "at-once.test", people["old"]) == 400
    within = status(front, "overlap.test", people["old"])
    if time.monotonic() - replaced < OVERLAP:
        assert within == 200, within
        known = front.proxy.admin(names.API_CERTIFICATES + "?name=overlap")["certificates"][0]
        if time.monotonic() - replaced < OVERLAP:
            assert [a["subject"] for a in known["authorities"]] == ["CN=new", "CN=old"], known

    assert status(front, "long.test", people["old"]) == 200
    assert front.proxy.reload(front.body.replace("ca_overlap: 2h", "ca_overlap: 0s")) == "applied"
    assert status(front, "long.test", people["old"]) == 400
    assert status(front, "long.test", people["new"]) == 200

    eventually("clients of the old CA are let in no more",
               lambda: status(front, "overlap.test", people["old"]) == 400, OVERLAP + 20)
    assert time.monotonic() - replaced >= OVERLAP
    assert status(front, "overlap.test", people["new"]) == 200
    # Told a moment after it is used.
    eventually("nobody is told of the old CA any more", lambda: ["CN=new"] == [
        a["subject"] for a in
        front.proxy.admin(names.API_CERTIFICATES + "?name=overlap")["certificates"][0][
            "authorities"]])
    with front.client("offload", "overlap.test", context=context, session=session) as client:
        assert not client.channel.tls.session_reused and client.get().status == 400


def put(folder, authority, listed):
    """Each file complete before it has its name; the list first, as nobody trusts its CA yet."""
    for name, text in (("ca.crl", authority.revocation_list() if listed else None),
                       ("ca.crt", authority.certificate)):
        if text:
            (folder / f"{name}.new").write_text(text)
            os.rename(folder / f"{name}.new", folder / name)


def status(front, host, certificate):
    with front.client("offload", host, certificate=certificate) as client:
        return client.get().status


if __name__ == "__main__":
    main(test)
