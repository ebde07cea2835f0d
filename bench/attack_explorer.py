"""The explorer's process of the benchmark ``attack``: the command itself, with a heartbeat in its event loop.

``python bench/attack_explorer.py FILE ARGUMENTS``. After SIGUSR1 the longest time that the loop was kept from its work
since the last time is in the file, in milliseconds: as a clock saw it, and of the processor.
"""

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

from kubetui import __main__ as command
from kubetui.cli.gateway import LocalGateway

BEAT = 0.005


class Heart:
    """Beats every few milliseconds."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._loop = asyncio.get_running_loop()
        self._wall = self._used = 0.0
        self._worst = {"wall": 0.0, "used": 0.0}

    def start(self) -> None:
        """Begin, and listen for the signal."""
        self._loop.add_signal_handler(signal.SIGUSR1, self._tell)
        self._wall, self._used = time.perf_counter(), time.thread_time()
        self._beat()

    def _beat(self) -> None:
        wall, used = time.perf_counter(), time.thread_time()
        self._worst["wall"] = max(self._worst["wall"], wall - self._wall - BEAT)
        self._worst["used"] = max(self._worst["used"], used - self._used)
        self._wall, self._used = wall, used
        self._loop.call_later(BEAT, self._beat)

    def _tell(self) -> None:
        told = {name: round(seconds * 1000, 1) for name, seconds in self._worst.items()}
        draft = self._file.with_suffix(".part")
        draft.write_text(json.dumps(told))
        draft.replace(self._file)
        self._worst = {"wall": 0.0, "used": 0.0}


def main() -> int:
    """Open the explorer with the arguments that follow the file."""
    file = Path(sys.argv.pop(1))
    opened = LocalGateway.open

    async def beating(gateway: LocalGateway, say: Any) -> None:
        Heart(file).start()
        await opened(gateway, say)

    LocalGateway.open = beating  # type: ignore[method-assign]
    return command.main()


if __name__ == "__main__":
    sys.exit(main())
