"""A cluster under test behind its HTTPS API, in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from time import perf_counter
from typing import Any

from kubesim.cluster import Cluster

START_SECONDS = 30.0
CALL_SECONDS = 300.0
SLICE = 0.008
"""Wall seconds of virtual time at a stretch; then requests get their turn."""
REST = 0.0005


def _never() -> bool:
    return False


class _Turn:
    """A stretch of virtual time that ends early when it has lasted a while, or when its caller has enough."""

    def __init__(self, is_enough: Callable[[], bool]) -> None:
        self.met = False
        self._is_enough = is_enough
        self._end = perf_counter() + SLICE

    def is_over(self) -> bool:
        """Whether to stop here."""
        self.met = self.met or self._is_enough()
        return self.met or perf_counter() >= self._end


class Serving:
    """Serves from the moment it is made until ``stop``; all work on the cluster is done in its thread."""

    def __init__(self, cluster: Cluster, folder: Path, speed: float) -> None:
        self.url = ""
        self.kubeconfig = Path()
        self._cluster = cluster
        self._folder = folder
        self._speed = speed
        self._error: BaseException | None = None
        self._ready = threading.Event()
        self.loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._client: Any = None
        self._thread = threading.Thread(target=self._run, name="kube-cluster", daemon=True)
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            msg = f"the server did not start within {START_SECONDS:g} s"
            raise TimeoutError(msg)
        if self._error is not None:
            raise self._error

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function in the thread, at the present of the running clock; returns or raises what it does."""
        if self.loop is None or threading.current_thread() is self._thread:
            return function(*arguments)

        async def run() -> Any:
            self._client.pump.catch_up()
            try:
                return function(*arguments)
            finally:
                self._client.poke()

        return self._awaited(run())

    def pass_time(self, duration_ms: int, is_over: Callable[[], bool] | None = None) -> None:
        """Let virtual time pass as fast as the machine can, with room for requests in between."""
        self._awaited(self._passed(duration_ms, is_over or _never))

    async def _passed(self, duration_ms: int, is_over: Callable[[], bool]) -> None:
        pump, loop = self._client.pump, self._cluster.loop
        was_paused = pump.paused
        pump.pause()
        due = loop.now + duration_ms
        turn = _Turn(is_over)
        while not loop.run_until(due, turn.is_over) and not turn.met:
            self._client.poke()
            await asyncio.sleep(REST)
            turn = _Turn(is_over)
        if not was_paused:
            pump.resume()
        self._client.poke()

    def _awaited(self, work: Coroutine[Any, Any, Any]) -> Any:
        assert self.loop is not None
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(CALL_SECONDS)

    def stop(self) -> None:
        """End all streams and stop listening."""
        if self.loop is not None and self._over is not None:
            self.loop.call_soon_threadsafe(self._over.set)
            self._thread.join(START_SECONDS)
            self.loop = None

    # ------------------------------------------------------------------ the thread
    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # told to whoever waits for the start
            self._error = error
            self._ready.set()

    async def _serve(self) -> None:
        from kubesim.httpd import Options, Server  # noqa: PLC0415 - many tests never serve
        from kubetui.client.local import LocalClient  # noqa: PLC0415

        self._client = client = LocalClient(self._cluster)
        server = Server(self._cluster, Options(folder=self._folder), catch_up=client.pump.catch_up, poke=client.poke)
        await server.start()
        try:
            client.on_change(server.changed)
            if self._speed:
                client.pump.set_speed(self._speed)
                client.pump.resume()
            self.url, self.kubeconfig = server.url, server.kubeconfig or Path()
            self.loop, self._over = asyncio.get_running_loop(), asyncio.Event()
            self._ready.set()
            await self._over.wait()
        finally:
            await server.stop()
            await client.close()
