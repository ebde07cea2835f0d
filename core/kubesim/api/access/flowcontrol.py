"""Which FlowSchema and priority level a request belongs to, by the objects in the store.

# k8s: apiserver/pkg/util/flowcontrol/rule.go
# differs: requests are told apart and never queued by it: a simulated server is not overloaded
"""

from typing import NamedTuple

from kubesim.api.access.attributes import Attributes, account_of
from kubesim.objects import refs
from kubesim.objects.wire import EMPTY, Gvr, Identity, Tree
from kubesim.store.mvcc import Fields, Store

GROUP = "flowcontrol.apiserver.k8s.io"
FLOWSCHEMAS = Gvr(GROUP, "v1", "flowschemas")
LEVELS = Gvr(GROUP, "v1", "prioritylevelconfigurations")


class Flow(NamedTuple):
    """Where a request belongs: names for people, uids for the headers of the answer."""

    schema: str
    schema_uid: str
    level: str
    level_uid: str


class FlowControl:
    """Classifies requests. It reads the store when it is first asked, and again after a change."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._following = False
        self._order: list[tuple[Tree, Flow]] | None = None

    def _changed(self, change: Fields) -> None:
        del change
        self._order = None

    def _sorted(self) -> list[tuple[Tree, Flow]]:
        if not self._following:
            self._following = True
            self._store.subscribe(self._changed, FLOWSCHEMAS)
            self._store.subscribe(self._changed, LEVELS)
        if self._order is None:
            self._order = []
            for schema in sorted(self._store.range(FLOWSCHEMAS), key=_precedence):
                name = ((schema.get("spec") or EMPTY).get("priorityLevelConfiguration") or EMPTY).get("name") or ""
                level = self._store.get(LEVELS, "", name)
                if level is not None:
                    flow = Flow(schema["metadata"]["name"], refs.uid(schema), name, refs.uid(level))
                    self._order.append((schema, flow))
        return self._order

    def classify(self, identity: Identity, wanted: Attributes) -> Flow | None:
        """Where the request belongs; None only when somebody deleted the mandatory objects."""
        for schema, flow in self._sorted():
            for rule in (schema.get("spec") or EMPTY).get("rules") or ():
                if any(_is(identity, subject) for subject in rule.get("subjects") or ()) and _applies(rule, wanted):
                    return flow
        return None


def _precedence(schema: Tree) -> tuple[int, str]:
    return (schema.get("spec") or EMPTY).get("matchingPrecedence") or 0, schema["metadata"]["name"]


def _is(identity: Identity, subject: Tree) -> bool:
    kind = subject.get("kind")
    if kind == "User":
        return (subject.get("user") or EMPTY).get("name") in {identity.user, "*"}
    if kind == "Group":
        name = (subject.get("group") or EMPTY).get("name")
        return name == "*" or name in identity.groups
    given, account = subject.get("serviceAccount") or EMPTY, account_of(identity.user)
    return account is not None and given.get("namespace") == account[0] and given.get("name") in {account[1], "*"}


def _applies(rule: Tree, wanted: Attributes) -> bool:
    if wanted.path:
        return any(
            _has(each, "verbs", wanted.verb)
            and any(_url(url, wanted.path) for url in each.get("nonResourceURLs") or ())
            for each in rule.get("nonResourceRules") or ()
        )
    resource = f"{wanted.gvr.resource}/{wanted.subresource}" if wanted.subresource else wanted.gvr.resource
    for each in rule.get("resourceRules") or ():
        inside = _has(each, "namespaces", wanted.namespace) if wanted.namespace else bool(each.get("clusterScope"))
        if (
            inside
            and _has(each, "verbs", wanted.verb)
            and _has(each, "apiGroups", wanted.gvr.group)
            and _has(each, "resources", resource)
        ):
            return True
    return False


def _has(rule: Tree, field: str, value: str) -> bool:
    values = rule.get(field) or ()
    return value in values or "*" in values


def _url(url: str, path: str) -> bool:
    return url in {"*", path} or (url.endswith("/*") and path.startswith(url[:-1]))
