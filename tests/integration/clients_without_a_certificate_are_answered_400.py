"""mTLS over HTTP: on https listeners a client without a certificate, or with a wrong one, has its
handshake completed and its requests answered 400; the backend hears of none of them. With a good
one the backend is told so in ssl-client-verify and the two names, which no client can say itself.
`on_failure: abort` ends the handshake instead."""

import sys

sys.path.append(sys.path[0] + "/..")
import ssl

from support.channel import Cut
from support.http import Ended
from support.http_front import TLS_WAYS, Front, account, values
from support.scenario import main

LIES = [("ssl-client-verify", "SUCCESS"), ("ssl-client-subject-dn", "CN=root"),
        ("ssl-client-issuer-dn", "CN=me"), ("Ssl_Client_Verify", "SUCCESS")]


def test(t):
    good = t.authority.issue("good client", dns=("client.test",), client=True)
    wrong = {
        "none": None,
        "another CA's": t.other_authority().issue("stranger", dns=("client.test",), client=True),
        "expired": t.authority.issue("late client", dns=("client.test",), client=True, expired=True),
        "a server's": t.authority.issue("a server", dns=("client.test",)),
    }
    required = Front(t, site_keys=keys("required"), plain_site_keys="", name="required")
    for way in TLS_WAYS:
        for version in ("1.2", "1.3"):
            is_told(required, way, good, version)
            for what, certificate in wrong.items():
                is_refused(required, way, certificate, (way, version, what), version)

    optional = Front(t, site_keys=keys("optional"), plain_site_keys="", name="optional")
    for way in TLS_WAYS:
        is_told(optional, way, good, "1.3")
        told = account(optional.ask(way, "/", LIES))
        assert values(told, "ssl-client-verify") == ["NONE"], (way, told["fields"])
        assert "CN=" not in str(told["fields"]), (way, told["fields"])
        is_refused(optional, way, wrong["another CA's"], (way, "optional"), "1.3")

    abort = Front(t, site_keys=keys("required", ", on_failure: abort"), plain_site_keys="",
                  name="abort")
    for way in TLS_WAYS:
        is_told(abort, way, good, "1.3")
        for what, certificate in wrong.items():
            try:
                with abort.client(way, certificate=certificate) as client:
                    response = client.get()
                raise AssertionError((way, what, response))
            except (ssl.SSLError, Cut, Ended):
                pass
    plain = required.ask("plain", "/", LIES)
    assert "CN=" not in str(account(plain)["fields"]), plain


def keys(verify, more=""):
    return f", client_auth: {{verify: {verify}, secret: authority{more}}}"


def is_told(front, way, certificate, version):
    with front.client(way, certificate=certificate, version=version) as client:
        for fields in ([], LIES):
            told = account(client.get("/", fields))
            assert values(told, "ssl-client-verify") == ["SUCCESS"], (way, told["fields"])
            assert values(told, "ssl-client-subject-dn") == ["CN=good client"], told["fields"]
            assert values(told, "ssl-client-issuer-dn") == ["CN=Test CA"], (way, told["fields"])


def is_refused(front, way, certificate, where, version):
    known = len(front.backend(way).requests)
    with front.client(way, certificate=certificate, version=version) as client:
        response = client.get("/", LIES)
        assert response.status == 400, (where, response)
        assert len(response.body) > 20, (where, response)
    assert len(front.backend(way).requests) == known, where


if __name__ == "__main__":
    main(test)
