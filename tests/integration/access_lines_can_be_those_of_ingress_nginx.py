"""`access_log.format: nginx` writes what tools for ingress-nginx's default `log-format-upstream`
read: each line is matched as a whole and each of its values compared. Connections without a
request have its default format for streams."""

import sys

sys.path.append(sys.path[0] + "/..")
import datetime
import re
import time

from support.http_backend import echo
from support.http_front import WAYS, Front
from support.scenario import main
from support.waiting import eventually

# $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer"
# "$http_user_agent" $request_length $request_time [$proxy_upstream_name]
# [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length
# $upstream_response_time $upstream_status $req_id
UPSTREAM = re.compile(
    r'(?P<client>\S+) - (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<request>[^"]*)" '
    r'(?P<status>\d{3}) (?P<sent>\d+) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)" '
    r'(?P<length>\d+) (?P<seconds>\d+\.\d{3}) \[(?P<service>[^\]]*)\] \[(?P<alternative>[^\]]*)\] '
    r'(?P<endpoint>\S+) (?P<backend_length>\d+|-) (?P<backend_seconds>\d+\.\d{3}|-) '
    r'(?P<backend_status>\d{3}|-) (?P<id>\S+)')
STREAM = re.compile(r"\[(?P<client>\S+)\] \[(?P<time>[^\]]+)\] TCP (?P<status>\d{3}) "
                    r"(?P<sent>\d+) (?P<received>\d+) (?P<seconds>\d+\.\d{3})")
SLOW_SECONDS = 0.3


def respond(request, answer):
    if request.target == "/slow":
        answer.read_body()
        time.sleep(SLOW_SECONDS)  # which is what is to be logged
        answer.whole(b"at last")
    elif request.target == "/waits":
        answer.wait_for_end()
    elif request.target == "/dies":
        answer.reset()
    else:
        echo(request, answer)


def test(t):
    front = Front(t, respond)
    log = t.folder / "nginx.log"
    front.proxy.file.write_text(front.proxy.file.read_text().replace(
        f"path: {front.proxy.access_log}", f"path: {log}, format: nginx"))
    assert front.proxy.hang_up() == "applied"
    logged = Lines(log)
    for way in WAYS:
        values(front, logged, way)
        failures(front, logged, way)
    front.client("offload").close()
    line = logged.next(STREAM)
    assert (line["client"], line["status"], line["sent"]) == ("127.0.0.1", "200", "0"), line
    logged.nothing_more()


class Lines:
    """Takes the lines as they come, each once."""

    def __init__(self, file):
        self._file, self._taken = file, 0

    def next(self, form=UPSTREAM):
        def there():
            lines = self._all()
            return len(lines) > self._taken and lines
        line = eventually("one more line", there)[self._taken]
        self._taken += 1
        match = form.fullmatch(line)
        assert match, line
        return match.groupdict()

    def nothing_more(self):
        assert len(self._all()) == self._taken, self._all()[self._taken:]

    def _all(self):
        text = self._file.read_text() if self._file.exists() else ""
        return text.rpartition("\n")[0].splitlines()


def values(front, logged, way):
    backend = front.backend(way)
    response = front.ask(way, "/a?b=%22&c=[d]", {"User-Agent": 'curl "\\" é',
                                                 "Referer": "http://r/"},
                         "POST", body=b"x" * 1000)
    line = logged.next()
    now = datetime.datetime.now(datetime.timezone.utc)
    when = datetime.datetime.strptime(line["time"], "%d/%b/%Y:%H:%M:%S %z")
    assert abs((now - when).total_seconds()) < 10, line
    fields = {n.lower(): v for n, v in backend.requests[-1].fields}
    check(line, {
        "client": "127.0.0.1", "user": "-", "request": "POST /a?b=%22&c=[d] HTTP/1.1",
        "status": "200", "sent": str(len(response.body)), "referer": "http://r/",
        "agent": r"curl \x22\x5C\x22 \xE9", "service": "again" if way == "reencrypt" else "plain",
        "alternative": "", "endpoint": backend.address, "backend_status": "200",
        "backend_length": str(len(response.body)), "id": fields["x-request-id"]})
    assert 1000 < int(line["length"]) < 1300, line

    front.ask(way, "/slow")
    line = logged.next()
    for key in ("seconds", "backend_seconds"):
        assert SLOW_SECONDS - 0.01 <= float(line[key]) < SLOW_SECONDS + 3, (key, line)


def failures(front, logged, way):
    with front.client(way) as client:
        client.send(b"GET / HTTP/1.1\r\nHost : x\r\n\r\n")
        assert client.response().status == 400, way
    check(logged.next(), {"request": "", "status": "400", "service": "-", "endpoint": "-",
                          "backend_length": "-", "backend_seconds": "-", "backend_status": "-"})
    with front.client(way) as client:
        assert client.get("/dies", method="POST", body=b"").status == 502, way
    check(logged.next(), {"request": "POST /dies HTTP/1.1", "status": "502",
                          "endpoint": front.backend(way).address, "backend_status": "-"})
    client = front.client(way)
    client.request("GET", "/waits")
    backend = front.backend(way)
    eventually("the backend has it", lambda: backend.requests[-1].target == "/waits")
    client.reset()
    check(logged.next(), {"request": "GET /waits HTTP/1.1", "status": "499", "sent": "0"})
    front.ask(way, "/bytes/1000000", {"Connection": "close"})
    check(logged.next(), {"status": "200", "sent": "1000000", "backend_length": "1000000"})


def check(line, expected):
    wrong = {k: (v, line[k]) for k, v in expected.items() if line[k] != v}
    assert not wrong, f"(expected, logged): {wrong} in {line}"


if __name__ == "__main__":
    main(test)
