"""Where a user's values come from: files and the --set flags, merged in Helm's order."""

import copy
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from kubesim.helm.chart import strvals
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.template.errors import GoError
from kubesim.helm.yaml.reader import read_map

Tree = dict[str, Any]
_SEPARATOR: Final = re.compile(r"^---(.*)$", re.MULTILINE)


def split_documents(text: str) -> list[str]:
    """The documents of a stream, as Kubernetes' reader splits it; ChartError for a separator with text behind it."""
    documents: list[str] = []
    start = 0
    for match in _SEPARATOR.finditer(text):
        rest = match[1].strip()
        if rest and not rest.startswith("#"):
            raise ChartError(f"error reading yaml document: invalid Yaml document separator: {rest}")
        if match.start() > start:
            documents.append(text[start : match.start()])
        start = match.end() + 1
    if start < len(text):
        documents.append(text[start:])
    return documents


def read_values(text: str) -> Tree:
    """A values file: all its documents, merged."""
    values: Tree = {}
    for document in split_documents(text):
        try:
            read = read_map(document)
        except GoError as error:
            raise ChartError(f"cannot unmarshal yaml document: {error}") from None
        values = merge_maps(values, read)
    return values


def merge_maps(under: Tree, over: Tree) -> Tree:
    """Both trees; where both have a value that of ``over`` wins, unless both are maps."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge_maps(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return merged


def merge_values(
    files: Iterable[tuple[str, str]] = (),
    set_json: Iterable[str] = (),
    set_values: Iterable[str] = (),
    set_strings: Iterable[str] = (),
    set_files: Iterable[str] = (),
    set_literals: Iterable[str] = (),
    read: Callable[[str], str] | None = None,
) -> Tree:
    """The user's values: ``files`` are (path, text) of -f, ``read(path)`` reads what --set-file names."""
    base: Tree = {}
    for path, text in files:
        try:
            base = merge_maps(base, read_values(text))
        except GoError as error:
            raise ChartError(f"failed to parse {path}: {error}") from None
    base = copy.deepcopy(base)
    for flag in set_json:
        base = _set_json(flag, base)
    for flag in set_values:
        _apply("failed parsing --set data", strvals.parse_into, flag, base)
    for flag in set_strings:
        _apply("failed parsing --set-string data", strvals.parse_into_string, flag, base)
    for flag in set_files:
        _apply("failed parsing --set-file data", strvals.parse_into_file, flag, base, read)
    for flag in set_literals:
        _apply("failed parsing --set-literal data", strvals.parse_literal_into, flag, base)
    return base


def _set_json(flag: str, base: Tree) -> Tree:
    if not flag.strip().startswith("{"):
        try:
            strvals.parse_json(flag, base)
        except GoError as error:
            raise ChartError(f"failed parsing --set-json data {flag}: {error}") from None
        return base
    from kubesim.helm.yaml.gojson import from_json_as  # noqa: PLC0415 (only whole JSON objects need it)

    try:
        value = from_json_as(flag, dict, "map[string]interface {}")
    except GoError as error:
        raise ChartError(f"failed parsing --set-json data JSON: {flag}: {error}") from None
    return merge_maps(base, value)


def _apply(what: str, parse: Callable[..., None], *arguments: Any) -> None:
    try:
        parse(*arguments)
    except GoError as error:
        raise ChartError(f"{what}: {error}") from None
