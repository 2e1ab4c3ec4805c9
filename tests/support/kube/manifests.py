"""Objects as people write them."""

import base64


def ingress(name, host, service, namespace="default", secret=None, path="/", port=80,
            annotations=None, ingress_class="sallyport"):
    spec = {"ingressClassName": ingress_class,
            "rules": [{"host": host, "http": {"paths": [{
                "path": path, "pathType": "Prefix",
                "backend": {"service": {"name": service, "port": {"number": port}}}}]}}]}
    if secret:
        spec["tls"] = [{"hosts": [host], "secretName": secret}]
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"name": name, "namespace": namespace, "annotations": annotations or {}},
            "spec": spec}


def ingress_class(name="sallyport", controller="sallyport.dev/ingress-controller"):
    return {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
            "metadata": {"name": name}, "spec": {"controller": controller}}


def service(name, namespace="default", port=80, target=None):
    return {"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"type": "ClusterIP", "clusterIP": "10.96.0.10", "clusterIPs": ["10.96.0.10"],
                     "ports": [{"name": "main", "port": port, "protocol": "TCP",
                                "targetPort": target or port}]}}


def endpoints(name, addresses, namespace="default", slice_name=None):
    """`addresses`: "IP:PORT" each, all with one port."""
    ports = {a.rpartition(":")[2] for a in addresses} or {"1"}
    assert len(ports) == 1, ports
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"name": slice_name or f"{name}-1", "namespace": namespace,
                         "labels": {"kubernetes.io/service-name": name}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [a.rpartition(":")[0]],
                           "conditions": {"ready": True, "serving": True, "terminating": False}}
                          for a in addresses],
            "ports": [{"name": "main", "protocol": "TCP", "port": int(ports.pop())}]}


def tls_secret(name, folder, namespace="default", keys=("tls.crt", "tls.key")):
    """From a secret folder (support/pki.py)."""
    data = {key: base64.b64encode((folder / key).read_bytes()).decode() for key in keys}
    return {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
            "metadata": {"name": name, "namespace": namespace}, "data": data}
