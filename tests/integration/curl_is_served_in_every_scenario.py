"""The stranger's first minute: curl through offload, passthrough and reencrypt, with TLS 1.2 and
1.3, GET and a 5 MiB POST, several requests on one connection, on `tls` and `https` listeners."""

import sys

sys.path.append(sys.path[0] + "/..")
import os

from support.backends import HttpBackend
from support.process import run
from support.scenario import SCENARIOS, main, tls_listener


def test(t):
    plain = t.keep(HttpBackend("plain backend"))
    encrypted = t.keep(HttpBackend("tls backend", tls=t.backend_tls()))
    port, https = t.port(), t.port()
    t.sallyport(tls_listener(port) +
                f'  - {{name: https, address: "127.0.0.1:{https}", protocol: https}}\n' +
                t.three_sites(plain.address, encrypted.address))
    upload = t.folder / "upload"
    upload.write_bytes(os.urandom(5 * 1024 * 1024))
    for listener in (port, https):
        for scenario in SCENARIOS:
            url = f"https://{scenario}.test:{listener}"
            curl = ["curl", "-sS", "--max-time", "20", "--http1.1", "--cacert", t.authority.file,
                    "--resolve", f"{scenario}.test:{listener}:127.0.0.1"]
            who = "plain backend" if scenario == "offload" else "tls backend"
            for version in (["--tlsv1.2", "--tls-max", "1.2"], ["--tlsv1.3"]):
                done = run([*curl, *version, f"{url}/one", f"{url}/two"])
                assert done.returncode == 0, (scenario, version, done)
                assert done.stdout == f"{who} /one\n{who} /two\n", (scenario, done)
            echoed = t.folder / "echoed"
            done = run([*curl, "--data-binary", f"@{upload}", "-o", echoed, url])
            assert done.returncode == 0, (scenario, done)
            assert echoed.read_bytes() == upload.read_bytes(), scenario


if __name__ == "__main__":
    main(test)
