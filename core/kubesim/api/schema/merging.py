"""Types as strategic merge patch sees them."""

from kubesim.api.schema.facts import LIST, MAP, OBJECT, Facts, Type
from kubesim.objects.patches import MergeField, MergeType


class StructMerge:
    """A struct; opaque ones have no fields that could be merged."""

    def __init__(self, facts: Facts, type_: Type) -> None:
        self.name = type_.struct
        self._facts = facts
        self._type = type_
        self._fields: dict[str, MergeField] = {}

    def field(self, name: str) -> MergeField | None:
        """How a field merges; None for one that the struct does not have."""
        found = self._fields.get(name)
        if found is None:
            field = self._type.fields.get(name)
            if field is None:
                return None
            found = MergeField(
                field.strategy, field.merge_key, _merge_type(self._facts, field.shape.removeprefix(LIST))
            )
            self._fields[name] = found
        return found


class MapMerge:
    """An object with free keys: every key merges alike."""

    def __init__(self, value: MergeType | None) -> None:
        self.name = "map"
        self._field = MergeField("", "", value)

    def field(self, name: str) -> MergeField | None:
        """How the value of a key merges."""
        del name
        return self._field


def _merge_type(facts: Facts, shape: str) -> MergeType | None:
    if shape[0] == OBJECT:
        return StructMerge(facts, facts.type(int(shape[1:])))
    if shape[0] == MAP:
        return MapMerge(_merge_type(facts, shape[1:]))
    return None
