"""How often a process allocates, by a library that is compiled here and preloaded into it."""

import bisect
import collections
import os
import pathlib
import struct
import subprocess

_SOURCE = pathlib.Path(__file__).with_name("allocation_counter.c")
_SITES, _FRAMES = 256, 16
_HEAD = 5 * 8
_SIZE = _HEAD + 8 * _SITES * _FRAMES


class Allocations:
    """`environment` is for the process to watch; count() its allocations so far, as a pair: its own
    and those of OpenSSL."""

    def __init__(self, folder):
        library = pathlib.Path(folder) / "allocations.so"
        done = subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, _SOURCE, "-ldl"],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        self._file = pathlib.Path(folder) / "allocations"
        self._file.write_bytes(bytes(_SIZE))
        self.environment = os.environ | {"LD_PRELOAD": str(library),
                                         "ALLOCATION_COUNTS": str(self._file)}

    def count(self):
        return struct.unpack("QQ", self._file.read_bytes()[:16])

    def bytes(self):
        """That are in use now, give or take what was allocated before the counting began."""
        return struct.unpack("q", self._file.read_bytes()[32:40])[0]

    def note_sites(self):
        """From now on, where the next 256 come from."""
        with open(self._file, "r+b") as file:
            file.seek(16)
            file.write(struct.pack("QQ", 1, 0))

    def sites(self, pid, program):
        """Those noted, as (how often, how many bytes, functions from the inner to the outer), the
        commonest first. Functions of shared libraries show as the library's name."""
        data = self._file.read_bytes()
        used = min(_SITES, struct.unpack("Q", data[24:32])[0])
        words = struct.unpack(f"{_SITES * _FRAMES}Q", data[_HEAD:])
        symbols = _Symbols(pid, program)
        rows = [words[i * _FRAMES:(i + 1) * _FRAMES] for i in range(used)]
        found = collections.Counter(
            (row[0], tuple(symbols.name(w) for w in row[1:] if w)) for row in rows)
        return [(n, size, " < ".join(_shortened(names)))
                for (size, names), n in found.most_common()]


class _Symbols:
    def __init__(self, pid, program):
        self._maps = []
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            fields = line.split(maxsplit=5)
            if len(fields) == 6 and fields[5].startswith("/"):
                first, last = (int(a, 16) for a in fields[0].split("-"))
                self._maps.append((first, last, int(fields[2], 16), fields[5]))
        self._program = str(program)
        self._base = min(m[0] for m in self._maps if m[3] == self._program)
        listed = subprocess.run(["nm", "-C", "--defined-only", "-n", program], capture_output=True,
                                text=True).stdout
        self._names = [(int(a, 16), name) for a, kind, name in
                       (line.split(maxsplit=2) for line in listed.splitlines()
                        if len(line.split(maxsplit=2)) == 3) if kind in "tTwW"]

    def name(self, address):
        file = next((m[3] for m in self._maps if m[0] <= address < m[1]), "?")
        if file != self._program:
            return pathlib.Path(file).name
        at = bisect.bisect_right(self._names, (address - self._base, "\x7f")) - 1
        return self._names[at][1].split("(")[0] if at >= 0 else "?"


def _shortened(names):
    shown = []
    for name in names:
        if not shown or shown[-1] != name:
            shown.append(name)
    return shown[:8]
