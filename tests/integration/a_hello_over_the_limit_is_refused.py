"""`hello_size` bounds what a client can make the proxy keep before it is known. Somewhat below is
served, far above is refused, also when it comes in drips; the limit's metric counts it."""

import sys

sys.path.append(sys.path[0] + "/..")
import ssl

from support import hello, names
from support.channel import Cut
from support.scenario import SCENARIOS, main, tls_listener


def test(t):
    plain, tls = t.backend(), t.backend(tls=t.backend_tls())
    port = t.port()
    proxy = t.sallyport(tls_listener(port) + t.three_sites(plain.address, tls.address),
                        settings="limits: {hello_size: 8KiB}\n")
    for scenario in SCENARIOS:
        # The rest of a hello has up to 2 KiB, with a key share of X25519MLKEM768.
        t.connect(port, f"{scenario}.test", alpn=hello.alpn_of_bytes(6000)).close()
        for send in (hello.at_once, hello.a_byte_at_a_time):
            try:
                t.connect(port, f"{scenario}.test", alpn=hello.alpn_of_bytes(9000), send_hello=send)
                raise AssertionError(f"{scenario}: served")
            except (ssl.SSLError, Cut) as error:
                print(scenario, send.__name__, repr(error))
    proxy.wait_idle()
    metrics = proxy.metrics()
    assert metrics.sum(names.LIMITS, limit="hello_size") == 6, metrics.samples
    assert metrics.sum(names.ENDED, reason="hello_too_large") == 6


if __name__ == "__main__":
    main(test)
