"""PostgreSQL's own server and psql, from Debian's packages."""

import os
import pathlib
import shutil
import subprocess

from .ports import free_port
from .scenario import Skip
from .waiting import eventually

USER = "postgres"


class Postgres:
    """One database per instance; whoever comes from this machine may come in. `secret` is a folder
    with tls.crt and tls.key; without it the server has no TLS."""

    def __init__(self, t, name, secret=None):
        programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not programs or not shutil.which("psql"):
            raise Skip("PostgreSQL is not installed")
        self._bin = programs[-1].parent
        # The server refuses to be root.
        self._as = ["runuser", "-u", USER, "--"] if os.geteuid() == 0 else []
        folder = t.folder / name
        folder.mkdir(mode=0o700)
        t.folder.chmod(0o711)
        if self._as:
            shutil.chown(folder, USER)
        data = folder / "data"
        self._run("initdb", "-D", data, "-U", USER, "--auth=trust", "--no-sync")
        tls = ["-c", "ssl=off"]
        if secret:
            for file in ("tls.crt", "tls.key"):
                shutil.copy(secret / file, folder / file)
                (folder / file).chmod(0o600)
                if self._as:
                    shutil.chown(folder / file, USER)
            tls = ["-c", "ssl=on", "-c", f"ssl_cert_file={folder}/tls.crt",
                   "-c", f"ssl_key_file={folder}/tls.key"]
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        t.process([*self._as, self._bin / "postgres", "-D", data, "-p", self.port, "-F",
                   "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", *tls],
                  name=name, cwd=folder)
        eventually(f"{name} is ready", lambda: ask(self.port, "localhost", "select 1")[0] == "1",
                   within=60)

    def _run(self, program, *arguments):
        subprocess.run([*self._as, self._bin / program, *map(str, arguments)], check=True,
                       capture_output=True, cwd="/")


def ask(port, host, query, **options):
    """(what psql prints, what it complains about)."""
    words = {"host": host, "hostaddr": "127.0.0.1", "port": port, "user": USER,
             "dbname": "postgres", "connect_timeout": 20, **options}
    done = subprocess.run(["psql", "-XAtw", "-c", query,
                           " ".join(f"{k}={v}" for k, v in words.items())],
                          capture_output=True, text=True, cwd="/",
                          env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"})
    return done.stdout.strip(), done.stderr.strip()
