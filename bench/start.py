"""Seconds to the first paint: kubetui in a pseudo-terminal until all four panes of the home screen show rows."""

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import termios
import time
from pathlib import Path

KUBETUI = Path(sys.executable).with_name("kubetui")
MARKS = (b"cp-1", b"hello-", b"ClusterIP", b"hello")


def first_paint(arguments: list[str], columns: int = 120, lines: int = 40) -> float:
    """Start kubetui in a terminal of that size; seconds until the rows are on the screen."""
    began = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", COLUMNS=str(columns), LINES=str(lines))
        os.execv(KUBETUI, [str(KUBETUI), *arguments])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    seen = b""
    try:
        while time.perf_counter() - began < 20:
            ready, _, _ = select.select([terminal], [], [], 0.5)
            if ready:
                seen += os.read(terminal, 65536)
                if all(mark in seen for mark in MARKS):
                    return time.perf_counter() - began
        sys.exit(f"nothing painted within 20 s; seen: {seen[-500:]!r}")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def help_time() -> float:
    """Seconds that ``kubetui --help`` takes."""
    import subprocess

    began = time.perf_counter()
    subprocess.run([str(KUBETUI), "--help"], check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    """Medians of seven starts."""
    cluster = sys.argv[1] if len(sys.argv) > 1 else "hello"
    helps = statistics.median(help_time() for _ in range(7))
    paints = [first_paint([cluster]) for _ in range(7)]
    print(
        f"  kubetui --help: {helps:.3f} s; first paint of {cluster}: {', '.join(f'{paint:.2f}' for paint in paints)} s"
    )
    print(f"first paint of {cluster}: {statistics.median(paints):.2f} s, --help: {helps:.3f} s")


if __name__ == "__main__":
    main()
