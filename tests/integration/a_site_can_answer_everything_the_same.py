"""A site with `respond` answers each request with that status, in the clear and under TLS, with
pages of the proxy; on a tls listener, where there is nothing to answer, it refuses the handshake
with the alert access_denied. Other sites are as ever."""

import sys

sys.path.append(sys.path[0] + "/..")
import ssl

from support.channel import alert_of
from support.http_front import Front
from support.scenario import main


def test(t):
    port = t.port()
    front = Front(t, hosts=("closed.test", "open.test"),
                  listeners=f'  - {{name: tls, address: "127.0.0.1:{port}", protocol: tls}}\n',
                  sites="  - {host: closed.test, scenario: offload, secret: site, respond: 403}\n",
                  plain_site_keys="")
    for way in ("plain", "offload"):
        for path, method in (("/", "GET"), ("/any/thing?x", "POST"), ("/", "HEAD")):
            response = front.ask(way, path, method=method, host="closed.test")
            assert response.status == 403, (way, path, response)
            front.proxy.access_line(site="closed.test", end="answered", status=403, path=path)
    assert front.ask("offload").status == 200
    try:
        t.connect(port, "closed.test")
        raise AssertionError("the handshake has succeeded")
    except ssl.SSLError as error:
        assert alert_of(error) == "ACCESS_DENIED", error
    front.proxy.access_line(reason="site_refuses")


if __name__ == "__main__":
    main(test)
