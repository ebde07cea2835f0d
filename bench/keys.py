"""Milliseconds from a key to its paint on the sample `big`: while it scales up flat out, and running at speed 10.

The explorer runs in a pseudo-terminal; `j` and `k` are typed in turn and the time is taken until the cursor's mark
appears on the other row. The last line is the figure.
"""

import fcntl
import os
import pty
import re
import select
import signal
import statistics
import struct
import sys
import termios
import time
from pathlib import Path

KUBETUI = Path(sys.executable).with_name("kubetui")
PIECE = re.compile(rb"\x1b\[(\d+);(\d+)H((?:\x1b\[[\d;]*m|[^\x1b])*)")
MARK = "▌".encode()
WIDTH, HEIGHT = 150, 50


class Terminal:
    """kubetui in a pseudo-terminal."""

    def __init__(self, *arguments: str) -> None:
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            os.execv(KUBETUI, [str(KUBETUI), *arguments])
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
        self.row = 0
        self.seen = b""

    def read(self, seconds: float) -> bytes:
        """What arrives within that time, at most one chunk."""
        ready, _, _ = select.select([self.file], [], [], seconds)
        data = os.read(self.file, 1 << 20) if ready else b""
        self.seen = (self.seen + data)[-400_000:]
        return data

    def rows_of_mark(self, data: bytes) -> list[int]:
        """The screen rows of the right half on which the cursor's mark was painted."""
        return [int(row) for row, column, text in PIECE.findall(data) if MARK in text and int(column) > WIDTH // 3]

    def press(self, key: bytes, limit: float = 3.0) -> float | None:
        """Type a key; milliseconds until the mark stands on another row, or None when it never does."""
        began = time.perf_counter()
        os.write(self.file, key)
        while time.perf_counter() - began < limit:
            data = self.read(0.02)
            moved = [row for row in self.rows_of_mark(data) if row != self.row]
            if moved:
                taken = time.perf_counter() - began
                self.row = moved[-1]
                return taken * 1000
        return None

    def drain(self, seconds: float) -> None:
        """Read on for a while, following the mark."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            rows = self.rows_of_mark(self.read(min(left, 0.05)))
            self.row = rows[-1] if rows else self.row

    def wait_for(self, text: bytes, seconds: float) -> None:
        """Read until a text was seen."""
        end = time.perf_counter() + seconds
        while text not in self.seen:
            if time.perf_counter() > end:
                sys.exit(f"{text!r} not seen: {self.seen[-300:]!r}")
            self.drain(0.1)

    def end(self) -> None:
        """Kill it."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.file)


def measure(terminal: Terminal, keys: int) -> list[float]:
    """Type that many keys, about eight a second."""
    taken = []
    for number in range(keys):
        found = terminal.press(b"jk"[number % 2 : number % 2 + 1])
        taken.append(3000.0 if found is None else found)
        terminal.drain(0.12)
    return taken


def report(name: str, taken: list[float]) -> str:
    """One line of percentiles."""
    ordered = sorted(taken)
    p95 = ordered[int(len(ordered) * 0.95) - 1]
    return f"{name}: key to paint p50 {statistics.median(ordered):.1f} ms, p95 {p95:.1f} ms, max {ordered[-1]:.0f} ms"


def main() -> None:
    """Both situations, each in a fresh explorer."""
    keys = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    terminal = Terminal("big", "--speed", "max")
    terminal.wait_for(b"ContainerCreat", 30)
    flat_out = report("big, scaling flat out", measure(terminal, min(keys, 60)))
    terminal.end()
    print(f"  {flat_out}")
    terminal = Terminal("big", "--speed", "10")
    terminal.wait_for(b"Running", 60)
    terminal.drain(5)
    running = report("big at speed 10", measure(terminal, keys))
    terminal.end()
    print(f"  {running}")
    print(f"{flat_out}; {running}")


if __name__ == "__main__":
    main()
