"""A Kubernetes API server with a state of its own, as strict as the recordings of a real one.

    server = t.keep(ApiServer(t))
    server.apply({"kind": "Ingress", …})            # as kubectl does, in the test's own process
    server.kubeconfig(t.folder / "kubeconfig")      # for a client with the token of "sallyport"

Borders of chunks are drawn from `seed`: a list and each event of a watch come in several pieces.
"""

import base64
import gzip
import json
import random
import threading
import time
import uuid

from . import errors, selectors, validation
from .access import Access
from .faults import ANSWERS, Faults
from .http_connection import Gone
from .listening import TlsServer
from .patches import patched
from .resources import BY_KIND, GROUPS, find
from .store import Store, key_of, now, text_of

_CHUNKED_FROM = 2048
_READY = "system:serviceaccount:sallyport-system:sallyport"


class ApiServer(TlsServer):
    def __init__(self, t, user=_READY, seed=1, gzip_from=128 * 1024, everything=True):
        self.store = Store()
        self.access = Access()
        self.faults = Faults()
        self.user = user
        self.token = "token-" + uuid.uuid4().hex
        self.access.tokens[self.token] = user
        if everything:
            self.access.grant_everything(user)
        self.authority = t.authority
        self.gzip_from = gzip_from
        self.streaming_lists = True
        self.loopback_ok = False      # over HTTP; apply() writes what a test needs
        self.bookmark_seconds = 60
        self.last_event = 0.0         # when the last event began to be sent, by time.monotonic()
        self.events_sent = 0
        self.requests = []            # (user, verb, resource, namespace, name, query)
        self._random = random.Random(seed)
        self._epoch = 0               # another one ends all watches
        super().__init__(t.authority.issue("kube", dns=("kubernetes",), ip=("127.0.0.1",)),
                         self._converse, t.authority.file)

    # For tests, in their own process

    def apply(self, *objects):
        """Creates or replaces; the status stays unless one is given."""
        for obj in objects:
            resource = BY_KIND[obj["kind"]]
            obj = json.loads(json.dumps(obj))
            if resource.namespaced:
                obj["metadata"].setdefault("namespace", "default")
            if "stringData" in obj:
                obj.setdefault("data", {}).update(
                    {k: base64.b64encode(v.encode()).decode()
                     for k, v in obj.pop("stringData").items()})
            with self.store.changed:
                before = self.store.of(resource).get(key_of(obj))
                if before and "status" in before:
                    obj.setdefault("status", before["status"])
                self.store.write(resource, obj)

    def delete(self, kind, name, namespace="default"):
        return self.store.remove(BY_KIND[kind], namespace, name)

    def get(self, kind, name, namespace="default"):
        return self.store.get(BY_KIND[kind], namespace, name)

    def all(self, kind):
        with self.store.changed:
            return list(self.store.of(BY_KIND[kind]).values())

    def end_watches(self):
        """Each ends as it does when its time is up."""
        with self.store.changed:
            self._epoch += 1
            self.store.changed.notify_all()

    def count(self, **wanted):
        """The requests so far with these values of verb, resource, namespace, name."""
        keys = ("user", "verb", "resource", "namespace", "name", "query")
        return sum(all(dict(zip(keys, r)).get(k) == v for k, v in wanted.items())
                   for r in list(self.requests))

    def kubeconfig(self, file, user=None, server=None):
        """Writes one for the token, or with `user` as its keys say."""
        ca = base64.b64encode(self.authority.file.read_bytes()).decode()
        file.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "c", "cluster": {"server": server or self.url,
                                                   "certificate-authority-data": ca}}],
            "users": [{"name": "u", "user": user or {"token": self.token}}],
            "contexts": [{"name": "test", "context": {"cluster": "c", "user": "u"}}]}))
        file.chmod(0o600)
        return file

    # Requests

    def _converse(self, connection):
        while True:
            request = connection.read_request()
            try:
                self._answer(connection, request)
            except errors.Failure as failure:
                self._send_failure(connection, failure)

    def _answer(self, connection, request):
        if request.path in ("/readyz", "/livez", "/healthz"):
            return self._send(connection, request, 200, b"ok", "text/plain; charset=utf-8")
        user = self.access.user(request, connection.client_certificate())
        if request.path == "/version":
            return self._send(connection, request, 200, json.dumps(
                {"major": "1", "minor": "36", "gitVersion": "v1.36.2"}, indent=2).encode())
        target = _Target(request.path)
        verb = _verb(request, target)
        resource = find(target.group, target.plural)
        name = target.name
        if verb in ("list", "watch", "deletecollection") and resource:
            name = selectors.named(resource, request.query)
        self.requests.append((user, verb, target.plural, target.namespace, name or "",
                              request.query))
        self._fail_by_request(connection, target, verb)
        plural = target.plural + (f"/{target.subresource}" if target.subresource else "")
        self.access.check(user, verb, target.group, plural, target.namespace, name)
        if resource is None or (target.subresource and not resource.has_status):
            raise errors.no_such_resource()
        getattr(self, "_" + verb)(connection, request, resource, target)

    def _fail_by_request(self, connection, target, verb):
        what, cleared = self.faults.take(target.plural, verb)
        if what is None:
            return
        if what == "reset":
            connection.reset()
            raise Gone(what)
        if what == "silence":
            cleared.wait(600)
            raise Gone(what)
        if what == "half an answer":
            connection.write(_head(200, [("Content-Type", "application/json"),
                                         ("Transfer-Encoding", "chunked")]))
            connection.write_chunk(b'{"kind":"IngressList","apiVersion":"networking.k8s.io/v1","me'
                                   if verb == "list" else
                                   b'{"type":"MODIFIED","object":{"kind":"Ingress","apiVersion":"n')
            connection.reset()
            raise Gone(what)
        if what == "410":
            if verb != "watch":
                raise errors.expired_list()
            self._begin_watch(connection)
            self._too_old(connection, 1)
            connection.write(b"0\r\n\r\n")
            raise Gone(what)
        raise ANSWERS[what]()

    # Reading

    def _get(self, connection, request, resource, target):
        obj = self.store.get(resource, target.namespace, target.name)
        self._send(connection, request, 200, text_of(obj).encode())

    def _list(self, connection, request, resource, target):
        query = request.query
        selects = selectors.selector(resource, query)
        limit = int(query.get("limit") or 0)
        with self.store.changed:
            version, start = self._place(query)
            if version > self.store.version:
                self._wait_for(version)
            objects = self.store.at(resource, version)
            keys = sorted(k for k, o in objects.items()
                          if k >= start and target.namespace in (None, k[0]) and selects(o))
        page = keys[:limit] if limit else keys
        metadata = {"resourceVersion": str(version)}
        if len(keys) > len(page):
            metadata["continue"] = _token(version, keys[len(page)])
            if not query.get("fieldSelector") and not query.get("labelSelector"):
                metadata["remainingItemCount"] = len(keys) - len(page)
        items = ",".join(text_of({k: v for k, v in objects[key].items()
                                  if k not in ("kind", "apiVersion")}) for key in page)
        head = json.dumps({"kind": resource.kind + "List", "apiVersion": resource.api_version,
                           "metadata": metadata}, separators=(",", ":"))
        self._send(connection, request, 200, f'{head[:-1]},"items":[{items}]}}\n'.encode())

    def _place(self, query):
        """The version that a list shows, and the key with which it begins."""
        token = query.get("continue")
        if token:
            version, start = _read_token(token)
            if version < 0:
                return self.store.version, start
            if version < self.store.compacted:
                raise errors.expired_continue(_token(-1, start))
            return version, start
        wanted = int(query.get("resourceVersion") or 0)
        if query.get("resourceVersionMatch") == "Exact":
            if wanted < self.store.compacted:
                raise errors.expired_list()
            return wanted, ("", "")
        return max(wanted, self.store.version), ("", "")

    def _wait_for(self, version):
        self.store.changed.wait_for(lambda: self.store.version >= version, 3)
        if version > self.store.version:
            raise errors.too_large_version(version, self.store.version)

    # Watching

    def _watch(self, connection, request, resource, target):
        query = request.query
        selects = selectors.selector(resource, query)
        initial = request.asks("sendInitialEvents")
        if "sendInitialEvents" in query and query.get("resourceVersionMatch") != "NotOlderThan":
            raise errors.no_match_for_initial_events()
        if initial and not self.streaming_lists:
            raise errors.invalid('ListOptions.meta.k8s.io ""',
                                 {"group": "meta.k8s.io", "kind": "ListOptions"},
                                 [("FieldValueForbidden", "Forbidden: sendInitialEvents is "
                                   "forbidden for watch unless the WatchList feature gate is "
                                   "enabled", "sendInitialEvents")])
        try:
            version = int(query.get("resourceVersion") or 0)
        except ValueError:
            raise errors.Failure(500, "resourceVersion: Invalid value: "
                                 f'"{query["resourceVersion"]}": strconv.ParseUint: parsing '
                                 f'"{query["resourceVersion"]}": invalid syntax') from None

        def wanted(obj):
            return target.namespace in (None, key_of(obj)[0]) and selects(obj)
        _Watch(self, connection, request, resource, wanted, initial, version).run()

    def _begin_watch(self, connection):
        connection.write(_head(200, [("Content-Type", "application/json"),
                                     ("Transfer-Encoding", "chunked")]))

    def _too_old(self, connection, version):
        status = errors.Failure(410, f"too old resource version: {version} "
                                     f"({self.store.compacted})", "Expired").status
        connection.write_chunk(text_of({"type": "ERROR", "object": status}).encode() + b"\n")

    # Writing

    def _create(self, connection, request, resource, target):
        obj = self._body(request, resource)
        metadata = obj.setdefault("metadata", {})
        if resource.namespaced:
            metadata["namespace"] = target.namespace
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + uuid.uuid4().hex[:5]
        validation.check(resource, obj, self.loopback_ok)
        with self.store.changed:
            if key_of(obj) in self.store.of(resource):
                raise errors.already_exists(resource, metadata["name"])
            if resource.has_status:
                obj.pop("status", None)
            obj = self.store.write(resource, obj)
        self._send(connection, request, 201, text_of(obj).encode())

    def _update(self, connection, request, resource, target):
        obj = self._body(request, resource)
        with self.store.changed:
            before = self.store.get(resource, target.namespace, target.name)
            self._check_version(resource, obj, before, target.name)
            self._write(connection, request, resource, target, before, obj)

    def _patch(self, connection, request, resource, target):
        with self.store.changed:
            before = self.store.get(resource, target.namespace, target.name)
            patch = json.loads(request.body)
            kind = request.headers.get("content-type", "")
            obj = patched(before, kind, patch)
            if isinstance(patch, dict) and (patch.get("metadata") or {}).get("resourceVersion"):
                self._check_version(resource, obj, before, target.name)
            self._write(connection, request, resource, target, before, obj)

    def _write(self, connection, request, resource, target, before, obj):
        if resource.has_status:
            kept, given = (before, obj) if target.subresource else (obj, before)
            obj = {**{k: v for k, v in kept.items() if k != "status"},
                   "status": given.get("status") or resource.zero.get("status", {})}
        validation.check(resource, obj, self.loopback_ok)
        obj = self.store.write(resource, obj, bool(target.subresource))
        self._send(connection, request, 200, text_of(obj).encode())

    def _check_version(self, resource, obj, before, name):
        version = (obj.get("metadata") or {}).get("resourceVersion")
        if not version:
            raise errors.no_version(resource, name)
        if version != before["metadata"]["resourceVersion"]:
            raise errors.conflict(resource, name)

    def _delete(self, connection, request, resource, target):
        gone = self.store.remove(resource, target.namespace, target.name)
        self._send(connection, request, 200, text_of({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": {"name": target.name, "kind": resource.plural,
                        "uid": gone["metadata"]["uid"]}}).encode())

    def _body(self, request, resource):
        try:
            obj = json.loads(request.body)
        except ValueError:
            raise errors.bad_request(
                f"the object provided is unrecognized (must be of type {resource.kind}): couldn't "
                "get version/kind; json parse error: unexpected end of JSON input "
                f"({request.body[:30].decode()} ...)") from None
        if obj.get("kind") != resource.kind or obj.get("apiVersion") != resource.api_version:
            raise errors.bad_request(
                f"the object provided is unrecognized (must be of type {resource.kind}): "
                "couldn't get version/kind")
        return obj

    # Answers

    def _send(self, connection, request, status, body, kind="application/json"):
        headers = [("Content-Type", kind)]
        if len(body) >= self.gzip_from and "gzip" in request.headers.get("accept-encoding", ""):
            body = gzip.compress(body, 4)
            headers = [("Content-Encoding", "gzip"), *headers, ("Vary", "Accept-Encoding")]
        if len(body) < _CHUNKED_FROM:
            headers.append(("Content-Length", str(len(body))))
            return connection.write(_head(status, headers) + body)
        headers.append(("Transfer-Encoding", "chunked"))
        connection.write(_head(status, headers))
        for piece in self._pieces(body):
            connection.write_chunk(piece)
        connection.write(b"0\r\n\r\n")

    def _send_failure(self, connection, failure):
        text = failure.text is not None
        body = failure.text.encode() if text else text_of(failure.status).encode()
        kind = "text/plain; charset=utf-8" if text else "application/json"
        headers = [("Content-Type", kind), *failure.headers, ("Content-Length", str(len(body)))]
        connection.write(_head(failure.code, headers) + body)

    def _pieces(self, body):
        """Cut anywhere; most at 2048, where a real server does."""
        place = 0
        while place < len(body):
            size = _CHUNKED_FROM if self._random.random() < 0.8 else self._random.randint(1, 3000)
            if len(body) > 1 << 20:
                size *= 16
            yield body[place:place + size]
            place += size


class _Watch:
    """One watch, in the thread of its connection."""

    def __init__(self, server, connection, request, resource, wanted, initial, version):
        self._server, self._connection, self._resource = server, connection, resource
        self._wanted, self._initial, self._version = wanted, initial, version
        self._bookmarks = request.asks("allowWatchBookmarks")
        seconds = int(request.query.get("timeoutSeconds") or random.randint(1800, 3600))
        self._end = time.monotonic() + seconds
        self._next_bookmark = time.monotonic() + min(server.bookmark_seconds,
                                                     max(seconds - 2, 0.2))
        with server.store.changed:
            self._epoch = server._epoch

    def run(self):
        store = self._server.store
        self._server._begin_watch(self._connection)
        with store.changed:
            if 0 < self._version < store.compacted and not self._initial:
                events = None
            elif self._initial or not self._version:
                objects = store.at(self._resource, store.version)
                events = [("ADDED", objects[k]) for k in sorted(objects)
                          if self._wanted(objects[k])]
                self._version = store.version
            else:
                events = []
        if events is None:
            self._server._too_old(self._connection, self._version)
            return self._connection.write(b"0\r\n\r\n")
        self._send(events)
        if self._initial and self._bookmarks:
            self._bookmark({"k8s.io/initial-events-end": "true"})
        self._follow()

    def _follow(self):
        while True:
            events = self._next_events()
            if events is None:
                return self._connection.write(b"0\r\n\r\n")
            self._send(events)
            if self._bookmarks and time.monotonic() >= self._next_bookmark:
                self._next_bookmark = time.monotonic() + self._server.bookmark_seconds
                self._bookmark()

    def _next_events(self):
        """None when the watch is over."""
        store = self._server.store

        def news():
            return store.version > self._version or self._server._epoch != self._epoch
        with store.changed:
            until = min(self._end, self._next_bookmark) if self._bookmarks else self._end
            store.changed.wait_for(news, max(until - time.monotonic(), 0))
            if self._server._epoch != self._epoch or time.monotonic() >= self._end:
                return None
            if self._version < store.compacted:
                self._version = max(self._version, store.compacted)
            changes = store.since(self._resource, self._version)
            self._version = store.version
        return [event for change in changes if (event := self._event(change))]

    def _event(self, change):
        had = change.before is not None and self._wanted(change.before)
        has = change.after is not None and self._wanted(change.after)
        if has:
            return "MODIFIED" if had else "ADDED", change.after
        if not had:
            return None
        # What stops matching a selector is gone, at the version of the change.
        gone = {**change.before, "metadata": {**change.before["metadata"],
                                              "resourceVersion": str(change.version)}}
        return "DELETED", gone

    def _bookmark(self, annotations=None):
        metadata = {"resourceVersion": str(self._version)}
        if annotations:
            metadata["annotations"] = annotations
        self._send([("BOOKMARK", {"kind": self._resource.kind,
                                  "apiVersion": self._resource.api_version,
                                  "metadata": metadata, **self._resource.zero})])

    def _send(self, events):
        body = "".join(f'{{"type":"{kind}","object":{text_of(obj)}}}\n' for kind, obj in events)
        if any(kind != "BOOKMARK" for kind, _ in events):
            self._server.last_event = time.monotonic()
            self._server.events_sent += 1
        for piece in self._server._pieces(body.encode()):
            self._connection.write_chunk(piece)


class _Target:
    """/apis/GROUP/v1/[namespaces/NS/]PLURAL[/NAME[/SUBRESOURCE]]; /api/v1/… for the core group."""

    def __init__(self, path):
        parts = path.strip("/").split("/")
        self.group = self.plural = ""
        self.namespace = self.name = self.subresource = None
        if parts[:2] == ["api", "v1"]:
            rest = parts[2:]
        elif parts[0] == "apis" and len(parts) >= 3 and parts[2] == "v1":
            self.group, rest = parts[1], parts[3:]
        else:
            raise errors.no_such_group()
        if rest[:1] == ["namespaces"] and len(rest) > 2:
            self.namespace, rest = rest[1], rest[2:]
        if self.group not in GROUPS:
            raise errors.no_such_group()
        if not rest:
            raise errors.no_such_resource()
        self.plural = rest[0]
        self.name = rest[1] if len(rest) > 1 else None
        self.subresource = rest[2] if len(rest) > 2 else None


def _verb(request, target):
    if target.name is None:
        verbs = {"GET": "watch" if request.asks("watch") else "list", "POST": "create"}
    else:
        verbs = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
    if request.method not in verbs:
        raise errors.Failure(405, "the server does not allow this method on the requested "
                                  "resource", "MethodNotAllowed", {})
    return verbs[request.method]


_REASONS = {200: "OK", 201: "Created", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
            404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 410: "Gone",
            415: "Unsupported Media Type", 422: "Unprocessable Entity", 429: "Too Many Requests",
            500: "Internal Server Error", 504: "Gateway Timeout"}


def _head(status, headers):
    lines = [f"HTTP/1.1 {status} {_REASONS[status]}", f"Audit-Id: {uuid.uuid4()}",
             "Cache-Control: no-cache, private"]
    lines += [f"{k}: {v}" for k, v in headers]
    lines.append(time.strftime("Date: %a, %d %b %Y %H:%M:%S GMT", time.gmtime()))
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _token(version, key):
    text = text_of({"v": "meta.k8s.io/v1", "rv": version, "start": "/".join(key) + "\0"})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_token(token):
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        fields = json.loads(text)
    except ValueError:
        raise errors.bad_request("invalid continue token: continue key is not valid: illegal "
                                 "base64 data at input byte 0") from None
    space, _, name = fields["start"].strip("/").rstrip("\0").rpartition("/")
    return fields["rv"], (space, name)
