"""What tests take for an API server is no kinder than a real one: for each recorded exchange it
answers the same request with the same status, framing, kind of body, words and fields."""

import sys

sys.path.append(sys.path[0] + "/..")
import json
import re
import socket
import ssl

from support.kube.api_server import ApiServer
from support.kube.recordings import Recording
from support.scenario import main

LISTS = ["10-list-ingresses-all", "12-list-secrets-tls", "13-list-services",
         "14-list-endpointslices", "15-list-ingressclasses"]
REFUSED = ["02-gateway-group-missing-404", "02-gateway-list-missing-404",
           "02-gateway-watch-missing-404", "38-watchlist-without-match-422",
           "40-forbidden-403", "40-forbidden-create-403", "40-forbidden-watch-403",
           "41-anonymous-403", "41-unauthorized-401", "42-get-ingress-404",
           "42-no-such-resource-403", "42-no-such-resource-404",
           "43-invalid-endpointslice-loopback-422", "43-invalid-ingress-422",
           "44-already-exists-409", "45-bad-continue-400", "45-bad-json-400",
           "45-bad-patch-type-415", "45-bad-rv-watch", "45-bad-selector-400", "45-method-405",
           "46-rv-in-future", "57-status-invalid-422", "60-lease-get-404"]
USER = "system:serviceaccount:sallyport-system:sallyport"
NOBODY = "system:serviceaccount:sallyport-system:norbac"


def test(t):
    server = t.keep(ApiServer(t, everything=False))
    for name in LISTS:
        found = json.loads(Recording(name).body)
        for item in found["items"]:
            server.apply({"kind": found["kind"].removesuffix("List"), **item})
    server.access.tokens["nobody"] = NOBODY
    # What the recording's user could do; the recordings without a token were made by an admin.
    read = {"verbs": ["get", "list", "watch"]}
    server.access.grant(USER, [
        {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses", "ingressclasses"], **read},
        {"apiGroups": [""], "resources": ["secrets", "services"], **read},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], **read},
        {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses/status"],
         "verbs": ["get", "update", "patch"]},
        {"apiGroups": ["coordination.k8s.io", "events.k8s.io", ""],
         "resources": ["leases", "events"], "verbs": ["*"]}])
    server.access.tokens["admin"] = "system:admin"
    server.access.grant_everything("system:admin")
    for name in LISTS + ["11-list-ingresses-page1", "15-get-ingressclass", "18-get-ingress",
                         "17-list-empty", "14-list-endpointslices-by-service"] + REFUSED:
        compare(server, name)
    watches(server)
    past(server)
    status(server)
    leases_and_events(server)
    faults(server)


def watches(server):
    for name in ("33-watchlist-empty", "33-watchlist-secrets-tls", "38-watchlist-no-bookmarks",
                 "36-watch-idle-3s"):
        recording = Recording(name)
        target = re.sub(r"timeoutSeconds=\d+", "timeoutSeconds=1", recording.target)
        target = target.replace("resourceVersion=256", f"resourceVersion={server.store.version}")
        ours = ask(server, "GET", target)
        same_answer(name, ours, recording)
        kinds = [[json.loads(e)["type"] for e in body.splitlines()]
                 for body in (ours.body, recording.body)]
        if "33" in name or "38" in name:
            # After the end of what there was, a bookmark may come or not.
            end = kinds[1].index("BOOKMARK") + 1 if "BOOKMARK" in kinds[1] else 7
            assert kinds[0][:end] == kinds[1][:end], (name, kinds)
        theirs = [json.loads(e) for e in recording.body.splitlines()]
        mine = [json.loads(e) for e in ours.body.splitlines()]
        for kind in ("ADDED", "BOOKMARK"):
            for a, b in zip(*([e for e in events if e["type"] == kind]
                              for events in (mine, theirs))):
                same_fields(f"{name} {kind}", a, b)


def past(server):
    """Lists and watches of a past that is forgotten."""
    page = json.loads(ask(server, "GET", "/apis/networking.k8s.io/v1/ingresses?limit=2").body)
    more = ("/apis/networking.k8s.io/v1/ingresses?limit=2&continue=" +
            page["metadata"]["continue"])
    server.apply({"kind": "Ingress", "metadata": {"name": "new", "namespace": "apps"}})
    again = json.loads(ask(server, "GET", more).body)
    assert again["metadata"]["resourceVersion"] == page["metadata"]["resourceVersion"]
    assert "new" not in [i["metadata"]["name"] for i in again["items"]]
    old = server.store.version
    server.store.compact()
    ours = ask(server, "GET", more)
    same_answer("21-list-continue-expired-410", ours, Recording("21-list-continue-expired-410"))
    token = json.loads(ours.body)["metadata"]["continue"]
    rest = ask(server, "GET", f"/apis/networking.k8s.io/v1/ingresses?limit=2&continue={token}")
    same_answer("22-list-inconsistent-continue", rest,
                Recording("22-list-inconsistent-continue"))
    for name, target in (
            ("23-list-exact-rv-expired-410",
             f"ingresses?resourceVersion={old}&resourceVersionMatch=Exact&limit=2"),
            ("24-watch-too-old-error-event",
             f"ingresses?watch=true&allowWatchBookmarks=true&resourceVersion={old}"
             "&timeoutSeconds=2")):
        ours = ask(server, "GET", "/apis/networking.k8s.io/v1/" + target)
        same_answer(name, ours, Recording(name))


def status(server):
    path = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses/shop/status"
    version = server.get("Ingress", "shop", "shop")["metadata"]["resourceVersion"]
    compare(server, "50-status-merge-patch")
    compare(server, "51-status-get")
    changed = server.get("Ingress", "shop", "shop")["metadata"]["resourceVersion"]
    assert changed != version
    compare(server, "50-status-merge-patch")  # once more: it changes nothing
    assert server.get("Ingress", "shop", "shop")["metadata"]["resourceVersion"] == changed
    stale = server.get("Ingress", "shop", "shop")
    stale = {**stale, "metadata": {**stale["metadata"], "resourceVersion": "1"}}
    same_answer("53-status-put-conflict-409", ask(server, "PUT", path, json.dumps(stale)),
                Recording("53-status-put-conflict-409"))
    # The subresource changes the status alone, and the object everything else.
    obj = server.get("Ingress", "shop", "shop")
    ask(server, "PUT", path, json.dumps({**obj, "spec": {}, "status": {"loadBalancer": {}}}))
    after = server.get("Ingress", "shop", "shop")
    assert after["spec"] == obj["spec"] and after["status"] == {"loadBalancer": {}}
    ask(server, "PUT", path.removesuffix("/status"), json.dumps({**after, "status": obj["status"]}))
    assert server.get("Ingress", "shop", "shop")["status"] == {"loadBalancer": {}}
    assert server.get("Ingress", "shop", "shop")["metadata"]["generation"] == 1


def leases_and_events(server):
    for name in ("61-lease-create", "62-lease-create-exists-409", "65-lease-get",
                 "67-lease-bad-time-400", "68-lease-put-no-rv", "70-event-create",
                 "72-event-invalid-422"):
        compare(server, name)
    lease = server.get("Lease", "sallyport-leader", "sallyport-system")
    path = "/apis/coordination.k8s.io/v1/namespaces/sallyport-system/leases/sallyport-leader"
    lease = {**lease, "spec": {**lease["spec"], "holderIdentity": "pod-b"}}
    same_answer("63-lease-update", ask(server, "PUT", path, json.dumps(lease)),
                Recording("63-lease-update"))
    same_answer("64-lease-update-stale-409", ask(server, "PUT", path, json.dumps(lease)),
                Recording("64-lease-update-stale-409"))


def faults(server):
    for what, name in (("429 text", "47-too-many-requests-429"),
                       ("429 json", "79-crd-just-created-429")):
        server.faults.inject(what)
        ours = ask(server, "GET", "/apis/networking.k8s.io/v1/ingresses")
        same_answer(name, ours, Recording(name))


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


def compare(server, name):
    recording = Recording(name)
    head = recording.request_head
    token = ("admin" if "Authorization" not in head else
             None if "REDACTED" not in head else server.token)
    if "User-Agent" in head and name == "41-anonymous-403":
        token = None
    elif name == "41-unauthorized-401":
        token = "not-a-token"
    elif name.startswith("40-"):
        token = server.token if "create" in name else "nobody"
    kind = re.search(r"^Content-Type: (.*)$", head, re.M)
    ours = ask(server, recording.method, recording.target, recording.request_body,
               token, kind and kind[1].strip())
    same_answer(name, ours, recording)


def same_answer(name, ours, recording):
    def facts(answer):
        return {"status": answer.status, **{k: answer.headers.get(k) for k in (
            "Content-Type", "Retry-After", "Content-Encoding")}}
    assert facts(ours) == facts(recording), (name, facts(ours), facts(recording), ours.body)
    if recording.headers["Content-Type"].startswith("text/plain"):
        assert ours.body == recording.body, (name, ours.body)
        return
    if abs(len(recording.body) - 2048) > 600:  # our objects are not of their size to the byte
        assert ("Content-Length" in ours.headers) == ("Content-Length" in recording.headers), name
    if "watch=true" in recording.target and recording.status == 200:
        if "too-old" in name:
            a, b = json.loads(ours.body), json.loads(recording.body)
            a["object"]["message"] = b["object"]["message"] = re.sub(
                r"\d+", "N", b["object"]["message"])
            assert a == b, (name, a, b)
        return
    a, b = json.loads(ours.body), json.loads(recording.body)
    if b["kind"] == "Status":
        for status in (a, b):
            status["message"] = re.sub(r"current: \d+|shop-\w{5}", "N", status["message"])
            status.get("metadata", {}).pop("continue", None)
            if (name_of := status.get("details", {}).get("name", "")).startswith("shop-"):
                assert name_of and status["details"].pop("name")
        assert a == b, (name, a, b)
    else:
        same_fields(name, a, b)


# What is the user's own, or depends on when the recording was made.
FREE = {"managedFields", "annotations", "data", "remainingItemCount", "continue", "loadBalancer"}


def same_fields(where, a, b):
    """The same keys everywhere, but in what is the user's own, and values of the same kind."""
    if isinstance(a, dict) and isinstance(b, dict):
        assert a.keys() - FREE == b.keys() - FREE, (where, a.keys() ^ b.keys())
        for key in a.keys() - FREE:
            same_fields(f"{where}.{key}", a[key], b[key])
    elif isinstance(a, list) and isinstance(b, list):
        for i, (x, y) in enumerate(zip(a, b)):
            same_fields(f"{where}[{i}]", x, y)
    else:
        assert type(a) is type(b), (where, a, b)


def ask(server, method, target, body=b"", token="admin", kind="application/json"):
    body = body.encode() if isinstance(body, str) else body
    context = ssl.create_default_context(cafile=server.authority.file)
    with context.wrap_socket(socket.create_connection(("127.0.0.1", server.port), timeout=10),
                             server_hostname="127.0.0.1") as s:
        lines = [f"{method} {target} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}"]
        if token:
            lines.append(f"Authorization: Bearer {token}")
        if kind:
            lines.append(f"Content-Type: {kind}")
        s.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        file = s.makefile("rb")
        first = file.readline()
        assert first, f"no answer to {method} {target}"
        status = int(first.split()[1])
        headers = {}
        while line := file.readline().strip():
            key, _, value = line.decode().partition(": ")
            headers[key] = value
        if "Content-Length" in headers:
            return Answer(status, headers, file.read(int(headers["Content-Length"])))
        found = b""
        while size := int(file.readline(), 16):
            found += file.read(size)
            file.readline()
        return Answer(status, headers, found)


if __name__ == "__main__":
    main(test)
