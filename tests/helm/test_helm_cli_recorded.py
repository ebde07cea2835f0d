"""``kubetui helm`` against what Helm 4.3.1 printed for the same charts and arguments."""

import hashlib
import json
from pathlib import Path

import pytest

from kubetui.__main__ import main

RECORDED = json.loads((Path(__file__).parent / "cases" / "cli.json").read_text(encoding="utf-8"))


def run(arguments, capsys):
    code = main(["helm", *arguments])
    printed = capsys.readouterr()
    errors = [line for line in printed.err.split("\n") if not line.startswith("level=")]
    return code, printed.out, "\n".join(errors)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, text in RECORDED["files"].items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HELM_NAMESPACE", raising=False)
    return tmp_path


@pytest.mark.parametrize("case", RECORDED["cases"], ids=lambda case: " ".join(case["arguments"])[:60])
def test_recorded_command(case, folder, capsys):
    code, output, error = run(case["arguments"], capsys)
    assert output.replace(str(folder), "{folder}") == case["output"]
    assert error.replace(str(folder), "{folder}") == case["error"]
    assert code == case["code"]


@pytest.mark.parametrize("case", RECORDED["starter"], ids=lambda case: " ".join(case["arguments"])[:60])
def test_starter_renders_as_helms_starter(case, folder, capsys):
    run(["create", "web"], capsys)
    code, output, _ = run(["template", "rel", "web", *case["arguments"]], capsys)
    assert (code, output.count("\n")) == (0, case["lines"])
    assert hashlib.sha256(output.encode()).hexdigest() == case["sha256"]
