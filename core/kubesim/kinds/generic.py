"""Every other kind: a strategy made from the table of resources, with the columns that Kubernetes prints."""

from collections.abc import Callable
from typing import Any

from kubesim.api.schema import ResourceFacts
from kubesim.kinds.plain import Plain
from kubesim.kinds.pod.defaults import default_template
from kubesim.kinds.pod.spec import validate_template
from kubesim.kinds.printing import NONE, UNSET, age, columns, containers_and_images, format_labels
from kubesim.kinds.shapes import filled, inside
from kubesim.objects.errors import Cause
from kubesim.objects.refs import annotations, condition
from kubesim.objects.wire import EMPTY, Tree

Printer = Callable[[Tree, int], list[Any]]

WITHOUT_GENERATION = frozenset((
    "apiservices.apiregistration.k8s.io", "certificatesigningrequests.certificates.k8s.io", "componentstatuses",
    "csistoragecapacities.storage.k8s.io", "ipaddresses.networking.k8s.io",
    "runtimeclasses.node.k8s.io", "volumeattributesclasses.storage.k8s.io",
))  # fmt: skip
DEPRECATIONS = {"componentstatuses": "v1 ComponentStatus is deprecated in v1.19+"}


class GenericStrategy(Plain):
    """A kind without rules of its own beyond its schema."""

    def __init__(self, facts: ResourceFacts) -> None:
        self.gvr = facts.gvr
        self.kind = facts.kind
        self.singular = facts.singular
        self.namespaced = facts.namespaced
        self.short_names = facts.short_names
        self.categories = facts.categories
        self.verbs = facts.verbs
        self.subresources = tuple(part.name for part in facts.subresources)
        self.columns = columns(facts.gvr)
        self.name_format = "address" if facts.gvr.resource == "ipaddresses" else "subdomain"
        self.has_generation = facts.gvr.qualified not in WITHOUT_GENERATION
        self.deprecation = DEPRECATIONS.get(facts.gvr.qualified, "")
        self.initial_status = {} if "status" in self.subresources else None

    def row(self, obj: Tree, now: int) -> list[Any]:
        """As Kubernetes prints the kind."""
        printer = _PRINTERS.get(self.gvr.qualified)
        return super().row(obj, now) if printer is None else printer(obj, now)


class PodTemplateStrategy(GenericStrategy):
    """PodTemplates."""

    def default(self, obj: Tree) -> Tree:
        """Those of the template."""
        return inside(filled(obj, template={}), "template", default_template)

    def validate(self, obj: Tree) -> list[Cause]:
        """Those of the template."""
        return validate_template("template", obj.get("template"))


SPECIAL: dict[str, type[GenericStrategy]] = {
    "podtemplates": PodTemplateStrategy,
}


def generic(facts: ResourceFacts) -> GenericStrategy:
    """The strategy of a resource that has no own."""
    return SPECIAL.get(facts.gvr.qualified, GenericStrategy)(facts)


# ---------------------------------------------------------------------- rows
def _name(obj: Tree) -> str:
    return str(obj["metadata"]["name"])


def _spec(obj: Tree) -> Tree:
    found: Tree = obj.get("spec") or EMPTY
    return found


def _pod_template(obj: Tree, now: int) -> list[Any]:
    del now
    template = obj.get("template") or EMPTY
    labels = (template.get("metadata") or EMPTY).get("labels")
    return [_name(obj), *containers_and_images(template), format_labels(labels)]


def _runtime_class(obj: Tree, now: int) -> list[Any]:
    return [_name(obj), obj.get("handler") or "", age(obj, now)]


def _component(obj: Tree, now: int) -> list[Any]:
    del now
    for entry in obj.get("conditions") or ():
        if entry.get("type") == "Healthy":
            state = "Healthy" if entry.get("status") == "True" else "Unhealthy"
            return [_name(obj), state, entry.get("message") or "", entry.get("error") or ""]
    return [_name(obj), "Unknown", "", ""]


def _api_service(obj: Tree, now: int) -> list[Any]:
    service = _spec(obj).get("service")
    host = "Local" if service is None else f"{service.get('namespace')}/{service.get('name')}"
    available = condition(obj, "Available")
    shown = "Unknown" if available is None else str(available["status"])
    if available is not None and shown != "True":
        shown = f"{shown} ({available.get('reason') or ''})"
    return [_name(obj), host, shown, age(obj, now)]


def _attributes_class(obj: Tree, now: int) -> list[Any]:
    chosen = annotations(obj).get("storage.alpha.kubernetes.io/is-default-volume-attributes-class") == "true"
    return [_name(obj) + (" (default)" if chosen else ""), obj.get("driverName") or "", age(obj, now)]


def _capacity(obj: Tree, now: int) -> list[Any]:
    del now
    return [_name(obj), obj.get("storageClassName") or "", obj.get("capacity") or UNSET]


def _ip_address(obj: Tree, now: int) -> list[Any]:
    del now
    parent = _spec(obj).get("parentRef")
    if parent is None:
        return [_name(obj), NONE]
    group = parent.get("group")
    kind = f"{parent.get('resource')}.{group}" if group else str(parent.get("resource"))
    place = [kind.lower(), parent.get("namespace"), parent.get("name")]
    return [_name(obj), "/".join(part for part in place if part)]


def _trust_bundle(obj: Tree, now: int) -> list[Any]:
    del now
    return [_name(obj), _spec(obj).get("signerName") or NONE]


def _pod_certificate(obj: Tree, now: int) -> list[Any]:
    del now
    names = ("podName", "serviceAccountName", "nodeName", "signerName")
    # k8s: of several conditions the last of these types counts.
    states = [each["type"] for each in (obj.get("status") or EMPTY).get("conditions") or ()]
    state = next((each for each in reversed(states) if each in {"Issued", "Denied", "Failed"}), "Pending")
    return [_name(obj), *(_spec(obj).get(name) or "" for name in names), state]


_PRINTERS: dict[str, Printer] = {
    "apiservices.apiregistration.k8s.io": _api_service,
    "clustertrustbundles.certificates.k8s.io": _trust_bundle,
    "componentstatuses": _component,
    "csistoragecapacities.storage.k8s.io": _capacity,
    "ipaddresses.networking.k8s.io": _ip_address,
    "podcertificaterequests.certificates.k8s.io": _pod_certificate,
    "podtemplates": _pod_template,
    "runtimeclasses.node.k8s.io": _runtime_class,
    "volumeattributesclasses.storage.k8s.io": _attributes_class,
}
