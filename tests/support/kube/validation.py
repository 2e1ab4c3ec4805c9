"""What a real server refuses of what a controller writes."""

import ipaddress
import re

from . import errors

_MICRO_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
_HOST = re.compile(r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")


def check(resource, obj, loopback_ok=False):
    """Raises a Failure."""
    if resource.kind == "Lease":
        _times(resource, obj.get("spec") or {}, ("acquireTime", "renewTime"))
        _lease(resource, obj)
    elif resource.kind == "Event":
        _event(resource, obj)
    elif resource.kind == "EndpointSlice" and not loopback_ok:
        _addresses(resource, obj)
    elif resource.kind == "Ingress":
        _ingress(resource, obj)
        _status(resource, obj)


def _times(resource, holder, names):
    for name in names:
        value = holder.get(name)
        if value is not None and not _MICRO_TIME.match(value):
            raise errors.bad_request(
                f'{resource.kind} in version "v1" cannot be handled as a {resource.kind}: parsing '
                f'time "{value}" as "2006-01-02T15:04:05.000000Z07:00": cannot parse '
                f'"{value[19:]}" as ".000000"')


def _lease(resource, obj):
    seconds = (obj.get("spec") or {}).get("leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        raise errors.invalid_object(resource, obj["metadata"]["name"], [
            ("FieldValueInvalid", f"Invalid value: {seconds}: must be greater than 0",
             "spec.leaseDurationSeconds")])


def _event(resource, obj):
    _times(resource, obj, ("eventTime",))
    _times(resource, obj.get("series") or {}, ("lastObservedTime",))
    required = [(f, "Required value") for f in ("reportingController", "reportingInstance",
                                               "action", "reason") if not obj.get(f)]
    if not obj.get("eventTime"):
        required = [("eventTime", "Required value")]  # and nothing else is looked at, as recorded
    if not required and obj.get("type") not in ("Normal", "Warning"):
        required = [("type", f'Invalid value: "{obj.get("type", "")}": ')]
    if not required and len(obj.get("note", "")) > 1024:
        required = [("note", "Invalid value: can have at most 1024 characters")]
    if required:
        raise errors.invalid_object(resource, obj["metadata"]["name"], [
            ("FieldValueRequired" if m.startswith("Req") else "FieldValueInvalid", m, f)
            for f, m in required])
    about = (obj.get("regarding") or {}).get("namespace", "")
    if about and about != obj["metadata"].get("namespace"):
        raise errors.invalid_object(resource, obj["metadata"]["name"], [
            ("FieldValueInvalid", f'Invalid value: "{about}": does not match event.namespace',
             "involvedObject.namespace")])


def _addresses(resource, obj):
    for i, endpoint in enumerate(obj.get("endpoints") or []):
        for j, address in enumerate(endpoint.get("addresses") or []):
            try:
                if not ipaddress.ip_address(address).is_loopback:
                    continue
            except ValueError:
                continue
            raise errors.invalid_object(resource, obj["metadata"]["name"], [
                ("FieldValueInvalid", f'Invalid value: "{address}": may not be in the loopback '
                 "range (127.0.0.0/8, ::1/128)", f"endpoints[{i}].addresses[{j}]")])


def _ingress(resource, obj):
    causes = []
    for i, rule in enumerate((obj.get("spec") or {}).get("rules") or []):
        host = rule.get("host")
        if host and not _HOST.match(host):
            causes.append(("FieldValueInvalid", _host_message(host), f"spec.rules[{i}].host"))
        for j, path in enumerate((rule.get("http") or {}).get("paths") or []):
            place = f"spec.rules[{i}].http.paths[{j}]"
            text = path.get("path", "")
            if path.get("pathType") in ("Prefix", "Exact") and not text.startswith("/"):
                causes.append(("FieldValueInvalid",
                               f'Invalid value: "{text}": must be an absolute path',
                               f"{place}.path"))
            service = (path.get("backend") or {}).get("service")
            if service is not None and not service.get("port"):
                causes.append(("FieldValueRequired",
                               "Required value: port name or number is required",
                               f"{place}.backend"))
    if causes:
        raise errors.invalid_object(resource, obj["metadata"]["name"], causes)


def _host_message(host):
    return (f'Invalid value: "{host}": a lowercase RFC 1123 subdomain must consist of lower case '
            "alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
            "character (e.g. 'example.com', regex used for validation is "
            "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')")


def _status(resource, obj):
    entries = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    for i, entry in enumerate(entries):
        try:
            if "ip" in entry:
                ipaddress.ip_address(entry["ip"])
        except ValueError:
            raise errors.invalid_object(resource, obj["metadata"]["name"], [
                ("FieldValueInvalid", f'Invalid value: "{entry["ip"]}": must be a valid IP '
                 "address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
                 f"status.loadBalancer.ingress[{i}].ip")]) from None
