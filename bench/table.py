"""Key-to-paint of our table against Textual's DataTable, each in a real pseudo-terminal; last line is the ratio.

``python bench/table.py [ROWS] [UPDATES_A_SECOND] [KEYS]``: half of the updates hit the rows that are on the screen.
"""

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
from fcntl import ioctl
from pathlib import Path

from table_rows import CURSOR_SGR, READY

WIDTH, HEIGHT = 150, 50
BENCH = Path(__file__).resolve().parent
PATHS = os.pathsep.join(str(BENCH.parent / part) for part in ("core", "tui"))


class Terminal:
    """A pseudo-terminal with one of the programs in it."""

    def __init__(self, which: str, rows: int, rate: int) -> None:
        self.started = time.perf_counter()
        self.child, self.fd = pty.fork()
        if not self.child:
            program = [sys.executable, str(BENCH / f"table_{which}.py"), str(rows), str(rate)]
            colours = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
            os.execve(sys.executable, program, {**os.environ, **colours, "TEXTUAL_FPS": "120", "PYTHONPATH": PATHS})
        ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
        self.seen = b""

    def read(self, timeout: float) -> bool:
        """Take what the program writes; False when it writes nothing in that time."""
        ready, _, _ = select.select([self.fd], [], [], timeout)
        if not ready:
            return False
        data = os.read(self.fd, 1 << 16)
        self.seen = (self.seen + data)[-(1 << 18) :]
        return True

    def wait(self, pattern: bytes, timeout: float) -> float:
        """Seconds until the output holds a pattern."""
        start = time.perf_counter()
        while time.perf_counter() - start < timeout:
            if re.search(pattern, self.seen):
                return time.perf_counter() - start
            self.read(0.05)
        msg = f"no {pattern!r} within {timeout} s"
        raise TimeoutError(msg)

    def press(self, number: int, timeout: float = 30) -> float:
        """Seconds from the key until the cursor is seen on the row of that number."""
        while self.read(0.0):
            pass
        self.seen = b""
        start = time.perf_counter()
        os.write(self.fd, b"j")
        self.wait(rf"{CURSOR_SGR}[^\x1b]*m[^\x1b]*row-{number:06d}".encode(), timeout)
        return time.perf_counter() - start

    def cpu(self) -> float:
        """Seconds of CPU that the program has used."""
        fields = Path(f"/proc/{self.child}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        """End the program."""
        os.kill(self.child, signal.SIGKILL)
        os.waitpid(self.child, 0)
        os.close(self.fd)


def measure(which: str, rows: int, rate: int, keys: int) -> tuple[float, float]:
    """Median and 95th percentile of key-to-paint in milliseconds."""
    terminal = Terminal(which, rows, rate)
    terminal.wait(re.escape(READY), 180)
    ready = time.perf_counter() - terminal.started
    deadline = time.perf_counter() + 1.5
    while time.perf_counter() < deadline:
        terminal.read(0.05)
    cpu, wall = terminal.cpu(), time.perf_counter()
    times = []
    for number in range(1, keys + 1):
        times.append(terminal.press(number) * 1000)
        deadline = time.perf_counter() + 0.11 + number % 7 * 0.005
        while time.perf_counter() < deadline:
            terminal.read(0.01)
    busy = (terminal.cpu() - cpu) / (time.perf_counter() - wall)
    terminal.end()
    middle = statistics.median(times)
    late = sorted(times)[int(len(times) * 0.95)]
    print(
        f"{which:5}: ready {ready:5.2f} s  key-to-paint p50 {middle:7.1f} ms  p95 {late:7.1f} ms  CPU {busy:4.0%}",
        flush=True,
    )
    return middle, late


def main() -> None:
    """Measure both with the numbers given."""
    numbers = [int(text) for text in sys.argv[1:]]
    rows, rate, keys = (*numbers, *(100_000, 5_000, 40)[len(numbers) :])
    print(f"{rows:,} rows, {rate:,} updates a second, half of them on the screen, {WIDTH}x{HEIGHT}")
    own, _ = measure("own", rows, rate, keys)
    stock, _ = measure("stock", rows, rate, min(keys, 20))
    print(f"key-to-paint ratio, stock to own: {stock / own:.1f}")


if __name__ == "__main__":
    main()
