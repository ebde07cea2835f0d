"""The shapes of all kinds: built-in ones from the schema, custom ones from theirs, others as their values are."""

from typing import Any, Protocol

from kubesim.api.apply.shapes import ATOMIC, DEDUCED, SCALARS, Many, Record, Shape
from kubesim.api.apply.structural import root_shape
from kubesim.api.schema.facts import BOOLEAN, DOUBLE, INT32, INT64, LIST, MAP, OBJECT, STRING, Field, Gvk, Type
from kubesim.objects.wire import Tree

_KINDS = {STRING: "string", BOOLEAN: "boolean", INT32: "numeric", INT64: "numeric", DOUBLE: "numeric"}


class Types(Protocol):
    """What the schema of the built-in kinds must tell."""

    def knows(self, gvk: Gvk) -> bool:
        """Whether there is such a kind."""

    def type(self, gvk: Gvk) -> Type:
        """The type of a kind."""

    def target(self, shape: str) -> Type | None:
        """The type at the bottom of a shape."""


class Shapes:
    """The shapes of the built-in kinds, made when they are first asked for."""

    def __init__(self, types: Types) -> None:
        self._types = types
        self._records: dict[int, Record] = {}
        self._loose: Record | None = None
        self._custom: dict[int, tuple[Tree, Record]] = {}

    def of(self, gvk: Gvk) -> Record:
        """The shape of a kind; one without a schema has the usual metadata, and all else is deduced from the values."""
        if self._types.knows(gvk):
            return self._record(self._types.type(gvk))
        if self._loose is None:
            self._loose = Record({"metadata": self.metadata()}, DEDUCED)
        return self._loose

    def custom(self, openapi: Tree) -> Record:
        """The shape of a kind with an OpenAPI v3 schema of its own."""
        known = self._custom.get(id(openapi))
        if known is None:
            known = self._custom[id(openapi)] = openapi, root_shape(openapi, self.metadata())
        return known[1]

    def metadata(self) -> Shape:
        """The shape of ObjectMeta."""
        return self._record(self._types.type(("", "v1", "Namespace"))).fields["metadata"]

    def _record(self, type_: Type) -> Record:
        known = self._records.get(type_.number)
        if known is None:
            known = self._records[type_.number] = Record({}, leaf=type_.atomic)
            for name, field in type_.fields.items():
                known.fields[name] = self._field(field)
        return known

    def _field(self, field: Field) -> Shape:
        shape = field.shape
        if shape[0] == LIST and field.list_type in {"set", "map"}:
            element = self._shape(shape[1:])
            return Many(element, leaf=False, keys=field.list_keys, defaults=self._defaults(field))
        if shape[0] == MAP and field.map_type == "atomic":
            return Record({}, self._shape(shape[1:]), leaf=True)
        found = self._shape(shape)
        if field.map_type == "atomic" and isinstance(found, Record) and not found.leaf:
            return Record(found.fields, found.element, leaf=True)
        if field.map_type == "granular" and isinstance(found, Record) and found.leaf:
            return Record(found.fields, found.element)
        return found

    def _shape(self, shape: str) -> Shape:
        if shape[0] == LIST:
            return Many(self._shape(shape[1:]), leaf=True)
        if shape[0] == MAP:
            return Record({}, self._shape(shape[1:]))
        if shape[0] == OBJECT:
            type_ = self._types.target(shape)
            return ATOMIC if type_ is None or type_.opaque else self._record(type_)
        return SCALARS[_KINDS.get(shape, "untyped")]

    def _defaults(self, field: Field) -> dict[str, Any]:
        """# k8s: the defaults in OpenAPI: zero for a field that Go always writes, else what +default says."""
        item = self._types.target(field.shape)
        if item is None:
            return {}
        found: dict[str, Any] = {}
        for key in field.list_keys:
            known = item.fields[key]
            if key == "protocol":
                found[key] = "TCP"
            elif item.struct == "LocalObjectReference":
                found[key] = ""
            elif not known.omit_empty and not known.pointer:
                found[key] = 0 if _KINDS.get(known.shape) == "numeric" else ""
        return found
