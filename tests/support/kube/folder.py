"""The proxy as an ingress controller of a folder of manifests."""

import json
import pathlib
import shutil

from ..http import Client
from ..sallyport import Sallyport
from . import manifests
from .controller import Controller

CONF = pathlib.Path(__file__).resolve().parents[3] / "conf" / "kubernetes"


class FolderController(Controller):
    """`example` is a folder of conf/kubernetes whose manifests are served as they are; `objects` are
    added to them: Secrets and EndpointSlices, which nobody keeps in a repository."""

    def __init__(self, t, objects, example=None, name="sallyport", kubernetes="", **options):
        self._wait = True
        self.test = t
        self.objects = t.folder / f"{name}-objects"
        self.objects.mkdir()
        if example:
            shutil.copytree(CONF / example, self.objects / "example")
        self.apply("class", manifests.ingress_class())
        self.apply("made", *objects)
        self.http_port, self.https_port = t.port(), t.port()
        lines = "".join(f"  {line}\n" for line in kubernetes.strip().splitlines())
        body = (f"kubernetes:\n  manifests: {self.objects}\n{lines}"
                "listeners:\n"
                f'  - {{name: http, address: "127.0.0.1:{self.http_port}", protocol: http}}\n'
                f'  - {{name: https, address: "127.0.0.1:{self.https_port}", protocol: https}}\n')
        Sallyport.__init__(self, t.program, t.folder, body, name=name, **options)

    def apply(self, name, *objects):
        """A file of the folder, which takes the place of the one that had the name."""
        draft = self.objects / f".{name}.tmp"
        draft.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))
        draft.rename(self.objects / f"{name}.json")

    def client(self, host, secure=True, **options):
        """A connection over which requests for `host` can be made."""
        if not secure:
            return Client(self.test.connect(self.http_port), host)
        return Client(self.test.connect(self.https_port, host, **options), host)

    def exchange(self, host, path="/", fields=(), secure=True, **options):
        with self.client(host, secure, **options) as client:
            return client.get(path, fields)


def slice_of(service, backends, namespace, port_name):
    """An EndpointSlice for `service` with backends of this machine, of which each has a port."""
    ports = {b.address.rpartition(":")[2] for b in backends}
    made = manifests.endpoints(service, [b.address for b in backends], namespace)
    assert len(ports) == 1
    made["ports"][0]["name"] = port_name
    return made
