"""The other half of the refusal table: a backend that answers so. Its client gets 502, or, where the
head was good and the body is not, a transfer that is visibly broken; and the connection to that
backend is not used again. The valid neighbour of each row is passed on whole."""

import sys

sys.path.append(sys.path[0] + "/..")
import zlib

from support.channel import Cut
from support.http import Broken, Client, Ended
from support.http_backend import ScriptedBackend
from support.http_refusals import HOST, responses, ways_to
from support.scenario import main
from support.waiting import eventually

TIMEOUT = 240
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"


class Script:
    """What both backends answer next, once; then they answer well."""

    def __init__(self):
        self.next = GOOD, "stay"

    def __call__(self, _):
        said, self.next = self.next, (GOOD, "stay")
        return said


def test(t):
    script = Script()
    plain = t.keep(ScriptedBackend(script))
    tls = t.keep(ScriptedBackend(script, tls=t.backend_tls()))
    _, ports = ways_to(t, plain, tls)
    faults = []
    for way, port in ports.items():
        backend = tls if way == "reencrypt" else plain
        for row in responses():
            for how in (refused, passed_on):
                for method in (row.to, "GET 1.0") if row.to == "GET" else (row.to,):
                    if t.sanitizer and way != "plain" and zlib.crc32(row.name.encode()) % 4:
                        continue
                    channel = t.connect(port, None if way == "plain" else HOST, timeout=8)
                    try:
                        with Client(channel, HOST) as client:
                            how(client, row, backend, script, method)
                    except (AssertionError, Ended, Cut, Broken, TimeoutError) as error:
                        faults.append(f"{way}, {how.__name__}, {method}, {row}\n    {error!r}")
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults[:40])


def refused(client, row, backend, script, method):
    method, _, minor = method.partition(" 1.")
    minor = int(minor or 1)
    script.next = row.refused, "stay"
    client.request(method, fields=upgrade(row.refused), minor=minor)
    try:
        response = client.response(method)
        assert response.status == 502, response
        assert response.body or method == "HEAD", "no page"
    except (Broken, Cut) as broken:
        assert row.in_body, broken
    finally:
        script.next = GOOD, "stay"
    bad = backend.seen[-1]
    eventually("the connection to the backend is over", lambda: bad.over)


def passed_on(client, row, backend, script, method):
    method, _, minor = method.partition(" 1.")
    minor = int(minor or 1)
    # A body without a length is over with its connection.
    endless = b"\r\n\r\nhello" in row.valid and b"ontent-" not in row.valid
    script.next = row.valid, "end" if endless or b"close" in row.valid else "stay"
    client.request(method, fields=upgrade(row.valid), minor=minor)
    response = client.response(method)
    if minor == 0 and row.valid.startswith(b"HTTP/1.1 101"):
        assert response.status == 502, response  # nothing to upgrade in HTTP/1.0
        return
    final = row.valid.rpartition(b"HTTP/1.")[2]
    assert response.status == int(final[2:5]), response
    if final.endswith(b"hello") or b"\r\nhello\r\n" in final:
        assert response.body == b"hello", response


def upgrade(answer):
    return {"Connection": "upgrade", "Upgrade": "websocket"} if b" 101 " in answer else {}


if __name__ == "__main__":
    main(test)
