"""Thirty problems in one file: `check` prints all of them at once, and so does the log when
SIGHUP is refused. An operator who sees only the first few mends the file ten times."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.process import run
from support.scenario import main, tls_listener

PROBLEMS = 30


def test(t):
    backend = t.backend()
    port = t.port()
    good = tls_listener(port) + t.three_sites(backend.address, backend.address)
    bad = good.replace("services:\n", "".join(
        f"  - {{host: site-{i}.test, scenario: passthrough, service: nowhere-{i}}}\n"
        for i in range(PROBLEMS)) + "services:\n")
    proxy = t.sallyport(good)
    assert proxy.reload(bad) == "refused"
    done = run([t.program, "check", "-c", proxy.file])
    assert done.returncode == 1 and len(done.stderr.splitlines()) == PROBLEMS, done
    for line in done.stderr.splitlines():
        proxy.process.wait_for_output(line, within=5)


if __name__ == "__main__":
    main(test)
