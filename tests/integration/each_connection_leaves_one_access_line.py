"""One line of JSON for each connection, when it is over: who it was, what was asked for, where
it went, how many bytes each way, when what happened, how it ended and through whom. SIGHUP
reopens the file, so that logrotate may move it away."""

import sys

sys.path.append(sys.path[0] + "/..")
import datetime

from support.scenario import SCENARIOS, main, tls_listener

SENT, RECEIVED = 12_345, 54_321


def answer(channel, seen):
    channel.recv_exactly(SENT)
    channel.send(bytes(RECEIVED))
    channel.end()
    channel.recv_to_end()


def test(t):
    plain = t.backend(answer)
    tls = t.backend(answer, tls=t.backend_tls(alpn=["sally"]))
    port = t.port()
    proxy = t.sallyport(tls_listener(port) + t.three_sites(plain.address, tls.address,
                                                           site_keys=", alpn: [sally]"))
    begun = datetime.datetime.now(datetime.timezone.utc)
    clients = {}
    for scenario in SCENARIOS:
        channel = t.connect(port, f"{scenario}.test", alpn=["other", "sally"])
        clients[scenario] = "%s:%d" % channel.socket.getsockname()
        channel.send(bytes(SENT))
        assert len(channel.recv_to_end()) == RECEIVED
        if scenario == "passthrough":  # the backend's FIN may come behind its close_notify
            assert channel.socket.recv(1) == b""
        channel.close()
    proxy.wait_idle()
    lines = proxy.access_lines()
    assert len(lines) == 3 and len({line["id"] for line in lines}) == 3, lines
    for scenario in SCENARIOS:
        line, = [line for line in lines if line["scenario"] == scenario]
        check(line, scenario, clients[scenario], plain if scenario == "offload" else tls, begun)

    assert len(proxy.rotate_access_log()) == 3
    t.connect(port, "offload.test").close()
    proxy.access_line(sni="offload.test")
    assert len(proxy.access_lines()) == 1


def check(line, scenario, client, backend, begun):
    expected = {
        "client": client, "listener": "tls", "site": f"{scenario}.test", "scenario": scenario,
        "sni": f"{scenario}.test", "endpoint": backend.address, "connect_attempts": 1,
        "reason": "closed", "by": "backend",
        "service": {"offload": "plain", "passthrough": "encrypted", "reencrypt": "again"}[scenario],
    }
    for key, value in expected.items():
        assert line.get(key) == value, (key, value, line)
    if scenario == "passthrough":
        assert line["bytes_from_client"] > SENT and line["bytes_from_backend"] > RECEIVED, line
        assert "tls_version" not in line, line
    else:
        assert line["bytes_from_client"] == SENT, line
        assert line["bytes_from_backend"] == RECEIVED, line
        assert line["tls_version"] == "TLSv1.3" and line["alpn"] == "sally", line
    steps = ["hello_us"]
    steps += ["client_handshake_us"] if scenario != "passthrough" else []
    steps += ["connected_us"]
    steps += ["backend_handshake_us"] if scenario == "reencrypt" else []
    steps += ["duration_us"]
    times = [line[s] for s in steps]
    assert times == sorted(times) and times[0] >= 0, (steps, times)
    assert set(steps) == {k for k in line if k.endswith("_us")}, line
    when = datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00"))
    assert abs((when - begun).total_seconds()) < 30, line["time"]


if __name__ == "__main__":
    main(test)
