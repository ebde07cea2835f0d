"""Copies of a cluster that goes on meanwhile."""

import asyncio
import os
import zlib

import pytest
from test_time_machine import digest, scaled, world

from kubesim.store import snapshot
from kubetui.client.past import snapshots


async def test_a_copy_is_of_the_instant_it_was_asked_for():
    client = world(replicas=2)
    await client.time.advance(20_000)
    before = digest(client)
    copying = asyncio.ensure_future(snapshots.photographed(client.cluster))
    await asyncio.sleep(0)
    while not copying.done():
        await client.send(scaled(3 + client.cluster.store.revision % 5))
        await client.time.advance(100)
        await asyncio.sleep(0.001)
    assert digest(client) != before
    copy = snapshot.from_bytes(zlib.decompress(copying.result()))
    assert copy.digest() == before


async def test_a_copy_that_cannot_be_finished_says_so(monkeypatch):
    client = world()
    monkeypatch.setattr(snapshots, "packed", lambda cluster: os._exit(3))
    with pytest.raises(OSError, match="its process ended"):
        await snapshots.photographed(client.cluster)


async def test_a_copy_that_nobody_waits_for_any_more_ends():
    client = world()
    copying = asyncio.ensure_future(snapshots.photographed(client.cluster))
    await asyncio.sleep(0)
    copying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await copying
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
