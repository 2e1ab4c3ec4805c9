"""Objects with a history: resource versions, snapshots of the past, compaction."""

import copy
import datetime
import json
import threading
import uuid

from . import errors


def now(micros=False):
    t = datetime.datetime.now(datetime.timezone.utc)
    return t.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if micros else "%Y-%m-%dT%H:%M:%SZ")


def key_of(obj):
    metadata = obj["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def text_of(obj):
    return json.dumps(obj, separators=(",", ":"))


class Change:
    """One write. `before` is None for a creation, `after` for a removal."""

    def __init__(self, version, resource, before, after):
        self.version, self.resource, self.before, self.after = version, resource, before, after


class Store:
    """Any thread. Objects in it are never changed, only replaced."""

    def __init__(self):
        self.changed = threading.Condition()
        self.version = 200
        self.compacted = 1
        self._objects = {}   # resource: {key: object}
        self._history = []

    def of(self, resource):
        return self._objects.setdefault(resource, {})

    def get(self, resource, namespace, name):
        with self.changed:
            found = self.of(resource).get((namespace if resource.namespaced else "", name))
        if found is None:
            raise errors.not_found(resource, name)
        return found

    def write(self, resource, obj, status_only=False):
        """Creates or replaces; what changes nothing keeps its version. Returns what is stored."""
        with self.changed:
            before = self.of(resource).get(key_of(obj))
            after = self._completed(resource, before, copy.deepcopy(obj), status_only)
            if before is not None and _same(before, after):
                return before
            self._commit(resource, before, after)
            return after

    def remove(self, resource, namespace, name):
        with self.changed:
            before = self.of(resource).get((namespace if resource.namespaced else "", name))
            if before is None:
                raise errors.not_found(resource, name)
            self._commit(resource, before, None)
            return before

    def compact(self):
        """Forgets the past: what asks for a version before this one is too late."""
        with self.changed:
            self.version += 1
            self.compacted = self.version
            self._history.clear()
            self.changed.notify_all()

    def touch(self):
        """Time goes by elsewhere: the version grows and nothing of ours has changed."""
        with self.changed:
            self.version += 1
            self.changed.notify_all()

    def at(self, resource, version):
        """{key: object} as of then. REQUIRES: the lock, and a version not compacted."""
        objects = dict(self.of(resource))
        for change in reversed(self._history):
            if change.version <= version:
                break
            if change.resource == resource:
                key = key_of(change.before or change.after)
                if change.before is None:
                    objects.pop(key, None)
                else:
                    objects[key] = change.before
        return objects

    def since(self, resource, version):
        """The changes after it. REQUIRES: the lock."""
        found = []
        for change in reversed(self._history):
            if change.version <= version:
                break
            if change.resource == resource:
                found.append(change)
        return found[::-1]

    def _commit(self, resource, before, after):
        self.version += 1
        key = key_of(before or after)
        if after is None:
            del self.of(resource)[key]
            self._history.append(Change(self.version, resource, before, None))
        else:
            after["metadata"]["resourceVersion"] = str(self.version)
            self.of(resource)[key] = after
            self._history.append(Change(self.version, resource, before, after))
        self.changed.notify_all()

    def _completed(self, resource, before, obj, status_only):
        metadata = dict(obj["metadata"])
        old = before["metadata"] if before else {}
        made = {"name": metadata.pop("name")}
        if "generateName" in metadata:
            made["generateName"] = metadata.pop("generateName")
        space = metadata.pop("namespace", "")
        if resource.namespaced:
            made["namespace"] = space
        made["uid"] = old.get("uid") or str(uuid.uuid4())
        made["resourceVersion"] = old.get("resourceVersion", "")
        if resource.has_generation:
            changed = before and any(before.get(k) != obj.get(k)
                                     for k in (before.keys() | obj.keys()) - {"metadata", "status"})
            made["generation"] = old.get("generation", 0) + (1 if changed or not before else 0)
        made["creationTimestamp"] = (old.get("creationTimestamp") or
                                     metadata.get("creationTimestamp") or now())
        for key in ("labels", "annotations", "deletionTimestamp", "ownerReferences"):
            if metadata.get(key):
                made[key] = metadata[key]
        made["managedFields"] = _managed(resource, old, obj, status_only)
        full = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": made}
        for key, value in obj.items():
            if key not in ("kind", "apiVersion", "metadata", "stringData"):
                full[key] = value
        for key, value in resource.zero.items():
            full.setdefault(key, copy.deepcopy(value))
        return full


def _managed(resource, old, obj, status_only):
    """Who wrote what: noise that a client has to pass over, as large as it really is."""
    entry = {"manager": "sallyport", "operation": "Update", "apiVersion": resource.api_version,
             "time": now(), "fieldsType": "FieldsV1",
             "fieldsV1": {"f:status": {"f:loadBalancer": {"f:ingress": {}}}} if status_only else
             {f"f:{k}": {f"f:{n}": {} for n in v} if isinstance(v, dict) else {}
              for k, v in obj.items() if k not in ("kind", "apiVersion", "metadata", "status")}}
    if status_only:
        entry["subresource"] = "status"
    others = [e for e in old.get("managedFields", [])
              if e.get("subresource") != entry.get("subresource")]
    return others + [entry]


def _same(a, b):
    def bare(obj):
        metadata = {k: v for k, v in obj["metadata"].items()
                    if k not in ("managedFields", "resourceVersion", "generation")}
        return {**obj, "metadata": metadata}
    return bare(a) == bare(b)
