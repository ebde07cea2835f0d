"""Every other kind: a strategy made from the table of resources, with the columns that Kubernetes prints."""

from collections.abc import Callable, Mapping
from typing import Any

from kubesim.api.schema import ResourceFacts
from kubesim.api.strategy import Context
from kubesim.kinds.fielderrors import invalid
from kubesim.kinds.plain import Plain
from kubesim.kinds.pod.defaults import default_template
from kubesim.kinds.pod.spec import validate_template
from kubesim.kinds.printing import NONE, UNSET, age, columns, containers_and_images, format_labels
from kubesim.kinds.shapes import filled, filled_empty, inside
from kubesim.objects.errors import Cause
from kubesim.objects.refs import annotations, condition, is_deleting
from kubesim.objects.times import human_duration
from kubesim.objects.wire import EMPTY, Tree

Printer = Callable[[Tree, int], list[Any]]

WITHOUT_GENERATION = frozenset((
    "apiservices.apiregistration.k8s.io", "certificatesigningrequests.certificates.k8s.io", "componentstatuses",
    "csistoragecapacities.storage.k8s.io", "ipaddresses.networking.k8s.io", "resourceslices.resource.k8s.io",
    "runtimeclasses.node.k8s.io", "servicecidrs.networking.k8s.io", "volumeattributesclasses.storage.k8s.io",
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


class CertificateRequestStrategy(GenericStrategy):
    """CertificateSigningRequests."""

    def prepare_create(self, obj: Tree, context: Context) -> Tree:
        """Who asks."""
        obj = super().prepare_create(filled(obj, spec={}), context)
        return {**obj, "spec": {**obj["spec"], "username": context.user}}

    def fields(self, obj: Tree) -> Mapping[str, str]:
        """By signer."""
        return {"spec.signerName": _spec(obj).get("signerName") or ""}


class DefinitionStrategy(GenericStrategy):
    """CustomResourceDefinitions. # k8s: apiextensions/v1/defaults.go."""

    def default(self, obj: Tree) -> Tree:
        """Names that follow from the kind, and no conversion."""
        return inside(filled(obj, spec={}), "spec", _default_definition)

    def prepare_create(self, obj: Tree, context: Context) -> Tree:
        """Nothing is accepted yet; the storage version is the first stored one."""
        del context
        stored = [version.get("name") for version in _spec(obj).get("versions") or () if version.get("storage")]
        names = {"plural": "", "kind": ""}
        return {**obj, "status": {"conditions": None, "acceptedNames": names, "storedVersions": stored}}

    def validate(self, obj: Tree) -> list[Cause]:
        """The name is made of plural and group."""
        spec = _spec(obj)
        wanted = f"{(spec.get('names') or EMPTY).get('plural') or ''}.{spec.get('group') or ''}"
        name = obj["metadata"].get("name") or ""
        if name == wanted:
            return []
        return [invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')]


def _default_definition(spec: Tree) -> Tree:
    return inside(filled(spec, names={}, conversion={"strategy": "None"}), "names", _default_names)


def _default_names(names: Tree) -> Tree:
    kind = names.get("kind")
    return filled_empty(names, singular=kind.lower(), listKind=f"{kind}List") if kind else names


SPECIAL: dict[str, type[GenericStrategy]] = {
    "certificatesigningrequests.certificates.k8s.io": CertificateRequestStrategy,
    "customresourcedefinitions.apiextensions.k8s.io": DefinitionStrategy,
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


def _csr(obj: Tree, now: int) -> list[Any]:
    spec, status = _spec(obj), obj.get("status") or EMPTY
    seconds = spec.get("expirationSeconds")
    duration = NONE if seconds is None else human_duration(seconds * 1000)
    types = [entry.get("type") for entry in status.get("conditions") or ()]
    state = "Denied" if "Denied" in types else "Approved" if "Approved" in types else "Pending"
    state += ",Failed" if "Failed" in types else ""
    state += ",Issued" if status.get("certificate") else ""
    return [_name(obj), age(obj, now), spec.get("signerName") or NONE, spec.get("username") or "", duration, state]


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


def _flow_schema(obj: Tree, now: int) -> list[Any]:
    spec, status = _spec(obj), obj.get("status") or EMPTY
    dangling = "?"
    for entry in status.get("conditions") or ():
        if entry.get("type") == "Dangling":
            dangling = entry.get("status") or ""
    level = (spec.get("priorityLevelConfiguration") or EMPTY).get("name") or ""
    method = (spec.get("distinguisherMethod") or EMPTY).get("type") or NONE
    return [_name(obj), level, spec.get("matchingPrecedence") or 0, method, age(obj, now), dangling]


def _priority_level(obj: Tree, now: int) -> list[Any]:
    spec = _spec(obj)
    limited = spec.get("limited")
    shares: Any = NONE if limited is None else limited.get("nominalConcurrencyShares") or 0
    queuing = ((limited or EMPTY).get("limitResponse") or EMPTY).get("queuing")
    names = ("queues", "handSize", "queueLengthLimit")
    counts = [NONE if queuing is None else queuing.get(name) or 0 for name in names]
    return [_name(obj), spec.get("type") or "", shares, *counts, age(obj, now)]


def _service_block(obj: Tree, now: int) -> list[Any]:
    return [_name(obj), ",".join(_spec(obj).get("cidrs") or ()), age(obj, now)]


def _ip_address(obj: Tree, now: int) -> list[Any]:
    del now
    parent = _spec(obj).get("parentRef")
    if parent is None:
        return [_name(obj), NONE]
    group = parent.get("group")
    kind = f"{parent.get('resource')}.{group}" if group else str(parent.get("resource"))
    place = [kind.lower(), parent.get("namespace"), parent.get("name")]
    return [_name(obj), "/".join(part for part in place if part)]


def _claim(obj: Tree, now: int) -> list[Any]:
    status = obj.get("status") or EMPTY
    states: list[str] = ["deleted"] if is_deleting(obj) else []
    if status.get("allocation") is not None:
        states.append("allocated")
        if status.get("reservedFor"):
            states.append("reserved")
    elif not states:
        states.append("pending")
    return [_name(obj), ",".join(states), age(obj, now)]


def _slice(obj: Tree, now: int) -> list[Any]:
    spec = _spec(obj)
    pool = (spec.get("pool") or EMPTY).get("name") or ""
    return [_name(obj), spec.get("nodeName") or "", spec.get("driver") or "", pool, age(obj, now)]


_PRINTERS: dict[str, Printer] = {
    "apiservices.apiregistration.k8s.io": _api_service,
    "certificatesigningrequests.certificates.k8s.io": _csr,
    "componentstatuses": _component,
    "csistoragecapacities.storage.k8s.io": _capacity,
    "flowschemas.flowcontrol.apiserver.k8s.io": _flow_schema,
    "ipaddresses.networking.k8s.io": _ip_address,
    "podtemplates": _pod_template,
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": _priority_level,
    "resourceclaims.resource.k8s.io": _claim,
    "resourceslices.resource.k8s.io": _slice,
    "runtimeclasses.node.k8s.io": _runtime_class,
    "servicecidrs.networking.k8s.io": _service_block,
    "volumeattributesclasses.storage.k8s.io": _attributes_class,
}
