"""Field and label selectors."""

import re

from .errors import bad_request

_SET = re.compile(r"^\s*(\S+)\s+(in|notin)\s+\(([^)]*)\)\s*$")


def fields_of(resource, obj):
    metadata = obj["metadata"]
    fields = {"metadata.name": metadata["name"]}
    if resource.namespaced:
        fields["metadata.namespace"] = metadata.get("namespace", "")
    if resource.kind == "Secret":
        fields["type"] = obj.get("type", "Opaque")
    return fields


def field_terms(resource, text):
    """[(field, equal, value)]"""
    known = {"metadata.name", "metadata.namespace"} | ({"type"} if resource.kind == "Secret"
                                                       else set())
    terms = []
    for part in filter(None, (text or "").split(",")):
        match = re.match(r"^([^!=]+)(!=|==|=)(.*)$", part)
        if not match:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        if match[1] not in known:
            raise bad_request(f"field label not supported: {match[1]}")
        terms.append((match[1], match[2] != "!=", match[3]))
    return terms


def label_terms(text):
    """[function of labels]"""
    terms = []
    for part in filter(None, re.split(r",(?![^(]*\))", text or "")):
        if match := _SET.match(part):
            values = {v.strip() for v in match[3].split(",")}
            inside = match[2] == "in"
            terms.append(lambda l, k=match[1], v=values, i=inside: (l.get(k) in v) == i)
        elif "!=" in part:
            key, value = part.split("!=")
            terms.append(lambda l, k=key, v=value: l.get(k) != v)
        elif "=" in part:
            key, _, value = part.replace("==", "=").partition("=")
            terms.append(lambda l, k=key, v=value: l.get(k) == v)
        elif part.startswith("!"):
            terms.append(lambda l, k=part[1:]: k not in l)
        else:
            terms.append(lambda l, k=part: k in l)
    return terms


def selector(resource, query):
    """A function of an object: whether a list or watch with this query has it."""
    fields = field_terms(resource, query.get("fieldSelector"))
    labels = label_terms(query.get("labelSelector"))

    def selects(obj):
        have = fields_of(resource, obj)
        given = obj["metadata"].get("labels") or {}
        return all((have[f] == v) == equal for f, equal, v in fields) and \
            all(term(given) for term in labels)
    return selects


def named(resource, query):
    """The one name that the field selector leaves, for RBAC by name; or None."""
    return next((v for f, equal, v in field_terms(resource, query.get("fieldSelector"))
                 if f == "metadata.name" and equal), None)
