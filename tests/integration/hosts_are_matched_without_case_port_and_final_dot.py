"""The site is chosen by the Host field's name: its case, its port and a final dot do not count.
A name that no site has is 404 from the proxy on a plain listener, unless there is a site "*"; what
the backend sees as Host is what the client said."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.http_backend import WebBackend
from support.http_front import Front, account, values
from support.scenario import main


def test(t):
    wild = t.keep(WebBackend(name="wild"))
    extra = {
        "sites": "  - {host: '*.wild.test', listeners: [http], scenario: offload, service: wild}\n",
        "services": f'  - {{name: wild, endpoints: ["{wild.address}"]}}\n'}
    front = Front(t, **extra)
    for host in ("plain.test", "PLAIN.Test", "plain.test.", f"plain.test:{front.http_port}",
                 "Plain.Test.:80"):
        told = account(front.ask("plain", fields={"Host": host}))
        assert told["backend"] == "plain backend", (host, told)
        assert values(told, "Host") == [host], (host, told)
    for host in ("a.wild.test", "B.WILD.TEST.:8080"):
        assert account(front.ask("plain", fields={"Host": host}))["backend"] == "wild", host
    for way in ("offload", "reencrypt"):
        for host in (f"{way}.test", f"{way.upper()}.Test.", f"{way}.test:{front.https_port}"):
            assert front.ask(way, fields={"Host": host}).status == 200, host

    known = len(front.plain.requests) + len(wild.requests)
    for host in ("other.test", "wild.test", "a.b.wild.test", "plain.test.test", "127.0.0.1",
                 "[::1]:80", "xplain.test"):
        with front.client("plain") as client:
            response = client.get(fields={"Host": host})
            assert response.status == 404, (host, response)
            assert client.get().status == 200, "the connection is as good as before"
            known += 1
    assert len(front.plain.requests) + len(wild.requests) == known

    everything = Front(t, name="star", sites="  - {host: '*', listeners: [http], "
                       "scenario: offload, service: wild}\n", services=extra["services"])
    for host, backend in (("other.test", "wild"), ("[::1]", "wild"),
                          ("plain.test", "plain backend")):
        assert account(everything.ask("plain", fields={"Host": host}))["backend"] == backend, host


if __name__ == "__main__":
    main(test)
