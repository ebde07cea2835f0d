"""YAML, JSON and TOML, read and written."""

from collections.abc import Callable
from typing import Any

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.quoting import quote
from kubesim.helm.template.signatures import ANY, STRING, Function, function
from kubesim.helm.template.values import Values
from kubesim.helm.template.weight import weigh
from kubesim.helm.yaml.gojson import from_json, from_json_as, to_json
from kubesim.helm.yaml.reader import read_list, read_map
from kubesim.helm.yaml.writer import to_yaml, to_yaml_pretty

_MAP, _LIST = "map[string]interface {}", "[]interface {}"


def _or_empty(write: Callable[[Any], str]) -> Callable[[Any], str]:
    """The same writer, giving an empty text where it would fail."""

    def lenient(value: Any) -> str:
        try:
            return write(value)
        except GoError:
            return ""

    return lenient


def must_write_yaml(value: Any) -> str:
    """YAML without its last line break."""
    weigh(value)
    return to_yaml(value).removesuffix("\n")


def _pretty_yaml(value: Any) -> str:
    weigh(value)
    return to_yaml_pretty(value).removesuffix("\n")


def read_yaml_map(text: str) -> dict[str, Any]:
    """A YAML map; with the key Error when it is none."""
    try:
        return read_map(text)
    except GoError as error:
        return {"Error": str(error)}


def read_yaml_list(text: str) -> list[Any]:
    """A YAML list; of the error's text when it is none."""
    try:
        return read_list(text)
    except GoError as error:
        return [str(error)]


def read_json_map(text: str) -> dict[str, Any]:
    """A JSON object; with the key Error when it is none."""
    try:
        return from_json_as(text, dict, _MAP) or {}
    except GoError as error:
        return {"Error": str(error)}


def read_json_list(text: str) -> list[Any]:
    """A JSON array; of the error's text when it is none."""
    try:
        return from_json_as(text, list, _LIST) or []
    except GoError as error:
        return [str(error)]


def _pretty_json(value: Any) -> str:
    return to_json(value, indent="  ")


def _raw_json(value: Any) -> str:
    return to_json(value, escape_html=False)


def must_write_toml(value: Any) -> str:
    """TOML."""
    from kubesim.helm.yaml.toml import to_toml  # noqa: PLC0415 (few charts need it)

    weigh(value)
    return to_toml(value)


def write_toml(value: Any) -> str:
    """TOML, or the error's text."""
    try:
        return must_write_toml(value)
    except GoError as error:
        return str(error)


def read_toml(text: str) -> dict[str, Any]:
    """A TOML document; with the key Error when it is malformed."""
    from kubesim.helm.functions.toml import from_toml  # noqa: PLC0415 (few charts need it)

    try:
        return from_toml(text)
    except GoError as error:
        return {"Error": str(error)}


FUNCTIONS: tuple[Function, ...] = (
    function("toYaml", _or_empty(must_write_yaml), ANY),
    function("mustToYaml", must_write_yaml, ANY),
    function("toYamlPretty", _or_empty(_pretty_yaml), ANY),
    function("fromYaml", read_yaml_map, STRING),
    function("fromYamlArray", read_yaml_list, STRING),
    function("toJson", _or_empty(to_json), ANY),
    function("mustToJson", to_json, ANY),
    function("toPrettyJson", _or_empty(_pretty_json), ANY),
    function("mustToPrettyJson", _pretty_json, ANY),
    function("toRawJson", _or_empty(_raw_json), ANY),
    function("mustToRawJson", _raw_json, ANY),
    function("fromJson", read_json_map, STRING),
    function("mustFromJson", from_json, STRING),
    function("fromJsonArray", read_json_list, STRING),
    function("toToml", write_toml, ANY),
    function("mustToToml", must_write_toml, ANY),
    function("fromToml", read_toml, STRING),
)


def _table(values: Values, path: str) -> Values:
    found: Any = values
    for key in path.split("."):
        found = found.get(key)
        if not isinstance(found, dict):
            raise GoError(f"{quote(key)} is not a table")
    return Values(found)


def _path_value(values: Values, path: str) -> Any:
    if not path:
        raise GoError(f"{quote(path)} is not a table")
    *outer, last = path.split(".")
    table = _table(values, ".".join(outer)) if outer else values
    if last not in table or isinstance(table[last], dict):
        raise GoError(f"{quote(path if last in table or outer else last)} is not a value")
    return table[last]


def _same(values: Values) -> Values:
    return values


Values.go_methods = {
    "YAML": function("YAML", to_yaml),
    "Table": function("Table", _table, STRING),
    "PathValue": function("PathValue", _path_value, STRING),
    "AsMap": function("AsMap", _same),
}
