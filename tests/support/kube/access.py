"""Who may do what: RBAC's rules, granted in the whole cluster or in one namespace."""

from . import errors

ANONYMOUS = "system:anonymous"


class Access:
    """`tokens` and `certificates` (by common name) say who somebody is."""

    def __init__(self):
        self.tokens = {}
        self._grants = []  # (user, namespace or None, rules)
        self.denied = set()  # (resource, name): whatever was granted

    def grant(self, user, rules, namespace=None):
        """`rules` as in a Role: apiGroups, resources, verbs, resourceNames."""
        self._grants.append((user, namespace, rules))

    def grant_everything(self, user):
        self.grant(user, [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}])

    def revoke(self, user):
        self._grants = [g for g in self._grants if g[0] != user]

    def user(self, request, certificate):
        given = request.headers.get("authorization", "")
        if given.startswith("Bearer "):
            if given[7:] not in self.tokens:
                raise errors.unauthorized()
            return self.tokens[given[7:]]
        for part in (certificate or {}).get("subject", ()):
            for key, value in part:
                if key == "commonName":
                    return value
        return ANONYMOUS

    def check(self, user, verb, group, plural, namespace, name):
        """`plural` with its subresource: "ingresses/status"."""
        for who, where, rules in () if (plural, name) in self.denied else self._grants:
            if who == user and where in (None, namespace):
                if any(_allows(rule, verb, group, plural, name) for rule in rules):
                    return
        raise errors.forbidden(user, verb, group, plural, namespace, name)


def _allows(rule, verb, group, plural, name):
    def has(key, value):
        return "*" in rule.get(key, []) or value in rule.get(key, [])
    names = rule.get("resourceNames")
    return (has("apiGroups", group) and has("resources", plural) and has("verbs", verb) and
            (not names or name in names))
