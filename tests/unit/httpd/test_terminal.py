"""The line that is typed into a simulated shell."""

import pytest

from kubesim.httpd.streams.terminal import PROMPT, Terminal


def run(line: str) -> tuple[int, str]:
    return (3, f"{line}\n") if line.startswith("fail") else (0, f"<{line}>\n")


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        ("ls\r", f"ls\r\n<ls>\r\n{PROMPT}"),
        ("lx\x7fs\r", f"lx\b \bs\r\n<ls>\r\n{PROMPT}"),
        ("\x7f", ""),
        ("\r", f"\r\n{PROMPT}"),
        ("rm\x03ls\r", f"rm^C\r\n{PROMPT}ls\r\n<ls>\r\n{PROMPT}"),
        ("l\x1b[As\r", f"ls\r\n<ls>\r\n{PROMPT}"),
        ("a\x04", "a"),
        ("\x00", ""),
    ],
    ids=["line", "backspace", "nothing to erase", "empty line", "interrupt", "arrow", "end inside a line", "control"],
)
def test_what_the_screen_shows(keys: str, shown: str):
    terminal = Terminal(run)
    assert terminal.start() == PROMPT
    assert terminal.feed(keys) == shown
    assert not terminal.closed


@pytest.mark.parametrize(
    ("keys", "code"),
    [("\x04", 0), ("exit\r", 0), ("exit 7\r", 7), ("fail\r\x04", 3), ("fail\rexit\r", 3)],
    ids=["ctrl-d", "exit", "exit with a code", "code of the last command", "exit keeps the code"],
)
def test_how_it_ends(keys: str, code: int):
    terminal = Terminal(run)
    terminal.feed(keys)
    assert terminal.closed
    assert terminal.code == code
    assert terminal.feed("more") == ""
