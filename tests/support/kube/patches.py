"""PATCH bodies: merge patches (RFC 7386) and JSON patches (RFC 6902)."""

import copy

from .errors import Failure, bad_request

MERGE, JSON = "application/merge-patch+json", "application/json-patch+json"


def patched(obj, kind, patch):
    if kind == MERGE:
        return _merged(obj, patch)
    if kind == JSON:
        return _applied(copy.deepcopy(obj), patch)
    raise Failure(415, "415: Unsupported Media Type", "UnsupportedMediaType", {})


def _merged(target, patch):
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value)
    return result


def _applied(obj, operations):
    for operation in operations:
        parts = [p.replace("~1", "/").replace("~0", "~")
                 for p in operation["path"].split("/")[1:]]
        place = obj
        for part in parts[:-1]:
            place = place[int(part) if isinstance(place, list) else part]
        last = int(parts[-1]) if isinstance(place, list) and parts[-1] != "-" else parts[-1]
        if operation["op"] == "remove":
            del place[last]
        elif operation["op"] == "test":
            if place[last] != operation["value"]:
                raise bad_request("the server rejected our request due to an error in our request")
        elif isinstance(place, list) and operation["op"] == "add":
            place.insert(len(place) if last == "-" else last, operation["value"])
        else:
            place[last] = operation["value"]
    return obj
