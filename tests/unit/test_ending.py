"""The ends that nobody asked for: an internal error, a signal."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from kubetui.panes.ending import leave_on_signals, report


def test_a_report_has_the_place_of_the_error_but_no_values(tmp_path: Path) -> None:
    password = "hunter" + "2"
    try:
        int(password[:0])
    except ValueError:
        said = report(tmp_path)
    [file] = tmp_path.iterdir()
    text = file.read_text()
    assert "invalid literal for int()" in said.splitlines()[0]
    assert said.splitlines()[1] == f"The details are in {file}"
    assert "test_ending.py" in text
    assert password not in text + said
    assert file.stat().st_mode & 0o077 == 0


def test_a_report_is_written_elsewhere_when_the_folder_cannot_be_made(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    try:
        raise KeyError
    except KeyError:
        said = report(blocked / "folder")
    place = Path(said.rpartition(" ")[2])
    assert place.read_text().startswith("Traceback")
    place.unlink()


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_leaves_with_the_code_of_the_shell(name: str, code: int) -> None:
    async def scenario() -> int:
        left: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        leave_on_signals(left.set_result)
        os.kill(os.getpid(), getattr(signal, name))
        return await asyncio.wait_for(left, 1)

    assert asyncio.run(scenario()) == code
