"""Runs a copy of the cluster ahead of its time, and looks at it again and again; the cluster itself is not touched."""

import asyncio
import zlib
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

from kubesim.objects.wire import Request
from kubesim.store import snapshot
from kubetui.client.past.snapshots import photographed
from kubetui.client.port import Traffic
from kubetui.model.outlook import Look, look

if TYPE_CHECKING:
    from kubetui.client.local import LocalClient

SLICE = 0.008
REST = 0.001
LOOKS = 120
LEAST_MS = 1_000


class Outlook:
    """One forecast at a time; it can be cancelled."""

    def __init__(self, client: "LocalClient") -> None:
        self._client = client
        self._cancelled = False

    def cancel(self) -> None:
        """Stop."""
        self._cancelled = True

    async def forecast(
        self, requests: Sequence[Request], duration_ms: int, report: Callable[[float], None]
    ) -> list[Look] | None:
        """What will be, when these requests are sent now; None when it was cancelled. Raises ValueError."""
        self._cancelled = False
        origin = await photographed(self._client.cluster)
        cluster = await asyncio.to_thread(_copy, origin)
        for request in requests:
            response = cluster.api.handle(request)
            if response.code >= 400:
                raise ValueError(str(response.body.get("message", f"the server answered {response.code}")))
        return await self._ahead(cluster, duration_ms, report)

    async def _ahead(self, cluster: Any, duration_ms: int, report: Callable[[float], None]) -> list[Look] | None:
        start = cluster.loop.now
        step = max(duration_ms // LOOKS, LEAST_MS)
        found = [_look(cluster)]
        deadline = 0.0

        def late() -> bool:
            return perf_counter() >= deadline

        while cluster.loop.now < start + duration_ms:
            due = min(cluster.loop.now + step, start + duration_ms)
            while True:
                deadline = perf_counter() + SLICE
                if cluster.loop.run_until(due, late):
                    break
                await asyncio.sleep(REST)
                if self._cancelled:
                    return None
            found.append(_look(cluster))
            report((cluster.loop.now - start) / duration_ms)
            await asyncio.sleep(0)
            if self._cancelled:
                return None
        return found


def _copy(origin: bytes) -> Any:
    return snapshot.from_bytes(zlib.decompress(origin))


def _look(cluster: Any) -> Look:
    reports = cluster.traffic.reports.items()
    traffic = {place: Traffic(each.rate, each.errors, each.latency) for place, each in reports}
    return look(cluster.store, traffic, cluster.loop.now)
