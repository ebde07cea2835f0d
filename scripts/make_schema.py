"""Make core/kubesim/data/schema-1.37.json.z: fields, types and merge rules of all Kubernetes kinds, and the resources.

The fields come from the OpenAPI definitions in the package kubernetes-validate. Two more sources are optional files;
without them their facts are kept from the data file that is there already:

    --resources FILE  JSON: {path: [[HTTP method, operation, answer type]]} of the 1.37 OpenAPI paths
    --tags FILE       JSON: {"GO/PACKAGE.Type": [[protobuf number, JSON name, Go type, flags]]}, flags of "o" omitempty,
                      "z" omitzero, "e" embedded: the struct tags of the Go types

Run: .venv/bin/python scripts/make_schema.py [--resources FILE] [--tags FILE]
"""

import argparse
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

RELEASE = "1.37"
TARGET = Path(__file__).parents[1] / "core" / "kubesim" / "data" / f"schema-{RELEASE}.json.z"

API = "io.k8s.apimachinery.pkg"
SCALARS = {
    f"{API}.api.resource.Quantity": "q",
    f"{API}.apis.meta.v1.Time": "t",
    f"{API}.apis.meta.v1.MicroTime": "u",
    f"{API}.util.intstr.IntOrString": "o",
}
CRD = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1"
OPAQUE = {
    f"{API}.runtime.RawExtension",
    f"{API}.apis.meta.v1.FieldsV1",
    f"{CRD}.JSON",
    f"{CRD}.JSONSchemaPropsOrArray",
    f"{CRD}.JSONSchemaPropsOrBool",
    f"{CRD}.JSONSchemaPropsOrStringArray",
}
"""Types that hold any JSON."""

UNTAGGED: Mapping[str, list[list[Any]]] = {
    f"{CRD}.CustomResourceDefinition": [
        [1, "metadata", "struct", "o"],
        [2, "spec", "struct", ""],
        [3, "status", "struct", "o"],
    ],
    f"{CRD}.CustomResourceDefinitionNames": [
        [1, "plural", "string", ""],
        [2, "singular", "string", "o"],
        [3, "shortNames", "[]string", "o"],
        [4, "kind", "string", ""],
        [5, "listKind", "string", "o"],
        [6, "categories", "[]string", "o"],
    ],
    f"{CRD}.CustomResourceDefinitionSpec": [
        [1, "group", "string", ""],
        [3, "names", "struct", ""],
        [4, "scope", "string", ""],
        [7, "versions", "[]struct", ""],
        [9, "conversion", "*struct", "o"],
        [10, "preserveUnknownFields", "bool", "o"],
    ],
    f"{CRD}.CustomResourceDefinitionStatus": [
        [1, "conditions", "[]struct", ""],
        [2, "acceptedNames", "struct", ""],
        [3, "storedVersions", "[]string", ""],
    ],
    f"{CRD}.CustomResourceDefinitionVersion": [
        [1, "name", "string", ""],
        [2, "served", "bool", ""],
        [3, "storage", "bool", ""],
        [4, "schema", "*struct", "o"],
        [5, "subresources", "*struct", "o"],
        [6, "additionalPrinterColumns", "[]struct", "o"],
        [7, "deprecated", "bool", "o"],
        [8, "deprecationWarning", "*string", "o"],
        [9, "selectableFields", "[]struct", "o"],
    ],
    f"{CRD}.CustomResourceDefinitionList": [
        [1, "metadata", "struct", "o"],
        [2, "items", "[]struct", ""],
    ],
    f"{CRD}.CustomResourceDefinitionCondition": [
        [1, "type", "string", ""],
        [2, "status", "string", ""],
        [3, "lastTransitionTime", "struct", "o"],
        [4, "reason", "string", "o"],
        [5, "message", "string", "o"],
    ],
    f"{CRD}.CustomResourceConversion": [
        [1, "strategy", "string", ""],
        [2, "webhook", "*struct", "o"],
    ],
    f"{CRD}.WebhookConversion": [
        [2, "clientConfig", "*struct", "o"],
        [3, "conversionReviewVersions", "[]string", ""],
    ],
    f"{CRD}.WebhookClientConfig": [
        [3, "url", "*string", "o"],
        [1, "service", "*struct", "o"],
        [2, "caBundle", "[]byte", "o"],
    ],
    f"{CRD}.ServiceReference": [
        [1, "namespace", "string", ""],
        [2, "name", "string", ""],
        [3, "path", "*string", "o"],
        [4, "port", "*int32", "o"],
    ],
    f"{CRD}.SelectableField": [
        [1, "jsonPath", "string", ""],
    ],
    f"{CRD}.CustomResourceColumnDefinition": [
        [1, "name", "string", ""],
        [2, "type", "string", ""],
        [3, "format", "string", "o"],
        [4, "description", "string", "o"],
        [5, "priority", "int32", "o"],
        [6, "jsonPath", "string", ""],
    ],
    f"{CRD}.CustomResourceSubresources": [
        [1, "status", "*struct", "o"],
        [2, "scale", "*struct", "o"],
    ],
    f"{CRD}.CustomResourceSubresourceScale": [
        [1, "specReplicasPath", "string", ""],
        [2, "statusReplicasPath", "string", ""],
        [3, "labelSelectorPath", "*string", "o"],
    ],
    f"{CRD}.CustomResourceValidation": [
        [1, "openAPIV3Schema", "*struct", "o"],
    ],
    f"{CRD}.ExternalDocumentation": [
        [1, "description", "string", "o"],
        [2, "url", "string", "o"],
    ],
    f"{CRD}.ValidationRule": [
        [1, "rule", "string", ""],
        [2, "message", "string", "o"],
        [3, "messageExpression", "string", "o"],
        [4, "reason", "*string", "o"],
        [5, "fieldPath", "string", "o"],
        [6, "optionalOldSelf", "*bool", "o"],
    ],
    f"{CRD}.JSONSchemaProps": [
        [1, "id", "string", "o"],
        [2, "$schema", "string", "o"],
        [3, "$ref", "*string", "o"],
        [4, "description", "string", "o"],
        [5, "type", "string", "o"],
        [6, "format", "string", "o"],
        [7, "title", "string", "o"],
        [8, "default", "*struct", "o"],
        [9, "maximum", "*float64", "o"],
        [10, "exclusiveMaximum", "bool", "o"],
        [11, "minimum", "*float64", "o"],
        [12, "exclusiveMinimum", "bool", "o"],
        [13, "maxLength", "*int64", "o"],
        [14, "minLength", "*int64", "o"],
        [15, "pattern", "string", "o"],
        [16, "maxItems", "*int64", "o"],
        [17, "minItems", "*int64", "o"],
        [18, "uniqueItems", "bool", "o"],
        [19, "multipleOf", "*float64", "o"],
        [20, "enum", "[]struct", "o"],
        [21, "maxProperties", "*int64", "o"],
        [22, "minProperties", "*int64", "o"],
        [23, "required", "[]string", "o"],
        [24, "items", "*struct", "o"],
        [25, "allOf", "[]struct", "o"],
        [26, "oneOf", "[]struct", "o"],
        [27, "anyOf", "[]struct", "o"],
        [28, "not", "*struct", "o"],
        [29, "properties", "map", "o"],
        [30, "additionalProperties", "*struct", "o"],
        [31, "patternProperties", "map", "o"],
        [32, "dependencies", "map", "o"],
        [33, "additionalItems", "*struct", "o"],
        [34, "definitions", "map", "o"],
        [35, "externalDocs", "*struct", "o"],
        [36, "example", "*struct", "o"],
        [37, "nullable", "bool", "o"],
        [38, "x-kubernetes-preserve-unknown-fields", "*bool", "o"],
        [39, "x-kubernetes-embedded-resource", "bool", "o"],
        [40, "x-kubernetes-int-or-string", "bool", "o"],
        [41, "x-kubernetes-list-map-keys", "[]string", "o"],
        [42, "x-kubernetes-list-type", "*string", "o"],
        [43, "x-kubernetes-map-type", "*string", "o"],
        [44, "x-kubernetes-validations", "[]struct", "o"],
    ],
}
"""Struct tags of types that the tags file lacks."""

EVERY_GROUP = {"DeleteOptions", "WatchEvent"}
"""Kinds that are registered in all groups; the core group is enough here."""

SHORT_NAMES = {
    "certificatesigningrequests": ["csr"],
    "componentstatuses": ["cs"],
    "configmaps": ["cm"],
    "cronjobs": ["cj"],
    "customresourcedefinitions": ["crd", "crds"],
    "daemonsets": ["ds"],
    "deployments": ["deploy"],
    "endpoints": ["ep"],
    "events": ["ev"],
    "horizontalpodautoscalers": ["hpa"],
    "ingresses": ["ing"],
    "ipaddresses": ["ip"],
    "limitranges": ["limits"],
    "namespaces": ["ns"],
    "networkpolicies": ["netpol"],
    "nodes": ["no"],
    "persistentvolumeclaims": ["pvc"],
    "persistentvolumes": ["pv"],
    "poddisruptionbudgets": ["pdb"],
    "pods": ["po"],
    "priorityclasses": ["pc"],
    "replicasets": ["rs"],
    "replicationcontrollers": ["rc"],
    "resourcequotas": ["quota"],
    "serviceaccounts": ["sa"],
    "services": ["svc"],
    "statefulsets": ["sts"],
    "storageclasses": ["sc"],
    "volumeattributesclasses": ["vac"],
}
CATEGORY_MEMBERS = {
    "all": (
        "cronjobs",
        "daemonsets",
        "deployments",
        "horizontalpodautoscalers",
        "jobs",
        "pods",
        "replicasets",
        "replicationcontrollers",
        "services",
        "statefulsets",
    ),
    "api-extensions": (
        "apiservices",
        "customresourcedefinitions",
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicybindings",
        "mutatingwebhookconfigurations",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "validatingwebhookconfigurations",
    ),
}
CATEGORIES = {name: [category] for category, names in CATEGORY_MEMBERS.items() for name in names}
GROUPS = [
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
    "resource.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "storagemigration.k8s.io",
    "lifecycle.k8s.io",
]
"""The order of discovery; the core group, which has no name, goes before."""

CONNECT = {
    "nodes/proxy": "NodeProxyOptions",
    "pods/attach": "PodAttachOptions",
    "pods/exec": "PodExecOptions",
    "pods/log": "Pod",
    "pods/portforward": "PodPortForwardOptions",
    "pods/proxy": "PodProxyOptions",
    "services/proxy": "ServiceProxyOptions",
}
COLLECTION_VERBS = {"POST": ["create"], "GET": ["list", "watch"], "DELETE": ["deletecollection"]}
ITEM_VERBS = {"POST": ["create"], "GET": ["get"], "DELETE": ["delete"], "PATCH": ["patch"], "PUT": ["update"]}
UNWATCHED = {"componentstatuses"}

PATH = re.compile(
    r"/(?:api|apis/(?P<group>[^/{]+))/(?P<version>v[^/]+)/(?P<scope>namespaces/\{namespace\}/)?(?P<resource>[^/{]+)"
    r"(?P<item>/\{name\}(?:/(?P<sub>[a-z]+))?)?"
)
ANSWER = re.compile(r"(?P<group>[A-Z][a-z]+)?V(?P<version>\d+(?:(?:alpha|beta)\d+)?)(?P<kind>[A-Z]\w*)")
GROUPED_ANSWERS = {"Authentication": "authentication.k8s.io", "Core": "", "Events": "events.k8s.io"}


# ---------------------------------------------------------------------- types
def go_name(name: str) -> str:
    """``io.k8s.api.core.v1.Pod`` as Go writes it: ``k8s.io/api/core/v1.Pod``."""
    parts = name.split(".")
    return f"k8s.io/{'/'.join(parts[2:-1])}.{parts[-1]}"


def code(shape: Mapping[str, Any], numbers: Mapping[str, int]) -> str:
    """The type of a field in one word; see kubesim/api/schema/facts.py."""
    if "$ref" in shape:
        target = shape["$ref"].removeprefix("#/$defs/")
        return SCALARS.get(target) or f"#{numbers[target]}"
    types = shape["type"] if isinstance(shape["type"], list) else [shape["type"]]
    kind = next(item for item in types if item != "null")
    if kind == "array":
        return "[" + code(shape["items"], numbers)
    if kind == "object":
        return "{" + code(shape["additionalProperties"], numbers)
    formats = {("integer", "int32"): "i", ("integer", "int64"): "l", ("string", "byte"): "y"}
    plain = {"string": "s", "boolean": "b", "integer": "l", "number": "d"}
    return formats.get((kind, shape.get("format", "")), plain[kind])


def merging(shape: Mapping[str, Any]) -> dict[str, Any]:
    """How a field merges; empty when there is nothing to say."""
    strategies = shape.get("x-kubernetes-patch-strategy", "").split(",")
    found = {
        "list": shape.get("x-kubernetes-list-type", ""),
        "keys": shape.get("x-kubernetes-list-map-keys", []),
        "map": shape.get("x-kubernetes-map-type", ""),
        "strategy": next((item for item in strategies if item != "retainKeys"), ""),
        "retain": "retainKeys" in strategies,
        "key": shape.get("x-kubernetes-patch-merge-key", ""),
    }
    return {name: value for name, value in found.items() if value}


def tagged(tags: Mapping[str, Any], name: str, prefix: tuple[int, ...] = ()) -> Iterator[tuple[str, Any]]:
    """The tags of a struct in the order of Go, embedded structs included: (JSON name, [numbers, pointer, flags])."""
    for number, field, kind, flags in tags.get(name, ()):
        if "e" in flags:
            yield from tagged(tags, kind.lstrip("*"), (*prefix, number))
        else:
            yield field, [[*prefix, number], kind.startswith("*"), flags]


def fields_of(shape: Mapping[str, Any], known: Mapping[str, Any], numbers: Mapping[str, int]) -> dict[str, Any]:
    """{name: [code, flags, protobuf numbers, merging]}; flags p pointer, o omitempty, z omitzero, r required."""
    properties = shape.get("properties", {})
    order = [name for name in known if name in properties]
    order = [name for name in ("kind", "apiVersion") if name in properties and name not in known] + order
    found = {}
    for name in [*order, *sorted(set(properties) - set(order))]:
        tag = known.get(name)
        word = code(properties[name], numbers)
        required = name in shape.get("required", ())
        if tag is None:
            # Without tags the zero of a scalar may mean something, so it is treated as a pointer.
            flags = ("" if required else "o") + ("" if word[0] in "[{" else "p")
            tag = [[], "p" in flags, flags.replace("p", "")]
        flags = ("p" if tag[1] else "") + tag[2] + ("r" if required else "")
        found[name] = [word, flags, tag[0]]
        rules = merging(properties[name])
        if rules:
            found[name].append(rules)
    return found


def make_types(
    definitions: Mapping[str, Any], tags: Mapping[str, Any] | None, old: Mapping[str, Any]
) -> dict[str, Any]:
    """The type table and the kinds that are in it."""
    names = sorted(set(definitions) - set(SCALARS))
    numbers = {name: number for number, name in enumerate(names)}
    types: list[Any] = []
    kinds: list[Any] = []
    for name in names:
        shape = definitions[name]
        if tags is None:
            rows = old.get(name, {}).items()
            known = {field: [row[2], "p" in row[1], row[1].strip("pr")] for field, row in rows if row[2]}
        else:
            known = dict(tagged(tags, go_name(name)))
        known = dict(tagged(UNTAGGED, name)) or known
        extra = {"opaque": True} if name in OPAQUE else {}
        if shape.get("x-kubernetes-map-type"):
            extra["map"] = shape["x-kubernetes-map-type"]
        types.append([name, fields_of(shape, known, numbers), *([extra] if extra else [])])
        kinds += [
            [gvk["group"], gvk["version"], gvk["kind"], numbers[name]]
            for gvk in shape.get("x-kubernetes-group-version-kind", ())
            if gvk["kind"] not in EVERY_GROUP or gvk["group"] == ""
        ]
    return {"types": types, "kinds": sorted(kinds)}


# ---------------------------------------------------------------------- resources
def answer(text: str, group: str, version: str) -> list[str]:
    """Group, version and kind of an answer type such as V1PodList or AuthenticationV1TokenRequest."""
    match = ANSWER.fullmatch(text)
    if match is None:
        return ["", "", ""]
    kind, found = match["kind"], "v" + match["version"]
    if match["group"]:
        return [GROUPED_ANSWERS.get(match["group"], group), found, kind]
    return [{"Scale": "autoscaling", "Eviction": "policy"}.get(kind, group) if found == "v1" else group, found, kind]


def make_resources(paths: Mapping[str, Any]) -> list[Any]:
    """[group, version, resource, kind, singular, namespaced, verbs, short names, categories, subresources] in order."""
    table: dict[tuple[str, str, str], dict[str, Any]] = {}
    for path in sorted(paths):
        match = PATH.match(path)
        if match is None:
            continue
        key = (match["group"] or "", match["version"], match["resource"])
        row = table.setdefault(key, {"kind": "", "namespaced": False, "verbs": set(), "subresources": {}})
        row["namespaced"] = row["namespaced"] or bool(match["scope"])
        for method, _, kind in paths[path]:
            found = answer(kind, key[0], key[1])
            if match["sub"]:
                sub = row["subresources"].setdefault(match["sub"], {"kind": found, "verbs": set()})
                sub["verbs"].update(ITEM_VERBS.get(method, ()))
                continue
            verbs = ITEM_VERBS if match["item"] else COLLECTION_VERBS
            row["verbs"].update(verbs.get(method, ()))
            if method in {"GET", "POST"} and found[2]:
                row["kind"] = found[2].removesuffix("List") if method == "GET" and not match["item"] else found[2]
    return [finished(key, table[key]) for key in sorted(table, key=rank)]


def finished(key: tuple[str, str, str], row: Mapping[str, Any]) -> list[Any]:
    """One row of the resource table as it is written."""
    group, version, resource = key
    kind = row["kind"]
    verbs = sorted(row["verbs"] - ({"watch"} if resource in UNWATCHED else set()))
    subresources = []
    for name, sub in sorted(row["subresources"].items()):
        special = CONNECT.get(f"{resource}/{name}")
        of = [group, version, special] if special else sub["kind"]
        subresources.append([name, *of, sorted(sub["verbs"])])
    short, categories = SHORT_NAMES.get(resource, []), CATEGORIES.get(resource, [])
    return [group, version, resource, kind, kind.lower(), row["namespaced"], verbs, short, categories, subresources]


def rank(key: tuple[str, str, str]) -> tuple[int, int, str, int, str]:
    """The order of discovery: groups as listed, stable versions and newer versions first, then the names."""
    group, version, resource = key
    stable = "alpha" not in version and "beta" not in version
    place = GROUPS.index(group) + 1 if group else 0
    return place, 0 if stable else 1, group, -int(re.findall(r"\d+", version)[0]), resource


def read(path: Path) -> dict[str, Any]:
    """A data file made before; empty when there is none."""
    return json.loads(zlib.decompress(path.read_bytes())) if path.exists() else {}


def make(resources: Path | None, tags: Path | None, target: Path = TARGET) -> bytes:
    """The content of the data file, before compression."""
    source = files("kubernetes_validate") / "kubernetes-json-schema" / f"v{RELEASE}.0-local" / "_definitions.json"
    definitions = json.loads(source.read_text())["$defs"]
    old = read(target)
    before = {row[0]: row[1] for row in old.get("types", ())}
    data = make_types(definitions, json.loads(tags.read_text()) if tags else None, before)
    data["resources"] = make_resources(json.loads(resources.read_text())) if resources else old["resources"]
    return json.dumps({"release": RELEASE, **data}, separators=(",", ":"), ensure_ascii=False).encode()


def main() -> None:
    """Write the data file."""
    parser = argparse.ArgumentParser(description="Make the schema data file.")
    parser.add_argument("--resources", type=Path)
    parser.add_argument("--tags", type=Path)
    arguments = parser.parse_args()
    content = make(arguments.resources, arguments.tags)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(zlib.compress(content, 9))
    print(f"{TARGET}: {len(content)} bytes, {TARGET.stat().st_size} compressed")


if __name__ == "__main__":
    main()
