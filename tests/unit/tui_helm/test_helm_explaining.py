"""``kubetui helm COMMAND --help``: every command and every flag is explained."""

from importlib import import_module
from typing import Any

import pytest

from kubetui.cli.helm import VERBS, main
from kubetui.cli.helm.explaining import COMMANDS, FLAGS


def _own(command: str) -> dict[str, Any]:
    verb = VERBS[command]
    module = import_module(f"kubetui.cli.helm.{verb.module}")
    return dict(getattr(module, verb.flags)) if verb.flags else {}


@pytest.mark.parametrize("command", list(VERBS))
def test_every_flag_of_a_command_is_explained(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command.split(), "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith(".")
    assert any(line.startswith("Usage:  kubetui helm ") for line in lines)
    for name in _own(command):
        [line] = [line for line in lines if line.lstrip().split()[:1] == [f"--{name}"] or f", --{name} " in f"{line} "]
        assert FLAGS[name] in line


def test_nothing_is_explained_that_does_not_exist() -> None:
    known = {name for command in VERBS for name in _own(command)}
    assert set(FLAGS) - known == set()
    assert set(COMMANDS) == {command.split()[0] for command in VERBS}
