"""`sallyport demo` prints curl lines, each under a line that says what it does and one that says
which texts it will print. Here each is run as it stands, in a shell, and must print them; and what
the backends show of the requests must be what the scenarios are about. At the end the demo leaves
nothing behind."""

import sys

sys.path.append(sys.path[0] + "/..")
import pathlib
import re
import signal
import subprocess

from support.scenario import main
from support.waiting import eventually

TOLD = {"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port",
        "X-Real-IP", "X-Request-ID"}
IDENTITY = {"ssl-client-verify", "ssl-client-subject-dn", "ssl-client-issuer-dn"}
AT_A_BACKEND = "tls at the backend: "


def test(t):
    demo = t.process([t.program, "demo", "--port", "0", "--http-port", "0", "--metrics", ":0",
                      "--admin", "127.0.0.1:0"], name="demo")
    eventually("the demo is ready", lambda: ready(demo), 30)
    guide = demo.output.partition("Below is")[0]
    tried = [Line(*found) for found in
             re.findall(r"^# (.*)\n# prints (.*)\n(curl .*)$", guide, re.MULTILINE)]
    assert len(tried) == len(re.findall("^curl ", guide, re.MULTILINE)), guide
    for line in tried:
        line.does_what_it_promises()

    for name, fields in (("offload", TOLD), ("passthrough", set()), ("reencrypt", TOLD),
                         ("mtls, with ", TOLD | IDENTITY)):
        shown = the_one(tried, name).fields()
        assert set(shown) & (TOLD | IDENTITY) == fields, (name, shown)
        if fields:
            assert shown["X-Forwarded-Port"] == port_of(demo, "listener=https"), shown
            eventually("the request's line of the log",
                       lambda: f'"request_id":"{shown["X-Request-ID"]}"' in demo.output)
    assert AT_A_BACKEND not in the_one(tried, "mtls, without ").printed
    for name, seen in (("offload", "none, "), ("passthrough", "TLSv1.3"), ("reencrypt", "TLSv1.3"),
                       ("mtls, with ", "none, ")):
        assert AT_A_BACKEND + seen in the_one(tried, name).printed, name

    folder = pathlib.Path(re.search(r"--cacert (\S+)/ca\.crt", guide)[1])
    assert folder.is_dir()
    demo.signal(signal.SIGINT)
    assert demo.wait(15) == 0, demo.output
    assert not folder.exists(), f"{folder} is left behind"


class Line:
    """A curl line of the guide."""

    def __init__(self, what, prints, command):
        self.what, self.command, self.printed = what, command, ""
        self._promised = re.findall(r'"([^"]+)"', prints)

    def does_what_it_promises(self):
        done = subprocess.run(["sh", "-c", self.command], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=30)
        self.printed = done.stdout
        assert done.returncode == 0 and self._promised, (self.command, done)
        for text in self._promised:
            assert text in done.stdout, (self.command, text, done.stdout)

    def fields(self):
        """Of the request as the backend shows it."""
        return dict(re.findall(r"^    (\S+): (.*)$", self.printed, re.MULTILINE))


def the_one(lines, beginning):
    line, = [line for line in lines if line.what.startswith(beginning)]
    return line


def port_of(demo, which):
    """None as long as the demo has not said it."""
    found = re.search(rf"^\S+ info .*{which} address=\S+:(\d+)$", demo.output, re.MULTILINE)
    return found and found[1]


def ready(demo):
    assert demo.alive, demo.output
    port = port_of(demo, "metrics")
    return port and subprocess.run(["curl", "-s", f"http://127.0.0.1:{port}/readyz"],
                                   capture_output=True, text=True).stdout == "ready\n"


if __name__ == "__main__":
    main(test)
