"""The access log is JSON or what ingress-nginx writes, and changes from one to the other, and to
another file, with the configuration: nobody needs to send a signal."""

import sys

sys.path.append(sys.path[0] + "/..")
import json
import os
import pathlib
import re

from support.http_backend import WebBackend
from support.scenario import main
from support.waiting import eventually

NGINX = re.compile(
    r'^127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] '
    r'"GET /a\?b=%22 HTTP/1\.1" 200 \d+ "-" "an \\x22agent\\x22" \d+ \d+\.\d{3} '
    r'\[web\] \[\] 127\.0\.0\.1:(\d+) \d+ \d+\.\d{3} 200 [0-9a-f]{32}$')


def test(t):
    backend = t.keep(WebBackend())
    port = t.port()
    proxy = t.sallyport(f"""listeners:
  - {{name: http, address: "127.0.0.1:{port}", protocol: http}}
sites:
  - {{host: a.test, listeners: [http], scenario: offload, service: web}}
services:
  - {{name: web, endpoints: ["{backend.address}"]}}
""", settings="watch: true\n")
    before = proxy.file.read_text()
    ask(t, port)
    line = json.loads(eventually("a line is logged", lambda: lines(proxy.access_log))[0])
    assert line["kind"] == "request" and line["method"] == "GET" and line["status"] == 200, line
    assert line["path"] == "/a?b=%22" and line["user_agent"] == 'an "agent"', line
    assert line["endpoint"] == backend.address and line["service"] == "web", line

    other = pathlib.Path(t.folder) / "other.log"
    replace(proxy.file, before.replace(f"path: {proxy.access_log}",
                                       f"path: {other}, format: nginx"))

    def in_the_other_form():
        ask(t, port)
        match = NGINX.match(lines(other)[-1])
        assert match, lines(other)[-1]
        return backend.address.endswith(":" + match[1])

    eventually("lines come in the other file and form", in_the_other_form)

    # Back, on the file that is there.
    logged = len(lines(proxy.access_log))
    replace(proxy.file, before)

    def in_json_again():
        ask(t, port)
        assert len(lines(proxy.access_log)) > logged
        return json.loads(lines(proxy.access_log)[-1])["kind"] == "request"

    eventually("lines come in the old file and form again", in_json_again)


def ask(t, port):
    with t.connect(port) as channel:
        channel.send(b'GET /a?b=%22 HTTP/1.1\r\nHost: a.test\r\nUser-Agent: an "agent"\r\n'
                     b"Connection: close\r\n\r\n")
        assert channel.recv_to_end().startswith(b"HTTP/1.1 200 ")


def lines(file):
    """The whole ones."""
    return file.read_text().rpartition("\n")[0].splitlines()


def replace(file, text):
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    os.rename(fresh, file)


if __name__ == "__main__":
    main(test)
