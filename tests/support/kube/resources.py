"""What the API server knows: groups, resources, and how their objects look when empty."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Resource:
    group: str
    plural: str
    kind: str
    namespaced: bool = True
    has_status: bool = False
    has_generation: bool = False
    zero: dict = field(default_factory=dict, hash=False, compare=False)

    @property
    def api_version(self):
        return f"{self.group}/v1" if self.group else "v1"

    @property
    def full(self):
        """As messages name it: ingresses.networking.k8s.io, secrets."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


_NETWORKING = "networking.k8s.io"
RESOURCES = [
    Resource(_NETWORKING, "ingresses", "Ingress", True, True, True,
             {"spec": {}, "status": {"loadBalancer": {}}}),
    Resource(_NETWORKING, "ingressclasses", "IngressClass", False, False, True, {"spec": {}}),
    Resource("", "secrets", "Secret"),
    Resource("", "services", "Service", True, True, False,
             {"spec": {}, "status": {"loadBalancer": {}}}),
    Resource("", "configmaps", "ConfigMap"),
    Resource("", "namespaces", "Namespace", False, True, False, {"spec": {}, "status": {}}),
    Resource("", "nodes", "Node", False, True, False, {"spec": {}, "status": {}}),
    Resource("discovery.k8s.io", "endpointslices", "EndpointSlice", True, False, True,
             {"addressType": "", "endpoints": None, "ports": None}),
    Resource("coordination.k8s.io", "leases", "Lease", zero={"spec": {}}),
    Resource("events.k8s.io", "events", "Event", zero={
        "deprecatedSource": {}, "deprecatedFirstTimestamp": None,
        "deprecatedLastTimestamp": None}),
]
BY_KIND = {r.kind: r for r in RESOURCES}
GROUPS = {r.group for r in RESOURCES}


def find(group, plural):
    return next((r for r in RESOURCES if (r.group, r.plural) == (group, plural)), None)
