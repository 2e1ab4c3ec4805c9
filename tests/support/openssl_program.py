"""OpenSSL's own s_client and s_server, spoken to as by somebody at a terminal."""

import subprocess

from support.waiting import eventually


class OpensslProgram:
    """Speaks TLS 1.3 and tells each message of it."""

    def __init__(self, t, command, *arguments):
        self._command, self._said = command, t.folder / command
        # Not a pipe: it would have to be read for the program to go on.
        with open(self._said, "wb") as out:
            self._process = subprocess.Popen(
                ["openssl", command, "-tls1_3", "-msg", *map(str, arguments)],
                stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()

    def type(self, line):
        """One that begins with K asks for new keys, with all that is read with it."""
        self._process.stdin.write(line)
        self._process.stdin.flush()

    def says(self, what, times=None):
        """So often, or at all."""
        def seen():
            count = self._said.read_bytes().count(what)
            return count > 0 if times is None else count == times
        eventually(f"{self._command} says {what}", seen, 30)
