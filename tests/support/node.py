"""Node.js programs of tests/node, and the packages that they need."""

import fcntl
import pathlib

from .process import run

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "node"


def node(t, script, *arguments, name=None):
    """Runs a script of tests/node; its options are words in the order that it says."""
    return t.process(["node", FOLDER / script, *arguments], name=name or pathlib.Path(script).stem)


def node_server(t, script, tls=False, *words):
    """One that prints `listening PORT`; with tls it is backend.test. Returns its address."""
    arguments = []
    if tls:
        secret = t.authority.issue("backend.test", dns=("backend.test", "passthrough.test"))
        arguments = [secret / "tls.crt", secret / "tls.key"]
    name = f"{pathlib.Path(script).stem}-{'tls' if tls else 'plain'}"
    names = (name, *(pathlib.Path(word).name for word in words))
    server = node(t, script, *arguments, *words, name="-".join(names))
    server.wait_for_output("listening ")
    return "127.0.0.1:" + server.output.split("listening ")[1].split()[0]


def install():
    """What package-lock.json says, if it is not there yet."""
    with open(FOLDER / "package-lock.json") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # scenarios run at the same time
        if (FOLDER / "node_modules" / ".package-lock.json").exists():
            return
        done = run(["npm", "ci", "--prefix", FOLDER, "--no-fund", "--no-audit"], 120)
        assert done.returncode == 0, done
