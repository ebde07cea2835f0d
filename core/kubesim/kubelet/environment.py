"""Resolves the environment of a container: env, envFrom, references, service variables and $(VAR) expansion."""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from kubesim.objects import quantities
from kubesim.objects.wire import CONFIGMAPS, EMPTY, SECRETS, Gvr, Tree

Lookup = Callable[[Gvr, str, str], Tree | None]
MASK = "********"
_KEYED = re.compile(r"^metadata\.(labels|annotations)\['([^']*)'\]$")
_NAME = re.compile(r"^[-._a-zA-Z0-9]+$")


class MissingError(Exception):
    """Something the environment refers to is not there; the text is the kubelet's."""


class Need(NamedTuple):
    """A ConfigMap or Secret that a container refers to, with a key when one is named."""

    gvr: Gvr
    name: str
    key: str
    optional: bool


class Host(NamedTuple):
    """What the node knows about a pod that runs on it."""

    node: str
    ip: str
    pod_ip: str
    allocatable: Mapping[str, str]


class Variables(NamedTuple):
    """A resolved environment."""

    values: dict[str, str]
    """In the order of the kubelet: services, envFrom, env."""
    referred: dict[str, str]
    """Those that came from ConfigMaps and Secrets, for people to see: values of Secrets are masked."""


def needs(container: Tree) -> tuple[Need, ...]:
    """What the environment of a container refers to."""
    found: list[Need] = []
    for source in container.get("envFrom") or ():
        for field, gvr in (("configMapRef", CONFIGMAPS), ("secretRef", SECRETS)):
            if field in source:
                reference = source[field]
                found.append(Need(gvr, reference.get("name", ""), "", bool(reference.get("optional"))))
    for variable in container.get("env") or ():
        origin = variable.get("valueFrom") or EMPTY
        for field, gvr in (("configMapKeyRef", CONFIGMAPS), ("secretKeyRef", SECRETS)):
            if field in origin:
                reference = origin[field]
                need = Need(gvr, reference.get("name", ""), reference.get("key", ""), bool(reference.get("optional")))
                found.append(need)
    return tuple(found)


def check(wanted: Iterable[Need], namespace: str, lookup: Lookup) -> str:
    """The kubelet's complaint about the first thing that is missing, or ""."""
    for need in wanted:
        if need.optional:
            continue
        found = lookup(need.gvr, namespace, need.name)
        if found is None:
            return f'{need.gvr.resource[:-1]} "{need.name}" not found'
        if need.key and not _has_key(found, need.key):
            kind = "ConfigMap" if need.gvr == CONFIGMAPS else "Secret"
            return f"couldn't find key {need.key} in {kind} {namespace}/{need.name}"
    return ""


def _has_key(tree: Tree, key: str) -> bool:
    return key in (tree.get("data") or EMPTY)


def data_of(tree: Tree, gvr: Gvr) -> dict[str, str]:
    """The texts of a ConfigMap, or the decoded ones of a Secret."""
    data: Mapping[str, str] = tree.get("data") or EMPTY
    if gvr == CONFIGMAPS:
        return dict(data)
    return {key: decode(text) for key, text in data.items()}


def decode(text: str) -> str:
    """Base64 to text; what is not base64 stays."""
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return text


def resolve(pod: Tree, container: Tree, host: Host, lookup: Lookup, services: Iterable[Tree] = ()) -> Variables:
    """The environment of a container. Raises MissingError."""
    namespace = pod["metadata"].get("namespace", "")
    service_values = service_variables(services) if pod["spec"].get("enableServiceLinks", True) else {}
    found: dict[str, str] = {}
    referred: dict[str, str] = {}
    complaint = check(needs(container), namespace, lookup)
    if complaint:
        raise MissingError(complaint)
    for source in container.get("envFrom") or ():
        _all_of(source, namespace, lookup, found, referred)
    for variable in container.get("env") or ():
        name = variable["name"]
        origin = variable.get("valueFrom")
        if not origin:
            found[name] = expand(str(variable.get("value") or ""), {**service_values, **found})
            continue
        value, shown = _referred(origin, pod, container, host, lookup)
        if value is not None:
            found[name] = value
            if shown is not None:
                referred[name] = shown
    return Variables({**{k: v for k, v in service_values.items() if k not in found}, **found}, referred)


def _all_of(source: Tree, namespace: str, lookup: Lookup, found: dict[str, str], referred: dict[str, str]) -> None:
    prefix = source.get("prefix", "")
    for field, gvr in (("configMapRef", CONFIGMAPS), ("secretRef", SECRETS)):
        if field not in source:
            continue
        tree = lookup(gvr, namespace, source[field].get("name", ""))
        if tree is None:
            continue
        for key, value in sorted(data_of(tree, gvr).items()):
            name = prefix + key
            if _NAME.match(name):
                found[name] = value
                referred[name] = value if gvr == CONFIGMAPS else MASK


def _referred(origin: Tree, pod: Tree, container: Tree, host: Host, lookup: Lookup) -> tuple[str | None, str | None]:
    if "fieldRef" in origin:
        return field(pod, str(origin["fieldRef"].get("fieldPath", "")), host), None
    if "resourceFieldRef" in origin:
        return resource(pod, container, origin["resourceFieldRef"], host), None
    for name, gvr in (("configMapKeyRef", CONFIGMAPS), ("secretKeyRef", SECRETS)):
        if name in origin:
            tree = lookup(gvr, pod["metadata"].get("namespace", ""), origin[name].get("name", ""))
            value = None if tree is None else data_of(tree, gvr).get(origin[name].get("key", ""))
            return value, (value if gvr == CONFIGMAPS or value is None else MASK)
    return None, None


def field(pod: Tree, path: str, host: Host) -> str:
    """A field of the pod as the downward API gives it."""
    keyed = _KEYED.match(path)
    metadata, spec = pod["metadata"], pod["spec"]
    if keyed is not None:
        return str((metadata.get(keyed[1]) or EMPTY).get(keyed[2], ""))
    if path in {"metadata.labels", "metadata.annotations"}:
        values: Mapping[str, str] = metadata.get(path[9:]) or EMPTY
        return "\n".join(f'{key}="{_escaped(value)}"' for key, value in sorted(values.items()))
    simple: dict[str, Any] = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata.get("namespace", ""),
        "metadata.uid": metadata.get("uid", ""),
        "spec.nodeName": host.node,
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "status.hostIP": host.ip,
        "status.hostIPs": host.ip,
        "status.podIP": host.pod_ip,
        "status.podIPs": host.pod_ip,
        "status.phase": (pod.get("status") or EMPTY).get("phase", ""),
    }
    return str(simple.get(path, ""))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def resource(pod: Tree, container: Tree, reference: Tree, host: Host) -> str:
    """A request or limit of a container in units of the divisor, rounded up; limits default to what the node has."""
    name = reference.get("containerName")
    if name and name != container.get("name"):
        every = [*(pod["spec"].get("containers") or ()), *(pod["spec"].get("initContainers") or ())]
        container = next((other for other in every if other["name"] == name), container)
    kind, _, what = str(reference.get("resource", "")).partition(".")
    listed = (container.get("resources") or EMPTY).get(kind) or EMPTY
    amount = listed.get(what)
    if amount is None:
        amount = host.allocatable.get(what, "0") if kind == "limits" else "0"
    divisor = reference.get("divisor") or "1"
    if divisor in {"0", 0}:
        divisor = "1"
    if what == "cpu":
        return str(-(-quantities.milli(amount) // max(quantities.milli(divisor), 1)))
    return str(-(-quantities.value(amount) // max(quantities.value(divisor), 1)))


# ---------------------------------------------------------------------- services
def service_variables(services: Iterable[Tree]) -> dict[str, str]:
    """The variables that name the services of a namespace. # k8s: kubelet/envvars FromServices."""
    found: dict[str, str] = {}
    for service in services:
        spec = service["spec"]
        address = spec.get("clusterIP")
        ports = spec.get("ports") or ()
        if not address or address == "None" or not ports:
            continue
        name = service["metadata"]["name"].upper().replace("-", "_")
        found[f"{name}_SERVICE_HOST"] = address
        found[f"{name}_SERVICE_PORT"] = str(ports[0]["port"])
        for port in ports:
            if port.get("name"):
                found[f"{name}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
        for position, port in enumerate(ports):
            protocol = port.get("protocol", "TCP")
            url = f"{protocol.lower()}://{address}:{port['port']}"
            if position == 0:
                found[f"{name}_PORT"] = url
            stem = f"{name}_PORT_{port['port']}_{protocol}"
            found[stem] = url
            found[f"{stem}_PROTO"] = protocol.lower()
            found[f"{stem}_PORT"] = str(port["port"])
            found[f"{stem}_ADDR"] = address
    return found


# ---------------------------------------------------------------------- expansion
def expand(text: str, values: Mapping[str, str]) -> str:
    """Replace ``$(NAME)``; ``$$`` is a dollar, what is not known stays. # k8s: third_party/forked/golang/expansion."""
    if "$" not in text:
        return text
    out, at = "", 0
    while at < len(text):
        letter = text[at]
        if letter != "$" or at + 1 >= len(text):
            out += letter
            at += 1
            continue
        following = text[at + 1]
        if following == "$":
            out += "$"
            at += 2
        elif following == "(" and (end := text.find(")", at)) > 0:
            name = text[at + 2 : end]
            out += values.get(name, text[at : end + 1])
            at = end + 1
        else:
            out += letter + following
            at += 2
    return out
