"""The file with a person's own keys, one action a line: ``scale: S``, ``pause: [";", "F2"]``; errors name the line."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from kubesim.scenario.documents import ManifestError, load_yaml, read_text

_NAMED = r"Esc|Enter|Tab|Space|Backspace|Del|Up|Down|Left|Right|Home|End|PgUp|PgDn|Insert|F(?:[1-9]|1\d|2[0-4])"
_KEY = re.compile(rf"(?:(?:Ctrl|Alt|Shift)-)*(?:{_NAMED}|\S)")


def read_keys(filename: str) -> Mapping[str, list[str]]:
    """The keys by the id of their action. Raises ManifestError naming file, line and field."""
    text = read_text(Path(filename))
    tree = load_yaml(text, filename)
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        msg = f"{filename}: expected a mapping of action to key"
        raise ManifestError(msg)
    lines = _lines(text, filename)
    found = {str(action): _keys(keys, _where(filename, lines, str(action))) for action, keys in tree.items()}
    _check(found, filename, lines)
    return found


def _where(filename: str, lines: Mapping[str, int], action: str) -> str:
    return f"{filename}:{lines[action]}: {action}" if action in lines else f"{filename}: {action}"


def _lines(text: str, filename: str) -> Mapping[str, int]:
    """On which line each action stands. An action that is there twice is refused."""
    found: dict[str, int] = {}
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for key, _ in node.value:
        action, line = str(key.value), key.start_mark.line + 1
        if action in found:
            msg = f"{filename}:{line}: {action}: is there already, on line {found[action]}"
            raise ManifestError(msg)
        found[action] = line
    return found


def _keys(keys: Any, where: str) -> list[str]:
    texts = [keys] if isinstance(keys, str) else keys
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        msg = f"{where}: expected a key or a list of keys"
        raise ManifestError(msg)
    for text in texts:
        if not _KEY.fullmatch(text):
            msg = f"{where}: {text!r} is no key; write S, Ctrl-S, Shift-F2, Alt-Up, Space or ;"
            raise ManifestError(msg)
    return texts


def _check(found: Mapping[str, list[str]], filename: str, lines: Mapping[str, int]) -> None:
    from kubetui.keys import ACTIONS, ConflictError, Keymap
    from kubetui.panes.drawer.actions import DRAWER_ACTIONS

    try:
        Keymap(found, (*ACTIONS, *DRAWER_ACTIONS))
    except ConflictError as error:
        named = [action for action in error.actions if action in lines]
        where = _where(filename, lines, named[0]) if named else filename
        text = str(error).removeprefix("keys: ")
        other = f" (line {lines[named[1]]})" if len(named) > 1 else ""
        msg = f"{where}: {text}{other}"
        raise ManifestError(msg) from error
