"""YAML and JSON files of manifests to objects, each with its file and line; errors name line and column."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

SUFFIXES = (".yaml", ".yml", ".json")
SIZE_LIMIT = 64 * 1024 * 1024


class Source(NamedTuple):
    """One object of a manifest and where it stands."""

    path: str
    line: int
    tree: dict[str, Any]


class ManifestError(Exception):
    """Input that cannot be used; the text names file, line and column as far as they are known."""


try:
    from yaml import CSafeLoader as _BaseLoader
except ImportError:  # PyYAML without libyaml
    from yaml import SafeLoader as _BaseLoader  # type: ignore[assignment]


class _Loader(_BaseLoader):
    """YAML 1.1 as Kubernetes reads it: times stay strings, and aliases cannot explode."""


def _as_text(loader: Any, node: Any) -> Any:
    return loader.construct_scalar(node)


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _as_text)
_Loader.add_constructor("tag:yaml.org,2002:value", _as_text)


def read_text(path: Path) -> str:
    """Read a file as UTF-8. Raises ManifestError that says what is wrong with it."""
    try:
        if path.stat().st_size > SIZE_LIMIT:
            msg = f"{path}: the file is larger than {SIZE_LIMIT // 1024 // 1024} MiB"
            raise ManifestError(msg)
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        msg = f"{path}: {error.strerror or error}"
        raise ManifestError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path}: not a text file in UTF-8 (byte {error.start})"
        raise ManifestError(msg) from error


DEPTH_LIMIT = 200
_MAY_BE_DEEP = re.compile(r"(?:[-?:] +){100,}|^ {1000,}", re.MULTILINE)


def _loader(text: str, path: str) -> _Loader:
    # libyaml's composer recurses in C and would overflow the stack, so a suspicious text is measured first.
    if text.count("[") + text.count("{") > DEPTH_LIMIT or _MAY_BE_DEEP.search(text):
        depth = 0
        for event in yaml.parse(text, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEPTH_LIMIT:
                mark: Any = event.start_mark
                msg = f"{path}:{mark.line + 1}:{mark.column + 1}: nested deeper than {DEPTH_LIMIT} levels"
                raise ManifestError(msg)
    return _Loader(text)


def parse(text: str, path: str) -> list[Source]:
    """Every object of a multi-document YAML or JSON text; a ``List`` is taken apart. Raises ManifestError."""
    found: list[Source] = []
    loader: _Loader | None = None
    try:
        loader = _loader(text, path)
        while loader.check_node():
            node: Any = loader.get_node()
            line = node.start_mark.line + 1
            _guard(node, path)
            tree = loader.construct_document(node)
            found.extend(_objects(tree, path, line))
    except yaml.MarkedYAMLError as error:
        raise ManifestError(_yaml_text(error, path)) from error
    except yaml.YAMLError as error:
        msg = f"{path}: {error}"
        raise ManifestError(msg) from error
    finally:
        if loader is not None:
            loader.dispose()
    return found


def load_yaml(text: str, path: str) -> Any:
    """The value of a YAML text that is one document. Raises ManifestError."""
    loader: _Loader | None = None
    try:
        loader = _loader(text, path)
        node = loader.get_single_node()
        if node is None:
            return None
        _guard(node, path)
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        raise ManifestError(_yaml_text(error, path)) from error
    except yaml.YAMLError as error:
        msg = f"{path}: {error}"
        raise ManifestError(msg) from error
    finally:
        if loader is not None:
            loader.dispose()


def _yaml_text(error: yaml.MarkedYAMLError, path: str) -> str:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or error.context or "not valid YAML"
    return f"{path}:{mark.line + 1}:{mark.column + 1}: {problem}" if mark else f"{path}: {problem}"


NODE_LIMIT = 2_000_000


def _guard(node: Any, path: str) -> None:
    # Counts what the document would expand to, so that a chain of aliases is refused before it is built.
    sizes: dict[int, int] = {}
    stack: list[tuple[Any, bool]] = [(node, False)]
    active: set[int] = set()
    while stack:
        current, done = stack.pop()
        children = _children(current)
        if done:
            active.discard(id(current))
            sizes[id(current)] = 1 + sum(sizes.get(id(child), 1) for child in children)
            if sizes[id(current)] > NODE_LIMIT:
                msg = f"{path}:{current.start_mark.line + 1}: the document grows beyond {NODE_LIMIT:,} values"
                raise ManifestError(msg)
            continue
        if id(current) in sizes:
            continue
        if id(current) in active:
            msg = f"{path}:{current.start_mark.line + 1}: the document contains itself"
            raise ManifestError(msg)
        active.add(id(current))
        stack.append((current, True))
        for child in children:
            if id(child) in active:
                msg = f"{path}:{child.start_mark.line + 1}: the document contains itself"
                raise ManifestError(msg)
            if id(child) not in sizes:
                stack.append((child, False))


def _children(node: Any) -> list[Any]:
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return []


def _objects(tree: Any, path: str, line: int) -> Iterator[Source]:
    if tree is None:
        return
    if not isinstance(tree, dict):
        msg = f"{path}:{line}: expected an object with apiVersion and kind, found {_name(tree)}"
        raise ManifestError(msg)
    if str(tree.get("kind", "")).endswith("List") and isinstance(tree.get("items"), list):
        for item in tree["items"]:
            yield from _objects(item, path, line)
        return
    for field in ("apiVersion", "kind"):
        if not isinstance(tree.get(field), str) or not tree[field]:
            msg = f"{path}:{line}: {field} is not set"
            raise ManifestError(msg)
    yield Source(path, line, tree)


def _name(value: Any) -> str:
    return {list: "a list", str: "a text", bool: "a truth value"}.get(type(value), "a number")


def files(path: Path) -> list[Path]:
    """The manifest files a path stands for: itself, or those of a folder, in order of their names."""
    if path.is_dir():
        try:
            found = sorted(child for child in path.rglob("*") if child.suffix in SUFFIXES and child.is_file())
        except OSError as error:
            msg = f"{path}: {error.strerror or error}"
            raise ManifestError(msg) from error
        if not found:
            msg = f"{path}: the folder holds no {', '.join(SUFFIXES)} file"
            raise ManifestError(msg)
        return found
    if not path.exists():
        msg = f"{path}: no such file or folder"
        raise ManifestError(msg)
    return [path]


def load(path: Path) -> list[Source]:
    """Every object of a file or folder. Raises ManifestError."""
    return [source for file in files(path) for source in parse(read_text(file), str(file))]
