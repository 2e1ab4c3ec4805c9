"""With `error_page` clients that have no certificate, or one that is no good, are sent there with
302 in place of the status 400; those that a rule does not name are forbidden as ever; a route has
its own page or none."""

import sys

sys.path.append(sys.path[0] + "/..")
from support.client_pki import CertificateAuthority
from support.http_front import Front
from support.scenario import main

PAGE = "https://help.test/certificates?why=none"


def test(t):
    staff = CertificateAuthority(t.folder / "staff")
    (t.folder / "staff.crt").write_text(staff.certificate)
    alice = staff.issue(t.folder / "alice", "/CN=alice")
    bob = staff.issue(t.folder / "bob", "/CN=bob")
    stranger = CertificateAuthority(t.folder / "others").issue(t.folder / "mallory", "/CN=alice")
    front = Front(t, hosts=("mtls.test",), sites=f"""  - host: mtls.test
    scenario: offload
    secret: site
    client_auth: {{secret: staff, match: {{cn: alice}}, error_page: "{PAGE}"}}
    routes:
      - {{path: /, service: plain}}
      - {{path: /none, service: plain, client_auth: {{secret: staff}}}}
      - {{path: /own, service: plain, client_auth: {{secret: staff, error_page: "http://x.test/"}}}}
""", secrets=f"  - {{name: staff, ca.crt: {t.folder / 'staff.crt'}}}\n")
    for certificate, status in ((alice, 200), (None, 302), (stranger, 302), (bob, 403)):
        with front.client("offload", "mtls.test", certificate=certificate) as client:
            response = client.get("/x?y")
            assert response.status == status, (certificate, response)
            assert response["Location"] == (PAGE if status == 302 else None), response
    with front.client("offload", "mtls.test") as client:
        assert client.get("/none").status == 400
    with front.client("offload", "mtls.test") as client:
        assert client.get("/own")["Location"] == "http://x.test/"
    front.proxy.access_line(site="mtls.test", path="/x?y", status=302, end="forbidden")
    assert len(front.plain.requests) == 1, front.plain.requests


if __name__ == "__main__":
    main(test)
