"""The load generators that everybody has: wrk with keep-alive, `ab` with and without, through
offload and reencrypt. No socket error, no failed request, nothing but 2xx; and the proxy has
counted every answer that they counted."""

import sys

sys.path.append(sys.path[0] + "/..")
import re

from support.localhost import WAYS, bench_front
from support.process import run
from support.scenario import main
from support.waiting import eventually

ALONE = True
REQUESTS = 2000


def test(t):
    front = bench_front(t, workers=2)
    for way in WAYS:
        wrk(front, way)
        for keep_alive in (True, False):
            ab(front, way, keep_alive, REQUESTS if not t.sanitizer else REQUESTS // 4)


def wrk(front, way):
    before = answered(front)
    done = run(["wrk", "-t", "2", "-c", "32", "-d", "2s", "--latency", front.url(way, "/1k")])
    assert done.returncode == 0, done
    print(way, " ".join(re.findall(r"(?:Requests/sec|99%).*", done.stdout)))
    assert "Socket errors" not in done.stdout, (way, done.stdout)
    assert "Non-2xx" not in done.stdout, (way, done.stdout)
    count = int(re.search(r"(\d+) requests in", done.stdout)[1])
    assert count > 100, (way, done.stdout)
    # wrk leaves when its time is up, whatever is under way.
    eventually("all are counted", lambda: answered(front) - before >= count)


def ab(front, way, keep_alive, count):
    before = answered(front)
    done = run(["ab", *(["-k"] if keep_alive else []), "-q", "-c", "16", "-n", count,
                front.url(way, "/1k")], 60)
    assert done.returncode == 0, (way, done)
    said = {key: int(value) for key, value in
            re.findall(r"^([A-Z][A-Za-z0-9 -]+):\s+(\d+)$", done.stdout, re.M)}
    assert said["Complete requests"] == count, (way, done.stdout)
    assert said["Failed requests"] == 0, (way, done.stdout)
    assert "Non-2xx responses" not in said, (way, done.stdout)
    assert said.get("Keep-Alive requests", 0) == (count if keep_alive else 0), (way, done.stdout)
    assert "Document Length:        1024 bytes" in done.stdout, (way, done.stdout)
    eventually("all are counted", lambda: answered(front) - before == count)
    print(way, "ab", "-k" if keep_alive else "  ",
          re.search(r"Requests per second.*", done.stdout)[0])


def answered(front):
    return front.proxy.metrics().sum("sallyport_http_requests_total", status="2xx")


if __name__ == "__main__":
    main(test)
