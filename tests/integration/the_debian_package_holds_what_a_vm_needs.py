"""The Debian package holds the program, a unit that systemd takes, a configuration that passes the
program's own check, and nothing that others may write; it depends on the libraries that the program
is linked with. Unpacked, the program serves."""

import sys

sys.path.append(sys.path[0] + "/..")
import pathlib
import shutil

from support.process import run
from support.scenario import Skip, main

ROOT = pathlib.Path(__file__).resolve().parents[2]

TIMEOUT = 120


def test(t):
    for tool in ("dpkg-deb", "objdump"):
        if not shutil.which(tool):
            raise Skip(f"no {tool} here")
    done = run([ROOT / "packaging/debian/build.sh", t.program.resolve()], 200)
    assert done.returncode == 0, done.stderr
    package = max((ROOT / "build").glob("sallyport_*.deb"), key=lambda f: f.stat().st_mtime)
    folder = t.folder / "package"
    assert run(["dpkg-deb", "-x", package, folder]).returncode == 0
    depends = run(["dpkg-deb", "-f", package, "Depends"]).stdout
    for library in ("libc6 ", "libssl3", "libuv1", "libyaml-cpp"):
        assert library in depends, depends
    for line in run(["dpkg-deb", "-c", package]).stdout.splitlines():
        mode, owner = line.split()[:2]
        assert owner == "root/root" and mode[5] != "w" and mode[8] != "w", line
    conffiles = run(["dpkg-deb", "-I", package, "conffiles"]).stdout.split()
    assert "/etc/sallyport/sallyport.yaml" in conffiles, conffiles

    program = folder / "usr/bin/sallyport"
    done = run([program, "check", "-c", folder / "etc/sallyport/sallyport.yaml"])
    assert done.returncode == 0, done.stderr
    assert run([program, "version"]).stdout.startswith("sallyport "), "it does not run"
    if shutil.which("systemd-analyze"):
        unit = t.folder / "sallyport.service"
        text = (folder / "lib/systemd/system/sallyport.service").read_text()
        unit.write_text(text.replace("/usr/bin/sallyport", str(program)))
        done = run(["systemd-analyze", "verify", unit])
        assert done.returncode == 0 and "sallyport" not in done.stderr, done.stderr


if __name__ == "__main__":
    main(test)
