"""Watches over HTTP: one JSON document a line, everything that happened since the last tick in one write."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from aiohttp import web

from kubesim.api.options import integer
from kubesim.httpd.host import Host
from kubesim.httpd.streams.pipes import own_headers

DEFAULT_SECONDS = 2700.0
"""How long a watch lasts when the client does not say. # k8s: between 30 and 60 minutes"""
ROUND_SECONDS = 10.0
"""How long a silent watch waits before it looks for bookmarks that are due."""


def seconds_of(query: Mapping[str, str]) -> float:
    """For how long the client wants to watch. Raises BadRequest."""
    asked = integer(query["timeoutSeconds"]) if query.get("timeoutSeconds") else 0
    return float(asked) if asked > 0 else DEFAULT_SECONDS


async def serve(host: Host, request: web.BaseRequest, cursor: Any, seconds: float) -> web.StreamResponse:
    """Send the events of a cursor until time is up, the client leaves or the revision is too old."""
    response = web.StreamResponse(headers={**own_headers(request), "Content-Type": "application/json"})
    if request.version >= (1, 1):
        response.enable_chunked_encoding()
    await response.prepare(request)
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not cursor.closed:
        await host.turns.take()
        batch = await host.webhooks.answered(partial(host.fan.batch, cursor, host.cluster.store.revision))
        if batch.pieces:
            for piece in batch.pieces:
                # Waits while the client does not read, so that no more than a piece is kept for it.
                await response.write(piece)
            if batch.full:
                await asyncio.sleep(0)
            continue
        left = end - loop.time()
        if left <= 0:
            break
        await host.pulse.wait(min(left, ROUND_SECONDS))
    await response.write_eof()
    return response
