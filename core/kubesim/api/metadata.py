"""ObjectMeta: what the server sets on a create, what it keeps on an update, and which names and labels are valid."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from kubesim.api.failures import forbidden_field, invalid_value, required, too_long
from kubesim.objects.errors import Cause, bad_request
from kubesim.objects.labelsyntax import key_errors, subdomain_errors, value_errors
from kubesim.objects.wire import EMPTY, Tree

GENERATED_BASE = 58
"""How much of generateName is kept: the suffix of five makes 63. # k8s: apiserver/pkg/storage/names"""
ANNOTATIONS_LIMIT = 256 * 1024
STANDARD_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")

GIVEN = ("labels", "annotations", "ownerReferences", "finalizers")
"""What a creator may say of an object beside its name."""
_KEPT = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")
_ORDER = (
    "name",
    "generateName",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    *GIVEN,
    "managedFields",
)
_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL_SHAPE = re.compile(_LABEL)
_BAD_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    f"an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
_IMMUTABLE = "field is immutable"


# ---------------------------------------------------------------------- what the server sets
def ordered(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The fields in the order of the API type, empty ones left out."""
    built = {}
    for field in _ORDER:
        value = metadata.get(field)
        # A grace period of zero seconds is something.
        if value or value == 0:
            built[field] = value
    return built


def metadata_of(body: Tree) -> Tree:
    """The metadata of a body that may have none."""
    found = body.get("metadata")
    return found if isinstance(found, Mapping) else EMPTY


def match_namespace(body: Tree, namespace: str) -> None:
    """Raise BadRequest when the body is of another namespace than the path. A cluster-scoped path clears it."""
    given = metadata_of(body).get("namespace") or ""
    if given and namespace and given != namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")


def match_name(body: Tree, name: str) -> None:
    """Raise BadRequest when the body has another name than the path."""
    given = metadata_of(body).get("name") or ""
    if not given:
        raise bad_request(f"the name of the object ({name} based on URL) was undeterminable: name must be provided")
    if given != name:
        raise bad_request(f"the name of the object ({given}) does not match the name on the URL ({name})")


def created(body: Tree, name: str, namespace: str, uid: str, stamp: str, *, has_generation: bool) -> dict[str, Any]:
    """The metadata of a new object. The place of the resourceVersion is kept for the store."""
    given = metadata_of(body)
    built: dict[str, Any] = {"name": name}
    if given.get("generateName"):
        built["generateName"] = given["generateName"]
    if namespace:
        built["namespace"] = namespace
    built["uid"] = uid
    built["resourceVersion"] = ""
    if has_generation:
        built["generation"] = 1
    built["creationTimestamp"] = stamp
    for field in GIVEN:
        value = given.get(field)
        if value:
            built[field] = value
    return built


def merged(body: Tree, current: Tree) -> dict[str, Any]:
    """The metadata of an update: what the caller sent over what only the server may set.

    A uid, deletionTimestamp or grace period that the caller changes is left in place, for validation to refuse.
    """
    old = current["metadata"]
    given = metadata_of(body)
    built = {field: given[field] for field in (*GIVEN, "name", "generateName") if given.get(field)}
    for field in _KEPT:
        value = old.get(field) if field == "creationTimestamp" else given.get(field) or old.get(field)
        if value is not None:
            built[field] = value
    # An object can never lose its deletion timestamp.
    if old.get("deletionTimestamp"):
        built["deletionTimestamp"] = old["deletionTimestamp"]
        if old.get("deletionGracePeriodSeconds") is not None:
            built["deletionGracePeriodSeconds"] = old["deletionGracePeriodSeconds"]
    for field in ("namespace", "resourceVersion", "generation", "managedFields"):
        if field in old:
            built[field] = old[field]
    built["name"] = old["name"]
    return {field: built[field] for field in _ORDER if field in built}


def managed(obj: Tree, entries: Sequence[Any] | None) -> Tree:
    """The object with other managedFields, or with none."""
    built = obj["metadata"]
    if not entries:
        if "managedFields" not in built:
            return obj
        return {**obj, "metadata": {field: value for field, value in built.items() if field != "managedFields"}}
    return {**obj, "metadata": {**built, "managedFields": entries}}


def drop_repeated_owners(obj: Tree, warnings: list[str]) -> Tree:
    """Keep the first of owner references that are equal, and warn. # k8s: dedupOwnerReferencesAndAddWarning."""
    references = metadata_of(obj).get("ownerReferences")
    if not references or len(references) < 2:
        return obj
    kept: list[Any] = []
    repeated: list[str] = []
    known: set[bytes] = set()
    for reference in references:
        content = orjson.dumps(reference, option=orjson.OPT_SORT_KEYS)
        if content in known:
            repeated.append(reference.get("uid", ""))
        else:
            known.add(content)
            kept.append(reference)
    if not repeated:
        return obj
    warnings.append(
        ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may "
        "reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: "
        + ", ".join(repeated)
    )
    return {**obj, "metadata": {**obj["metadata"], "ownerReferences": kept}}


# ---------------------------------------------------------------------- validation
def name_errors(name: str, name_format: str) -> list[str]:
    """What is wrong with a name of the format that a strategy asks for."""
    if name_format == "segment":
        return segment_errors(name)
    if name_format == "label":
        return label_errors(name)
    if name_format == "address":
        return address_errors(name)
    return [text.replace(" bytes", " characters") for text in subdomain_errors(name)]


def label_errors(text: str) -> list[str]:
    """What is wrong with a DNS label. # k8s: apimachinery/util/validation IsDNS1123Label."""
    errors = []
    if len(text.encode()) > 63:
        errors.append("must be no more than 63 characters")
    if not _LABEL_SHAPE.fullmatch(text):
        errors.append(_BAD_LABEL if subdomain_errors(text) else "must not contain dots")
    return errors


def address_errors(text: str) -> list[str]:
    """What is wrong with an IP address as a name. # k8s: apis/networking/validation ValidateIPAddressName."""
    try:
        shown = str(ipaddress.ip_address(text))
    except ValueError:
        return [f'ParseAddr("{text}"): unable to parse IP']
    return [] if shown == text else ["must be a canonical format IP address"]


def segment_errors(name: str) -> list[str]:
    """What is wrong with a segment of a URL path. # k8s: apimachinery/api/validation/path IsValidPathSegmentName."""
    if name in {".", ".."}:
        return [f"may not be '{name}'"]
    return [f"may not contain '{letter}'" for letter in "/%" if letter in name]


def validate(obj: Tree, name_format: str, *, namespaced: bool) -> list[Cause]:
    """Every rule of ObjectMeta that a new object breaks. # k8s: apimachinery/api/validation ValidateObjectMeta."""
    metadata = obj["metadata"]
    causes = []
    generate = metadata.get("generateName", "")
    if generate:
        # A trailing dash is allowed, since a suffix follows.
        masked = generate[:-1] + "a" if len(generate) > 1 and generate.endswith("-") else generate
        causes += [_bad("metadata.generateName", generate, text) for text in name_errors(masked, name_format)]
    name = metadata.get("name", "")
    if not name:
        causes.append(required("metadata.name", "name or generateName is required"))
    else:
        causes += [_bad("metadata.name", name, text) for text in name_errors(name, name_format)]
    if namespaced and not metadata.get("namespace"):
        causes.append(required("metadata.namespace"))
    return causes + common_causes(metadata)


def common_causes(metadata: Tree) -> list[Cause]:
    """The rules on labels, annotations, owner references and finalizers."""
    causes: list[Cause] = []
    labels = metadata.get("labels")
    if labels:
        causes += label_causes(labels, "metadata.labels")
    if metadata.get("annotations"):
        causes += annotation_causes(metadata["annotations"], "metadata.annotations")
    if metadata.get("ownerReferences"):
        causes += _owner_causes(metadata["ownerReferences"])
    if metadata.get("finalizers"):
        causes += _finalizer_causes(metadata["finalizers"])
    return causes


def label_causes(labels: Mapping[str, str], field: str) -> list[Cause]:
    """The rules on labels, also those of a pod template."""
    causes = []
    for key, value in sorted(labels.items()):
        causes += [_bad(field, key, text) for text in key_errors(key)]
        causes += [_bad(field, value, text) for text in value_errors(value)]
    return causes


def annotation_causes(annotations: Mapping[str, str], field: str) -> list[Cause]:
    """The rules on annotations."""
    causes = []
    size = 0
    for key, value in sorted(annotations.items()):
        causes += [_bad(field, key, text) for text in key_errors(key.lower())]
        size += len(key.encode()) + len(value.encode())
    if size > ANNOTATIONS_LIMIT:
        causes.append(too_long(field, ANNOTATIONS_LIMIT))
    return causes


def _owner_causes(references: list[Any]) -> list[Cause]:
    field = "metadata.ownerReferences"
    causes = []
    controllers = []
    for reference in references:
        for part in ("apiVersion", "kind", "name", "uid"):
            if not reference.get(part):
                text = "version must not be empty" if part == "apiVersion" else "must not be empty"
                causes.append(invalid_value(f"{field}.{part}", '""', text))
        if reference.get("apiVersion") == "v1" and reference.get("kind") == "Event":
            text = "/v1, Kind=Event is disallowed from being an owner"
            causes.append(invalid_value(field, _json([reference])[1:-1], text))
        if reference.get("controller"):
            controllers.append(f"{reference.get('kind', '')}/{reference.get('name', '')}")
    if len(controllers) > 1:
        text = (
            'Only one reference can have Controller set to true. Found "true" in references for '
            f"{controllers[0]} and {controllers[1]}"
        )
        causes.append(invalid_value(field, _json(references), text))
    return causes


def _json(references: list[Any]) -> str:
    order = ("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion")
    always = order[:4]
    shown = [{part: item.get(part, "") for part in order if part in item or part in always} for item in references]
    return orjson.dumps(shown).decode()


def _finalizer_causes(finalizers: list[str]) -> list[Cause]:
    field = "metadata.finalizers"
    causes = []
    for finalizer in finalizers:
        causes += [_bad(field, finalizer, text) for text in key_errors(finalizer)]
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        text = "finalizer foregroundDeletion and orphan cannot be both set"
        causes.append(invalid_value(field, orjson.dumps(finalizers).decode(), text))
    for position, finalizer in enumerate(finalizers):
        if "/" not in finalizer and finalizer not in STANDARD_FINALIZERS:
            text = "name is neither a standard finalizer name nor is it fully qualified"
            causes.append(_bad(f"{field}[{position}]", finalizer, text))
    return causes


def validate_update(new: Tree, old: Tree) -> list[Cause]:
    """Every rule of ObjectMeta that a change breaks. # k8s: apimachinery/api/validation ValidateObjectMetaUpdate."""
    after, before = new["metadata"], old["metadata"]
    causes = []
    if before.get("deletionTimestamp"):
        known = before.get("finalizers") or ()
        added = [finalizer for finalizer in after.get("finalizers") or () if finalizer not in known]
        if added:
            shown = ", ".join(f'"{finalizer}"' for finalizer in sorted(added))
            text = "no new finalizers can be added if the object is being deleted, found new finalizers "
            causes.append(forbidden_field("metadata.finalizers", text + f"[]string{{{shown}}}"))
    causes += [
        invalid_value(f"metadata.{field}", _shown(after.get(field)), _IMMUTABLE)
        for field in ("uid", "deletionTimestamp", "deletionGracePeriodSeconds")
        if after.get(field) != before.get(field)
    ]
    if not all(after.get(field) is before.get(field) for field in GIVEN):
        causes += common_causes(after)
    return causes


def _shown(value: Any) -> str:
    return "null" if value is None else orjson.dumps(value).decode()


def _bad(field: str, value: str, text: str) -> Cause:
    return invalid_value(field, quoted(value), text)


def quoted(value: str) -> str:
    """A text as Go's %q prints it in field errors."""
    return orjson.dumps(value).decode()
