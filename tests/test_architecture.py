"""The limits of the house: sizes, first sentences, lean imports. The lists of exceptions may only shrink."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted([*ROOT.glob("core/kubesim/**/*.py"), *ROOT.glob("tui/kubetui/**/*.py")])
MAX_LINES, MAX_STATEMENTS, MAX_METHODS = 400, 40, 20

LONG_FILES: dict[str, int] = {}
BIG_CLASSES: dict[str, int] = {}
LONG_FUNCTIONS: dict[str, int] = {}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def statements(node: ast.AST) -> int:
    inner = [child for child in ast.walk(node) if isinstance(child, ast.stmt)]
    nested = [child for child in inner if child is not node and isinstance(child, ast.FunctionDef | ast.ClassDef)]
    return len(inner) - 1 - sum(statements(child) for child in nested)


def measure() -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    files, classes, functions = {}, {}, {}
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > MAX_LINES:
            files[name(path)] = text.count("\n")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):
                count = sum(isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) for child in node.body)
                if count > MAX_METHODS:
                    classes[f"{name(path)}:{node.name}"] = count
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and statements(node) > MAX_STATEMENTS:
                functions[f"{name(path)}:{node.name}"] = statements(node)
    return files, classes, functions


def test_sizes_stay_within_limits():
    files, classes, functions = measure()
    for found, allowed in ((files, LONG_FILES), (classes, BIG_CLASSES), (functions, LONG_FUNCTIONS)):
        new = {where: size for where, size in found.items() if size > allowed.get(where, 0)}
        assert not new, f"too large: {new}"
        mended = sorted(set(allowed) - set(found))
        assert not mended, f"take these off the list of exceptions: {mended}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_module_says_what_it_is_for(path: Path):
    text = path.read_text(encoding="utf-8")
    if path.name == "__init__.py" and not text.strip():
        pytest.fail(f"{path} has no docstring")
    first = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
    assert first.endswith("."), f"{path} does not open with one sentence"


def loaded(statement: str) -> set[str]:
    code = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    paths = [str(ROOT / "core"), str(ROOT / "tui")]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {paths!r}; {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import kubesim, kubesim.cluster", {"asyncio", "aiohttp", "textual", "rich", "socket"}),
        ("import kubetui.model.views, kubetui.model.flows, kubetui.model.describe", {"textual", "rich"}),
        ("import kubetui.client.local", {"textual"}),
        (
            "import kubetui.__main__ as m\ntry:\n m.main(['--help'])\nexcept SystemExit: pass",
            {"textual", "kubesim.cluster", "yaml"},
        ),
    ],
    ids=["simulator", "model", "local client", "help"],
)
def test_imports_stay_lean(statement: str, unwanted: set[str]):
    if "\n" in statement:
        statement = f"exec({statement!r})"
    assert not loaded(statement) & unwanted


def test_generated_docs_are_up_to_date():
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / "make_docs.py"), "--check"], check=False)
    assert done.returncode == 0, "run `make map`"


def test_every_dependency_is_explained():
    import tomllib

    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    text = (ROOT / "docs" / "dependencies.md").read_text()
    missing = [line for line in wanted if f"| {line.split('>')[0].split('=')[0]} |" not in text]
    assert not missing
