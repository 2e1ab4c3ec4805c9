"""Answers that are failures: Status objects, in the words of a real server."""


class Failure(Exception):
    """A JSON Status, or plain text when `text` is given."""

    def __init__(self, code, message="", reason="", details=None, metadata=None, retry_after=None,
                 text=None, headers=()):
        super().__init__(code, message or text)
        self.code, self.text = code, text
        self.headers = list(headers)
        if retry_after is not None:
            self.headers.append(("Retry-After", str(retry_after)))
        self.status = {"kind": "Status", "apiVersion": "v1", "metadata": metadata or {},
                       "status": "Failure", "message": message}
        if reason:
            self.status["reason"] = reason
        if details is not None:
            self.status["details"] = details
        self.status["code"] = code


def _details(resource, name=None, kind=None):
    details = {"name": name} if name else {}
    if resource.group:
        details["group"] = resource.group
    details["kind"] = kind or resource.plural
    return details


def unauthorized():
    return Failure(401, "Unauthorized", "Unauthorized")


def forbidden(user, verb, group, plural, namespace, name=None):
    full = f"{plural}.{group}" if group else plural
    subject = f'{full} "{name}"' if name else full
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    details = {"name": name} if name else {}
    if group:
        details["group"] = group
    details["kind"] = plural
    return Failure(403, f'{subject} is forbidden: User "{user}" cannot {verb} resource "{plural}" '
                        f'in API group "{group}" {where}', "Forbidden", details,
                   headers=[("X-Content-Type-Options", "nosniff")])


def no_such_resource():
    return Failure(404, "the server could not find the requested resource", "NotFound", {})


def no_such_group():
    return Failure(404, text="404 page not found\n",
                   headers=[("X-Content-Type-Options", "nosniff")])


def not_found(resource, name):
    return Failure(404, f'{resource.full} "{name}" not found', "NotFound",
                   _details(resource, name))


def already_exists(resource, name):
    return Failure(409, f'{resource.full} "{name}" already exists', "AlreadyExists",
                   _details(resource, name))


def conflict(resource, name):
    return Failure(409, f'Operation cannot be fulfilled on {resource.full} "{name}": the object '
                        "has been modified; please apply your changes to the latest version and "
                        "try again", "Conflict", _details(resource, name))


def invalid(subject, details, causes):
    """`causes`: (reason, message, field) each."""
    words = [f"{field}: {message}" for _, message, field in causes]
    text = words[0] if len(words) == 1 else "[" + ", ".join(words) + "]"
    listed = [{"reason": r, "message": m, "field": f} for r, m, f in causes]
    return Failure(422, f"{subject} is invalid: {text}", "Invalid", {**details, "causes": listed})


def invalid_object(resource, name, causes):
    subject = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    details = _details(resource, name, resource.kind)
    if resource.kind == "Event":  # as recorded: without the group
        subject, details = "Event", {"name": name, "kind": "Event"}
    return invalid(f'{subject} "{name}"', details, causes)


def no_version(resource, name):
    return invalid(f'{resource.full} "{name}"', _details(resource, name),
                   [("FieldValueInvalid", "Invalid value: 0: must be specified for an update",
                     "metadata.resourceVersion")])


def no_match_for_initial_events():
    return invalid('ListOptions.meta.k8s.io ""', {"group": "meta.k8s.io", "kind": "ListOptions"},
                   [("FieldValueForbidden", "Forbidden: sendInitialEvents requires setting "
                     "resourceVersionMatch to NotOlderThan", "resourceVersionMatch")])


def bad_request(message):
    return Failure(400, message, "BadRequest")


def expired_list():
    return Failure(410, "The resourceVersion for the provided list is too old.", "Expired")


def expired_continue(token):
    return Failure(
        410, "The provided continue parameter is too old to display a consistent list result. You "
             "can start a new list without the continue parameter, or use the continue token in "
             "this response to retrieve the remainder of the results. Continuing with the provided "
             "token results in an inconsistent list - objects that were created, modified, or "
             "deleted between the time the first chunk was returned and now may show up in the "
             "list.", "Expired", metadata={"continue": token})


def too_large_version(wanted, current):
    return Failure(504, f"Timeout: Too large resource version: {wanted}, current: {current}",
                   "Timeout", {"causes": [{"reason": "ResourceVersionTooLarge",
                                           "message": "Too large resource version"}],
                               "retryAfterSeconds": 1}, retry_after=1)


def too_many_requests_text():
    return Failure(429, text="Too many requests, please try again later.\n", retry_after=1,
                   headers=[("X-Content-Type-Options", "nosniff")])


def too_many_requests_json():
    return Failure(429, "storage is (re)initializing", "TooManyRequests",
                   {"retryAfterSeconds": 1}, retry_after=1)


def internal():
    return Failure(500, "Internal error occurred: etcdserver: leader changed", "InternalError",
                   {"causes": [{"message": "etcdserver: leader changed"}]})


def gateway_timeout():
    return Failure(504, "Timeout: request did not complete within the allotted timeout", "Timeout",
                   {"retryAfterSeconds": 1}, retry_after=1)
