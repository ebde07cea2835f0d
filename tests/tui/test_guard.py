"""The last resort of Ctrl-C: a hung program gives the terminal back, a living one is left alone."""

import os
import pty
import select
import subprocess
import sys
import termios
import time
from pathlib import Path

from kubetui.panes.guard import PATIENCE, Interrupts

TUI = Path(__file__).resolve().parents[2] / "tui"

HUNG = """
import os
import time
from textual.app import App
from kubetui.panes import guard

guard.PATIENCE = 0.1


class Hung(App):
    def get_driver_class(self):
        return guard.guarded(super().get_driver_class(), guard.Interrupts())

    def on_ready(self):
        os.write(1, b"\\x1b]0;ready\\x07")

    def on_key(self, event):
        if event.key == "x":
            time.sleep(60)


Hung().run()
"""


def test_a_first_press_waits_and_a_later_one_does_not():
    interrupts = Interrupts()
    assert not interrupts.pressed(10.0)
    assert not interrupts.pressed(10.0 + PATIENCE / 2)
    assert interrupts.pressed(10.0 + PATIENCE)


def test_an_answer_starts_again():
    interrupts = Interrupts()
    interrupts.pressed(10.0)
    interrupts.answered()
    assert not interrupts.pressed(100.0)


def read_until(fd, mark, seconds=20.0):
    seen, end = b"", time.monotonic() + seconds
    while mark not in seen:
        assert time.monotonic() < end, seen[-300:]
        ready, _, _ = select.select([fd], [], [], 0.1)
        if ready:
            seen += os.read(fd, 65536)
    return seen


def test_a_hung_program_gives_the_terminal_back():
    leader, follower = pty.openpty()
    before = termios.tcgetattr(follower)
    environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": f"{TUI}:{TUI.parent / 'core'}"}
    process = subprocess.Popen(
        [sys.executable, "-c", HUNG], stdin=follower, stdout=follower, stderr=follower, env=environment, close_fds=True
    )
    try:
        read_until(leader, b"ready")
        assert termios.tcgetattr(follower)[3] != before[3]
        os.write(leader, b"x")
        time.sleep(0.2)
        os.write(leader, b"\x03")
        time.sleep(0.3)
        os.write(leader, b"\x03")
        seen = read_until(leader, b"\x1b[?25h\x1b[0m")
        assert b"\x1b[?1049l" in seen
        assert process.wait(10) == 130
        assert termios.tcgetattr(follower)[3] == before[3]
    finally:
        process.kill()
        process.wait()
        os.close(leader)
        os.close(follower)
