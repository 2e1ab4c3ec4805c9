"""A browser: headless Chromium loads a page with 50 resources (images, scripts, style sheets,
frames) through offload and reencrypt, over HTTP/2, from backends of HTTP/1.1 and of HTTP/2. The page
itself counts what has come, by what it does; the backend counts what was asked for, on how many
connections. SALLYPORT_FULL=1: 200 resources, and the browser in HTTP/1.1 as well."""

import sys

sys.path.append(sys.path[0] + "/..")
import html
import json
import os
import re

from support.browser import dump, key_hash
from support.http_front import TLS_WAYS, Front
from support.node import node_server
from support.scenario import main

FULL = bool(os.environ.get("SALLYPORT_FULL"))
TIMEOUT = 300
TIMES = 4 if FULL else 1
IMAGES, SCRIPTS, STYLES, FRAMES = 20 * TIMES, 15 * TIMES, 10 * TIMES, 5 * TIMES
RESOURCES = IMAGES + SCRIPTS + STYLES + FRAMES

PAGE = f"""<!doctype html><title>fifty</title><link rel="icon" href="data:,">
{"".join(f'<link rel="stylesheet" href="/style/{i}.css">' for i in range(STYLES))}
<body>
{"".join(f'<p id="p{i}">{i}</p>' for i in range(STYLES))}
{"".join(f'<img src="/image/{i}.svg">' for i in range(IMAGES))}
{"".join(f'<iframe src="/frame/{i}.html"></iframe>' for i in range(FRAMES))}
{"".join(f'<script src="/script/{i}.js"></script>' for i in range(SCRIPTS))}
<pre id="result"></pre>
<script>
addEventListener('load', () => {{
  const entries = performance.getEntriesByType('resource');
  const all = (what) => [...document.querySelectorAll(what)];
  document.getElementById('result').textContent = JSON.stringify({{
    images: all('img').filter((i) => i.complete && i.naturalWidth === 17).length,
    styles: all('p').filter((p, i) => getComputedStyle(p).zIndex === `${{1000 + i}}`).length,
    scripts: window.ran,
    frames: all('iframe').filter((f) => f.contentDocument.body.textContent.startsWith('frame '))
        .length,
    entries: entries.filter((e) => e.responseStatus === 200).length,
    protocols: [...new Set(entries.map((e) => e.nextHopProtocol))],
  }});
}});
</script>
"""


def resource(what, number):
    """Its type, and itself."""
    return {
        "image": ("image/svg+xml", '<svg xmlns="http://www.w3.org/2000/svg" width="17" height="4"/>'
                  + " " * (number * 5000)),
        "style": ("text/css", f"#p{number} {{ position: relative; z-index: {1000 + number} }}"),
        "script": ("text/javascript", f"window.ran = (window.ran || 0) + 1; /*{'x' * 10_000}*/"),
        "frame": ("text/html", f"<!doctype html><body>frame {number}"),
    }[what]


def respond(request, answer):
    """Even ones with a length, odd ones in chunks."""
    match = re.fullmatch(r"/(image|style|script|frame)/(\d+)\.\w+", request.target)
    if not match:
        found = request.target == "/"
        return answer.whole(PAGE.encode() if found else b"no", "200 OK" if found else "404 No",
                            [("Content-Type", "text/html")])
    number = int(match[2])
    kind, body = resource(match[1], number)
    fields = [("Content-Type", kind), ("Cache-Control", "no-store")]
    if number % 2:
        return answer.in_chunks(*re.findall(b".{1,3000}", body.encode(), re.S), fields=fields)
    return answer.whole(body.encode(), fields=fields)


class FileBackend:
    """The same as files, over HTTP/2."""

    def __init__(self, t, tls):
        folder = t.folder / f"page-{tls}"
        folder.mkdir()
        (folder / "index.html").write_text(PAGE)
        for what, ending, count in (("image", "svg", IMAGES), ("style", "css", STYLES),
                                    ("script", "js", SCRIPTS), ("frame", "html", FRAMES)):
            (folder / what).mkdir()
            for i in range(count):
                (folder / what / f"{i}.{ending}").write_text(resource(what, i)[1])
        self.address = node_server(t, "file_server.js", tls, str(folder))


def from_http2(t):
    front = Front(t, plain=FileBackend(t, False), tls=FileBackend(t, True), workers=2,
                  service_keys=", protocol: http2", name="http2")
    key = key_hash(front.site_secret)
    for way in TLS_WAYS:
        assert load(t, front, way, key) == whole("h2"), way
        lines = front.proxy.access_lines(site=f"{way}.test", status=200)
        assert len(lines) == RESOURCES + 1, (way, len(lines))
        if FULL:
            assert load(t, front, way, key, "--disable-http2") == whole("http/1.1"), way


def test(t):
    front = Front(t, respond, workers=2)
    key = key_hash(front.site_secret)
    for way in TLS_WAYS:
        backend = front.backend(way)
        told = load(t, front, way, key)
        print(way, told, len(backend.seen), "connections to the backend")
        assert told == whole("h2"), (way, told)
        asked = [r.target for r in backend.requests]
        assert sorted(set(asked)) == sorted(asked), f"asked twice: {way} {asked}"
        assert len(asked) == RESOURCES + 1, (way, len(asked))
        # Over HTTP/2 it asks for all of them at once, and each has a connection of its own then.
        assert len(backend.seen) <= RESOURCES + 1, (way, len(backend.seen))
        if FULL:
            assert load(t, front, way, key, "--disable-http2") == whole("http/1.1"), way
    from_http2(t)


def whole(protocol):
    return {"images": IMAGES, "styles": STYLES, "scripts": SCRIPTS, "frames": FRAMES,
            "entries": RESOURCES, "protocols": [protocol]}


def load(t, front, way, key, *options):
    """What the page says of itself once it has loaded."""
    shown = dump(t, front.https_port, f"{way}.test", key, *options)
    match = re.search(r'<pre id="result">(.+?)</pre>', shown)
    assert match, (way, shown[-2000:])
    return json.loads(html.unescape(match[1]))


if __name__ == "__main__":
    main(test)
