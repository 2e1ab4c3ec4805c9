#!/usr/bin/env python3
"""The style as a test: layers point one way, libraries stay in their rooms, lines are 100 columns.

Prints `file:line: what is wrong, and what would be right` for each finding; exit status 1 if any.
"""
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# The longest prefix of a file's path says its layer. A file may include its own layer's directory
# and lower layers; never a higher one, and never a neighbour in the same layer but as listed.
LAYERS = {
    "dataplane/base/": 0,
    "dataplane/model/": 1,
    "dataplane/wire/": 1,
    "dataplane/io/": 1,
    "dataplane/tls/": 2,
    "dataplane/observe/": 2,
    "dataplane/service/": 3,
    "dataplane/route/": 4,
    "dataplane/relay/": 5,
    "dataplane/session/": 6,
    "dataplane/": 7,
    "control/": 8,
    "control/main.cc": 9,
}
# Neighbours in one layer that may meet, from left to right.
NEIGHBOURS = {("dataplane/io/", "dataplane/model/"), ("dataplane/wire/", "dataplane/model/")}

# Libraries and who may include them.
ROOMS = {
    r"openssl/": ("dataplane/tls/", "control/pki/", "control/demo/", "bench/", "tests/"),
    r"uv\.h": ("dataplane/io/", "tests/"),
    r"ares(_\w+)?\.h": ("dataplane/io/", "tests/"),
    r"nghttp2/": ("dataplane/wire/h2_frames.cc", "bench/", "tests/"),
    r"re2/": ("dataplane/model/", "control/kube/"),
    r"yaml-cpp/": ("control/file/",),
    r"rapidjson/": ("control/", "dataplane/observe/", "bench/", "tests/"),
    r"simdjson\.h": ("control/kube/", "tests/"),
    r"curl/": ("control/ocsp/", "control/kube/"),
    r"CLI/": ("control/main.cc", "control/pki_command.cc", "bench/"),
    r"sys/epoll\.h": ("dataplane/io/", "bench/", "tests/"),
}

BANNED = [
    # But in names that others have given, such as upstream-vhost.
    (re.compile(r"(?<!-)\b(up|down)stream(?!-)", re.I), "say client or backend"),
    (re.compile(r"\bTODO\b|\bFIXME\b|\bXXX\b"), "finish it, or take it out"),
    (re.compile(r"using namespace std;"), "name what is used"),
    (re.compile(r"\bdelete this\b"), "bury it (io/loop.h)"),
]

findings = []


def find(path, number, text):
    findings.append(f"{path}:{number}: {text}")


def layer_of(path):
    best = max((p for p in LAYERS if path.startswith(p)), key=len, default=None)
    return best, LAYERS.get(best)


def check_include(path, number, target, quoted):
    if quoted:
        mine, level = layer_of(path)
        theirs, other = layer_of(target)
        if level is None or other is None:
            if path.startswith(("dataplane/", "control/")) and target.startswith(("tests/", "bench/")):
                find(path, number, f"the program includes {target}: move it into the program")
            return
        if other > level:
            find(path, number, f"includes upward: {mine or path} (layer {level}) must not know {target} (layer {other})")
        elif other == level and mine != theirs and level < 7 and (mine, theirs) not in NEIGHBOURS:
            find(path, number, f"includes sideways: {mine} must not know {theirs}")
        return
    for room, allowed in ROOMS.items():
        if re.match(room + r"$" if room.endswith(r"\.h") else room, target) and not path.startswith(allowed):
            find(path, number, f"<{target}> belongs to {', '.join(allowed)}")


def check_file(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    if not text.endswith("\n"):
        find(path, text.count("\n") + 1, "the last line has no end")
    source = path.endswith((".h", ".cc"))
    if path.endswith(".h") and "#pragma once" not in text:
        find(path, 1, "no #pragma once")
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            find(path, number, "white space at the end of the line")
        if source and len(line) > 100:
            find(path, number, f"{len(line)} columns: at most 100")
        if "\t" in line and source:
            find(path, number, "a tab: use spaces")
        if source:
            if match := re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line):
                check_include(path, number, match[2], match[1] == '"')
            for pattern, advice in BANNED:
                if pattern.search(line):
                    find(path, number, f"“{pattern.search(line)[0]}”: {advice}")


# A class of the same name in another header of its namespace breaks C++'s rule of one definition,
# which no compiler sees: both become one, with the first one's members.
DEFINITION = re.compile(r"^(?:class|struct|union|enum(?: class)?) (\w+)\b(?!::|.*;$)", re.M)


def check_definitions(headers):
    places = {}
    for path in headers:
        text = (ROOT / path).read_text(encoding="utf-8")
        space = re.search(r"^namespace ([\w:]+) \{", text, re.M)
        for match in DEFINITION.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            name = (space[1] if space else "", match[1])
            if (first := places.setdefault(name, path)) != path:
                find(path, line, f"{match[1]} is defined in {first}, too: call one of them something else")


def main():
    git = shutil.which("git")
    listed = git and subprocess.run([git, "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed and listed.returncode == 0:
        files = listed.stdout.split()
    else:  # a source tree without git, or a machine
        files = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file() and not {"build", "__pycache__", "node_modules"} & set(p.parts)]
    checked = [f for f in files if f.endswith((".h", ".cc", ".py", ".sh")) and (ROOT / f).exists()]
    for path in checked:
        check_file(path)
    check_definitions(f for f in checked if f.endswith(".h") and not f.startswith("tests/"))
    top = {f.split("/")[0] for f in files}
    allowed = {"CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md", "dataplane", "control",
               "conf", "bench", "tests", "packaging"}
    for name in sorted(top - allowed):
        if not name.startswith("."):
            find(name, 1, "not one of the fixed folders and files of the top level")
    for line in findings:
        print(line)
    print(f"tidy: {len(checked)} files, {len(findings)} findings")
    return 1 if findings or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
