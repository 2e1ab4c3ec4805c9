"""Round robin: every endpoint of a service gets its share. One that refuses connections costs
the client nothing, for the next one is tried at once, in every scenario; when it is back, it
gets its share again."""

import sys

sys.path.append(sys.path[0] + "/..")

from support import backends, names
from support.scenario import SCENARIOS, main, tls_listener


def test(t):
    port = t.port()
    several = [(t.backend(backends.named(f"plain {i}")),
                t.backend(backends.named(f"tls {i}"), tls=t.backend_tls())) for i in range(3)]
    text = tls_listener(port) + t.three_sites("PLAIN", "TLS")
    for word, which in (("PLAIN", 0), ("TLS", 1)):
        text = text.replace(f'"{word}"', ", ".join(f'"{pair[which].address}"' for pair in several))
    proxy = t.sallyport(text)

    def ask(scenario, times):
        answers = []
        for _ in range(times):
            channel = t.connect(port, f"{scenario}.test")
            channel.send(b"!\n")
            answers.append(channel.recv_exactly(8 if scenario == "offload" else 6).strip()[-1:])
            channel.close()
        return answers

    for scenario in SCENARIOS:
        answers = ask(scenario, 9)
        assert all(answers.count(b"%d" % i) == 3 for i in range(3)), (scenario, answers)

    dead = several[1]
    for backend in dead:
        backend.close()
    for scenario in SCENARIOS:
        answers = ask(scenario, 9)
        assert set(answers) == {b"0", b"2"}, (scenario, answers)
    assert proxy.metrics().sum(names.CONNECT_FAILURES) >= 2  # one service after the other
    assert not [line for line in proxy.access_lines() if line["reason"] != "closed"]
    assert [line for line in proxy.access_lines() if line["connect_attempts"] == 2]


if __name__ == "__main__":
    main(test)
