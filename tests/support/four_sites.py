"""Two passthrough and two terminated sites on one port, whose backends say their names."""

from . import backends
from .channel import server_context
from .scenario import tls_listener

THROUGH = ("through-1.test", "through-2.test")
ENDS = ("ends-1.test", "ends-2.test")


class FourSites:
    def __init__(self, t, **options):
        self._t = t
        self.port = t.port()
        body = tls_listener(self.port) + "secrets:\n"
        body += "".join(f"  - {{name: {h}, directory: {t.authority.issue(h)}}}\n" for h in ENDS)
        body += "sites:\n"
        for host in THROUGH:
            backend = t.backend(backends.named(host), tls=server_context(t.authority.issue(host)))
            body += f'  - {{host: {host}, scenario: passthrough, service: ["{backend.address}"]}}\n'
        for host in ENDS:
            backend = t.backend(backends.named(host))
            body += (f"  - {{host: {host}, scenario: offload, secret: {host}, "
                     f'service: ["{backend.address}"]}}\n')
        self.proxy = t.sallyport(body, **options)

    def reach_each(self, **connect_options):
        """Asks each site for its backend's name, and sends some bytes around."""
        for host in THROUGH + ENDS:
            channel = self._t.connect(self.port, host, **connect_options)
            assert channel.peer_name() == host, (host, channel.peer_name())
            greeting = channel.recv_exactly(len(host) + 1)
            assert greeting == host.encode() + b"\n", (host, greeting)
            channel.send(b"there and back")
            assert channel.recv_exactly(14) == b"there and back", host
            channel.close()
