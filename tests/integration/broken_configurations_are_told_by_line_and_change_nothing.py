"""Ten ways to break a configuration file. `check` tells each with its own line, column and words
and exits with 1; SIGHUP with the same file leaves a running proxy as it was, in traffic and in
what it says of its configuration, and says in the log why. `run` does not start with it."""

import sys

sys.path.append(sys.path[0] + "/..")
import re

from support import names
from support.process import run
from support.scenario import SCENARIOS, main, tls_listener

PROBLEM = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+):(?P<column>\d+): (?P<text>.+)$")


def test(t):
    plain, tls = t.backend(), t.backend(tls=t.backend_tls())
    port = t.port()
    good = tls_listener(port) + t.three_sites(plain.address, tls.address)
    proxy = t.sallyport(good)
    before = proxy.admin(names.API_CONFIG)
    held = [t.connect(port, f"{s}.test") for s in SCENARIOS]

    told = set()
    for what, (old, new, marked, words) in broken(t).items():
        assert good.count(old) == 1, (what, old)
        text = proxy.text(good.replace(old, new))
        place = position(text, marked)
        file = t.folder / f"{what.replace(' ', '_')}.yaml"
        file.write_text(text)

        done = run([t.program, "check", "-c", file])
        assert done.returncode == 1, (what, done)
        problems = [PROBLEM.match(line) for line in done.stderr.splitlines()]
        assert problems and all(problems), (what, done.stderr)
        places = [(int(p["line"]), int(p["column"])) for p in problems]
        assert place in places, (what, "expected at", place, done.stderr)
        text = problems[places.index(place)]["text"]
        assert all(word in text for word in words), (what, words, text)
        told.add(text)

        assert proxy.reload(good.replace(old, new)) == "refused", what
        # Some problems name a second place, and the running proxy calls its file by another name.
        proxy.process.wait_for_output(text.replace(str(file), str(proxy.file)))
        assert proxy.admin(names.API_CONFIG) == before, what
        assert proxy.metrics().sum(names.LAST_RELOAD_OK) == 0
        for scenario, channel in zip(SCENARIOS, held):
            assert echoes(channel), (what, scenario)
            with t.connect(port, f"{scenario}.test") as newcomer:
                assert echoes(newcomer), (what, scenario)

        done = run([t.program, "run", "-c", file])
        assert done.returncode == 1 and text in done.stderr, (what, done)
    assert len(told) == len(broken(t)) >= 10, told

    assert proxy.reload(good) == "applied"
    assert proxy.metrics().sum(names.LAST_RELOAD_OK) == 1


def broken(t):
    """what: (text of the good file, its replacement, the text at which the problem is, words)."""
    other = t.authority.issue("other", dns=("other.test",))
    mixed = t.folder / "mixed"
    mixed.mkdir(exist_ok=True)
    site = t.authority.issue("site", dns=[f"{s}.test" for s in SCENARIOS])
    (mixed / "tls.crt").write_bytes((site / "tls.crt").read_bytes())
    (mixed / "tls.key").write_bytes((other / "tls.key").read_bytes())
    offload = "host: offload.test, scenario: offload, secret: site, service: plain"
    passthrough = "host: passthrough.test, scenario: passthrough, service: encrypted"
    return {
        "a tab as indentation": (f"  - {{{offload}", f"\t- {{{offload}", f"- {{{offload}", ()),
        "an unknown key": (offload, offload + ", colour: blue", "colour: blue", ("colour",)),
        "a dangling service": (offload, offload.replace("plain", "plane"), "plane}", ("plane",)),
        "a dangling secret": (offload, offload.replace("secret: site", "secret: sight"),
                              "sight", ("sight",)),
        "an unknown scenario": (offload, offload.replace("scenario: offload", "scenario: upload"),
                                "upload", ("upload", "offload, passthrough")),
        "a bad address": ('name: tls, address: "127.0.0.1:', 'name: tls, address: "127.0.0.1.9:',
                          '"127.0.0.1.9:', ("127.0.0.1.9",)),
        "a host twice": (passthrough, passthrough.replace("passthrough.test", "offload.test"),
                         "offload.test, scenario: passthrough", ("offload.test",)),
        "reencrypt without tls": (",\n     tls: {name: backend.test, secret: authority}", "",
                                  "again}", ("tls", "reencrypt")),
        "a port out of range": ('plain, endpoints: ["127.0.0.1:', 'plain, endpoints: ["127.0.0.1:9',
                                '"127.0.0.1:9', ("127.0.0.1:9",)),
        "a key of another certificate": (f"name: site, directory: {site}",
                                         f"name: site, directory: {mixed}",
                                         f"{{{offload}", ("tls.key", "site")),
        "a certificate for other hosts": (f"name: site, directory: {site}",
                                          f"name: site, directory: {other}",
                                          f"{{{offload}", ("does not cover", "offload.test")),
        "a wrong type": (offload, offload + ", min_tls: [1.2]", "[1.2]", ("min_tls",)),
    }


def position(text, marked):
    before = text[:text.index(marked)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def echoes(channel):
    channel.send(b"echo")
    return channel.recv_exactly(4) == b"echo"


if __name__ == "__main__":
    main(test)
