"""`sallyport demo` prints curl lines, each under a sentence that says what it does. Here each
line is run as it stands, in a shell, and must do that; at the end the demo leaves nothing
behind."""

import sys

sys.path.append(sys.path[0] + "/..")
import pathlib
import re
import signal
import subprocess

from support.ports import free_port
from support.scenario import main
from support.waiting import eventually

# What the first line of the answer is, and what the backend's account of the connection says.
PROMISED = {
    "offload": ("offload", "it came as plain text"),
    "passthrough": ("passthrough", "server name: passthrough.localhost"),
    "reencrypt": ("reencrypt", "client certificate: "),
    "mtls": ("mtls", "it came as plain text"),
}


def test(t):
    port, metrics, admin = free_port(), free_port(), free_port()
    demo = t.process([t.program, "demo", "--port", str(port), "--metrics", f":{metrics}",
                      "--admin", f"127.0.0.1:{admin}"], name="demo")
    eventually("the demo is ready", lambda: ready(demo, metrics), 30)
    guide = demo.output
    lines = [line for line in guide.splitlines() if line.startswith("curl ")]
    assert len(lines) >= 7, guide

    served = set()
    for line in lines:
        done = subprocess.run(["sh", "-c", line], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=30)
        host = re.search(r"https://(\w+)\.localhost", line)
        if host is None:
            expected = "sallyport_" if line.endswith("/metrics") else '"total"'
            assert done.returncode == 0 and expected in done.stdout, (line, done)
        elif host[1] == "mtls" and "--cert" not in line:
            assert done.returncode == 56 and "certificate required" in done.stderr, (line, done)
            served.add("mtls without a certificate")
        else:
            first, account = PROMISED[host[1]]
            assert done.returncode == 0, (line, done)
            assert done.stdout.startswith(first) and account in done.stdout, (line, done)
            served.add(host[1])
    assert served == {*PROMISED, "mtls without a certificate"}, served

    folder = pathlib.Path(re.search(r"--cacert (\S+)/ca\.crt", guide)[1])
    assert folder.is_dir()
    demo.signal(signal.SIGINT)
    assert demo.wait(15) == 0, demo.output
    assert not folder.exists(), f"{folder} is left behind"


def ready(demo, metrics):
    assert demo.alive, demo.output
    done = subprocess.run(["curl", "-s", f"http://127.0.0.1:{metrics}/readyz"],
                          capture_output=True, text=True)
    return done.stdout == "ready\n"


if __name__ == "__main__":
    main(test)
