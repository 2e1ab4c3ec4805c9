"""The proxy's own answers are small pages with the id of the request, which is in the access log
too: HTML, JSON or text by the client's Accept. None to HEAD."""

import sys

sys.path.append(sys.path[0] + "/..")
import json
import socket

from support.http_front import WAYS, Front
from support.scenario import main

FORMS = {
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": "text/html",
    "text/html": "text/html",
    "application/json": "application/json",
    "application/json, text/plain;q=0.5": "application/json",
    "text/plain": "text/plain",
    "text/html;q=0.1, application/json": "application/json",
    "text/html;q=0, text/plain": "text/plain",
}


def test(t):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, and never listening
        dead = "127.0.0.1:%d" % nobody.getsockname()[1]
        front = Front(t, sites="".join(
            f"  - {{host: dead-{way}.test, listeners: [{listener}], scenario: offload{secret}, "
            f"routes: [{{path: /dead, service: dead}}]}}\n"
            for way, listener, secret in (("plain", "http", ""),
                                          ("offload", "https", ", secret: site"))),
            services=f'  - {{name: dead, endpoints: ["{dead}"]}}\n',
            hosts=("dead-offload.test",))
        for way in WAYS[:2]:
            host = f"dead-{way}.test"
            for path, status in (("/dead", 502), ("/not/there", 404), ("/../x", 400)):
                for accept, form in FORMS.items():
                    with front.client(way, host) as client:
                        response = client.get(path, {"Accept": accept})
                    check(response, status, form, (way, path, accept))
                    check_id(front, response, path)
                with front.client(way, host) as client:
                    response = client.get(path, method="HEAD")
                    assert response.status == status and not response.body, (way, path, response)
                for accept in (None, "*/*", "image/png", "text/*", "complete nonsense;;q=x"):
                    with front.client(way, host) as client:
                        response = client.get(path, {"Accept": accept} if accept else {})
                    assert response.status == status and response.body, (way, path, response)
                    kind = response["Content-Type"].partition(";")[0]
                    assert kind in ("text/html", "text/plain", "application/json"), response


def check(response, status, form, where):
    assert response.status == status, (where, response)
    assert response["Content-Type"].partition(";")[0] == form, (where, response)
    assert len(response.body) < 4096, (where, len(response.body))
    text = response.body.decode()
    assert str(status) in text, (where, text)
    if form == "application/json":
        json.loads(text)
    assert ("<html" in text.lower()) == (form == "text/html"), (where, text)
    assert "evil" not in text


def check_id(front, response, path):
    """The id in the page is that of a line of the access log."""
    def known():
        lines = front.proxy.access_lines()
        return [x for x in lines if (i := x.get("request_id")) and i in response.body.decode()]
    from support.waiting import eventually
    line, = eventually("an access line with that id", known)
    assert line["status"] == response.status, (path, line)


if __name__ == "__main__":
    main(test)
