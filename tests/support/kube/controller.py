"""The proxy as an ingress controller of one of the API servers of this folder."""

import ssl

from ..channel import Cut, connect, connect_tls
from ..http import Ended, Reader
from ..http_backend import WebBackend
from ..sallyport import Sallyport
from ..waiting import eventually
from . import manifests

ERRORS = "sallyport_kubernetes_errors_total"
RELISTS = "sallyport_kubernetes_relists_total"
LEADER = "sallyport_kubernetes_leader"


class Controller(Sallyport):
    """`kubernetes` are further lines of that section. With `wait` false it may not become ready.
    With `kubeconfig` false it is told nothing, as in a pod."""

    def __init__(self, t, server, name="sallyport", kubernetes="", settings="", wait=True,
                 kubeconfig=None, **options):
        self._wait = wait
        self.test = t
        self.http_port, self.https_port = t.port(), t.port()
        if kubeconfig is None:
            kubeconfig = server.kubeconfig(t.folder / f"{name}.kubeconfig")
        self.kubeconfig = kubeconfig
        lines = "".join(f"  {line}\n" for line in kubernetes.strip().splitlines())
        if "watch_timeout" not in lines:
            lines += "  watch_timeout: 20s\n"
        if kubeconfig:
            lines = f"  kubeconfig: {kubeconfig}\n{lines}"
        body = (f"kubernetes:\n{lines}"
                "listeners:\n"
                f'  - {{name: http, address: "127.0.0.1:{self.http_port}", protocol: http}}\n'
                f'  - {{name: https, address: "127.0.0.1:{self.https_port}", protocol: https}}\n')
        super().__init__(t.program, t.folder, body, name=name, settings=settings, **options)

    def wait_ready(self, within=20.0):
        if self._wait:
            super().wait_ready(within)
        else:
            eventually("its metrics are there", lambda: self.get("/healthz")[0] == 200, within)

    def ask(self, host, path="/", secure=True, context=None):
        """The response to one request on a connection of its own."""
        if secure:
            channel = connect_tls(self.https_port, host, self.test.authority, context=context)
        else:
            channel = connect(self.http_port)
        with channel:
            channel.send(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
                         .encode())
            reader = Reader(channel)
            return reader.body_of_response(reader.response())

    def served_by(self, host, path="/", secure=True):
        """The body of a 200: who answered; None otherwise."""
        try:
            response = self.ask(host, path, secure)
        except (OSError, ssl.SSLError, Cut, Ended):
            return None
        return response.body.decode() if response.status == 200 else None

    def status(self, host, path="/", secure=True):
        """Of the response; None when the connection or its handshake was refused."""
        try:
            return self.ask(host, path, secure).status
        except (OSError, ssl.SSLError, Cut, Ended):
            return None

    def serial(self, host):
        """Of the certificate that clients are shown."""
        with connect_tls(self.https_port, host, self.test.authority) as channel:
            return channel.tls.getpeercert()["serialNumber"]

    def errors(self, **labels):
        return self.metrics().sum(ERRORS, **labels)


def named_backend(t, name):
    """A backend that answers with its name."""
    return t.keep(WebBackend(lambda request, answer: answer.whole(name.encode()), name=name))


def serve(server, t, name, backend, host=None, namespace="default", secure=True, **options):
    """Applies what one host needs: Ingress, Service, EndpointSlice and, if secure, its Secret."""
    host = host or f"{name}.test"
    objects = [manifests.service(name, namespace),
               manifests.endpoints(name, [backend.address], namespace)]
    if secure:
        folder = t.authority.issue(host)
        objects.append(manifests.tls_secret(f"{name}-tls", folder, namespace))
        options["secret"] = f"{name}-tls"
    objects.append(manifests.ingress(name, host, name, namespace, **options))
    server.apply(*objects)
    return host
