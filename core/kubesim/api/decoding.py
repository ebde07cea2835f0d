"""Bodies of writes: media type, document, kind and version, then the schema with the caller's strictness."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import orjson

from kubesim.api.call import Call
from kubesim.api.documents import BODY_LIMIT, Document, read_json, read_yaml, summary
from kubesim.api.failures import unsupported_body
from kubesim.api.negotiation import JSON, YAML, media_type
from kubesim.api.schema.facts import Type
from kubesim.api.scheme import Scheme
from kubesim.objects.errors import ApiError, bad_request, failure
from kubesim.objects.wire import Tree

Gvk = tuple[str, str, str]
SCHEME = 'scheme "pkg/api/legacyscheme/scheme.go:30"'
_PARSE = "couldn't get version/kind; json parse error"
_NOT_OBJECT = (
    'json: cannot unmarshal {} into Go value of type struct {{ APIVersion string "json:\\"apiVersion,omitempty\\""; '
    'Kind string "json:\\"kind,omitempty\\"" }}'
)
_RETIRED: Mapping[str, tuple[str, ...]] = {
    "extensions/v1beta1": ("DaemonSet", "Deployment", "Ingress", "NetworkPolicy", "ReplicaSet", "Scale"),
    "apps/v1beta1": ("ControllerRevision", "Deployment", "Scale", "StatefulSet"),
    "apps/v1beta2": ("ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "Scale", "StatefulSet"),
}
"""Versions that the real server still decodes but no longer serves."""


class Decoded(Protocol):
    """What the schema makes of a tree. ``unknown`` holds texts such as ``unknown field "spec.x"``."""

    @property
    def tree(self) -> Tree:
        """The tree without what the schema does not know."""

    @property
    def unknown(self) -> list[str]:
        """The complaints about fields that do not exist."""

    @property
    def errors(self) -> list[str]:
        """The complaints about values of a wrong type."""


class Schema(Protocol):
    """What the server needs of the schemas of all kinds."""

    def decode(self, gvk: Gvk, tree: Tree, strictness: str, *, converter: bool = False) -> Decoded:
        """Check a tree against the schema of its kind; ``converter`` words errors as for a strategic patch."""

    def knows(self, gvk: Gvk) -> bool:
        """Whether there is such a kind."""

    def canonicalise(self, gvk: Gvk, tree: Tree) -> Tree:
        """A decoded object as Go writes it."""

    def in_order(self, gvk: Gvk, tree: Tree) -> Tree:
        """An object as Go marshals it."""

    def merge_lookup(self, gvk: Gvk) -> Any:
        """The merge rules of a kind for strategic patches, None when it has none."""

    def type(self, gvk: Gvk) -> Type:
        """The fields of a kind."""

    def target(self, shape: str) -> Type | None:
        """The type at the bottom of a field's shape."""


class Expected(NamedTuple):
    """The kind that a body must be of."""

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        """Group and version as objects write them."""
        return f"{self.group}/{self.version}" if self.group else self.version


DELETE_OPTIONS = Expected("", "v1", "DeleteOptions")


def expected(call: Call) -> Expected:
    """The kind of the call's own resource."""
    gvr = call.strategy.gvr
    return Expected(gvr.group, gvr.version, call.strategy.kind)


def _as_they_come(repeated: list[str], unknown: list[str], keys: Sequence[str]) -> list[str]:
    """Both kinds of complaints in the order in which Go's decoder meets them."""
    if not repeated or not unknown:
        return repeated + unknown
    met: dict[str, int] = {}
    for place, path in enumerate(keys):
        text = f'duplicate field "{path}"' if f'unknown field "{path}"' in met else f'unknown field "{path}"'
        met.setdefault(text, place)
    return sorted(repeated + unknown, key=lambda text: met.get(text, len(keys)))


class Decoder:
    """Turns bodies into checked trees."""

    def __init__(self, scheme: Scheme, schema: Schema) -> None:
        self._scheme = scheme
        self._schema = schema

    def body(self, call: Call, wanted: Expected) -> Tree:
        """The body of a create or update. Raises ApiError; adds warnings to the call."""
        document = self.document(call, wanted)
        value = document.value
        if not isinstance(value, Mapping):
            raise unrecognized(
                wanted, f"{_PARSE}: {_NOT_OBJECT.format(json_type(value))}", document.raw or _bytes(value)
            )
        problem = type_problem(value)
        if problem:
            raise unrecognized(wanted, f"{_PARSE}: {problem}", document.raw or _bytes(value))
        if not call.strategy.custom:
            self.check_kind(value, wanted)
        return self.checked(call, value, wanted, document.repeated, keys=document.keys)

    def document(self, call: Call, wanted: Expected) -> Document:
        """The decoded document, kinds unchecked."""
        request = call.request
        kind = media_type(request.content_type) or JSON
        if kind not in {JSON, YAML}:
            raise unsupported_body()
        body = request.body
        if not isinstance(body, bytes):
            return Document({} if body is None else body, [])
        if len(body) > BODY_LIMIT:
            raise failure(413, "RequestEntityTooLarge", f"limit is {BODY_LIMIT}")
        try:
            return (
                read_yaml(body) if kind == YAML else read_json(body, repeated=call.options.field_validation != "Ignore")
            )
        except ValueError as error:
            raise unrecognized(wanted, f"{_PARSE}: {error}", body) from None

    def options_body(self, call: Call) -> Any:
        """The body of a deletion: DeleteOptions, or None. Raises ApiError."""
        body = call.request.body
        if not body:
            return None
        return self.document(call, DELETE_OPTIONS).value

    def check_kind(self, value: Tree, wanted: Expected) -> None:
        """Raise BadRequest when the body says that it is something else."""
        api_version = value.get("apiVersion") or wanted.api_version
        kind = value.get("kind") or wanted.kind
        if (api_version, kind) == (wanted.api_version, wanted.kind):
            return
        version = api_version.rpartition("/")[2]
        retired = kind in _RETIRED.get(api_version, ())
        if not retired and not self._known(api_version, kind):
            problem = f'no kind "{kind}" is registered for version "{api_version}" in {SCHEME}'
        elif kind != wanted.kind:
            package = wanted.group.split(".")[0] or "core"
            problem = f"converting ({version}.{kind}) to ({package}.{wanted.kind}): unknown conversion"
        else:
            raise bad_request(
                f"the API version in the data ({api_version}) does not match the expected API version "
                f"({wanted.api_version})"
            )
        raise unhandled(kind, version, wanted.kind, problem)

    def _known(self, api_version: str, kind: str) -> bool:
        return self._scheme.of_kind(api_version, kind) is not None

    def checked(
        self,
        call: Call,
        value: Tree,
        wanted: Expected,
        repeated: list[str],
        *,
        converter: bool = False,
        keys: Sequence[str] = (),
    ) -> Tree:
        """The tree after the schema. Raises BadRequest."""
        mode = call.options.field_validation
        gvk = (wanted.group, wanted.version, wanted.kind)
        if call.strategy.custom and gvk == expected(call):
            return _as_asked(self._custom(call, value, repeated), value)
        if not self._schema.knows(gvk):
            # Kinds of the simulator itself have no schema: their strategies check all of it.
            return value
        decoded = self._schema.decode(gvk, value, mode, converter=converter)
        if decoded.errors:
            raise unhandled(wanted.kind, wanted.version, wanted.kind, decoded.errors[0])
        if mode != "Ignore":
            complaints = _as_they_come([f'duplicate field "{path}"' for path in repeated], list(decoded.unknown), keys)
            if complaints and mode == "Strict":
                text = f"strict decoding error: {', '.join(complaints)}"
                raise unhandled(wanted.kind, wanted.version, wanted.kind, text)
            call.warnings.extend(complaints)
        return _as_asked(decoded.tree, value)

    def _custom(self, call: Call, value: Tree, repeated: list[str]) -> Tree:
        strategy, mode = call.strategy, call.options.field_validation
        found = strategy.decode(value, mode)
        tree, unknown = found if found is not None else (value, [])
        complaints = [f'duplicate field "{path}"' for path in repeated] + unknown
        if complaints and mode == "Strict":
            text = f"strict decoding error: {', '.join(complaints)}"
            raise unhandled(strategy.kind, strategy.gvr.version, strategy.kind, text)
        if mode != "Ignore":
            call.warnings.extend(complaints)
        return tree

    def in_order(self, tree: Tree, wanted: Expected) -> Tree:
        """An object of the wanted kind as Go marshals it; as it is when the kind has no schema."""
        gvk = (wanted.group, wanted.version, wanted.kind)
        return self._schema.in_order(gvk, tree) if self._schema.knows(gvk) else tree

    def merge_rules(self, wanted: Expected) -> Any:
        """The merge rules of a kind."""
        return self._schema.merge_lookup((wanted.group, wanted.version, wanted.kind))


def _as_asked(tree: Tree, value: Tree) -> Tree:
    """An empty list of managers asks to forget them all, though nothing of it is left in a decoded object."""
    metadata = value.get("metadata")
    if not isinstance(metadata, Mapping) or metadata.get("managedFields") != []:
        return tree
    return {**tree, "metadata": {**(tree.get("metadata") or {}), "managedFields": [{}]}}


def unhandled(kind: str, version: str, wanted: str, problem: str) -> ApiError:
    """400: a body whose kind is known but cannot be decoded. # k8s: transformDecodeError."""
    return bad_request(f'{kind} in version "{version}" cannot be handled as a {wanted}: {problem}')


def unrecognized(wanted: Expected, problem: str, data: bytes) -> ApiError:
    """400: a body of which not even the kind can be read."""
    return bad_request(
        f"the object provided is unrecognized (must be of type {wanted.kind}): {problem} ({summary(data)})"
    )


def type_problem(value: Tree) -> str:
    """What Go says of an apiVersion or kind that is no text, "" when both are."""
    for field in ("apiVersion", "kind"):
        given = value.get(field)
        if given is not None and not isinstance(given, str):
            return f"json: cannot unmarshal {json_type(given)} into Go struct field .{field} of type string"
    return ""


def _bytes(value: Any) -> bytes:
    return orjson.dumps(value)


def json_type(value: Any) -> str:
    """What Go calls the type of a JSON value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, list):
        return "array"
    if isinstance(value, str):
        return "string"
    return "number" if isinstance(value, int | float) else "object"
