"""Writes docs/map.md, docs/fidelity.md and docs/keys.md from the sources: modules, followed rules, actions."""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TAG = re.compile(r"#\s*(k8s|differs):\s*(.+)")


def modules() -> list[Path]:
    """Every module of both packages, in order."""
    return sorted([*ROOT.glob("core/kubesim/**/*.py"), *ROOT.glob("tui/kubetui/**/*.py")])


def name_of(path: Path) -> str:
    """The dotted name of a module file."""
    parts = path.relative_to(ROOT).with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sentence_of(path: Path) -> str:
    """The first line of the module's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def module_map() -> str:
    """The text of docs/map.md."""
    lines = ["# Map", "", "What each module is for; made by `make map`.", ""]
    for path in modules():
        name = name_of(path)
        if path.name == "__init__.py" and not sentence_of(path):
            continue
        if name.count(".") <= 1 and path.name == "__init__.py":
            lines += ["", f"## {name}", "", sentence_of(path), ""]
        else:
            lines.append(f"- `{name}`: {sentence_of(path)}")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def fidelity() -> str:
    """The text of docs/fidelity.md."""
    differs: list[str] = []
    follows: list[str] = []
    for path in modules():
        for line in path.read_text(encoding="utf-8").splitlines():
            found = TAG.search(line)
            if found is None:
                continue
            text = found[2].rstrip('"').strip()
            (differs if found[1] == "differs" else follows).append(f"- `{name_of(path)}`: {text}")
    head = [
        "# Fidelity",
        "",
        "Collected from the tags in the sources by `make map`. Kubernetes is the specification.",
        "",
    ]
    parts = [*head, "## Where kubetui differs, and why", "", *differs, "", "## Rules followed on purpose", "", *follows]
    return "\n".join(parts) + "\n"


KEYS_HEAD = """# Keys and commands

Made by `make map` from the one registry of actions. Keys are k9s's where k9s has one, and every action is in the
palette (`Ctrl-P`) too.

Deliberate differences from k9s: `Ctrl-P` is the palette; details open in a drawer beside the table (`f` makes it full
screen); `U` is undo; `E`, `W` and `X` stand on letters that sorted or were free.

A file given with `--keys FILE` remaps keys, one action a line: `scale: S` or `pause: [";", "F2"]`. A key that two
actions of one place want is refused.
"""


def keys() -> str:
    """The text of docs/keys.md."""
    from kubetui.app import default_keymap

    lines = [KEYS_HEAD]
    groups: dict[str, list[str]] = {}
    for action in default_keymap().actions.values():
        pressed = " ".join(f"`{key}`" if key != "`" else "`` ` ``" for key in action.keys)
        command = f"`:{action.command}`" if action.command else ""
        where = ", ".join(action.contexts)
        groups.setdefault(action.group, []).append(f"| {pressed} | {command} | {action.help} | {where} |")
    for group, rows in groups.items():
        lines += [f"\n## {group}\n", "| key | command | what it does | where |", "|---|---|---|---|", *rows]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the files; with --check only say whether they are up to date."""
    stale = 0
    for file, text in (("docs/map.md", module_map()), ("docs/fidelity.md", fidelity()), ("docs/keys.md", keys())):
        path = ROOT / file
        if "--check" in sys.argv:
            stale |= not path.exists() or path.read_text(encoding="utf-8") != text
        else:
            path.write_text(text, encoding="utf-8")
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
