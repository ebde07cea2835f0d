"""The server's process of the benchmark ``load``: a cluster behind its API, and notes of what happened in it."""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from kubesim import collector
from kubesim.cluster import Cluster, Settings
from kubesim.httpd import Options, Server
from kubesim.httpd.server import TOKEN_USER
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import PODS
from kubesim.scenario.documents import Source
from kubesim.scenario.loader import apply, generated
from kubetui.client.local import LocalClient

SPACES = 20
NODES = 100
TOKEN = "load"
BEAT = 0.005


def build(pods: int) -> Cluster:
    """A cluster with room for three times that many pods, and an empty Deployment in each namespace."""
    cluster = Cluster(Settings(name="load"))
    for number in range(NODES):
        cluster.add_node(NodeSpec(f"node-{number}", "64", "512Gi", max(pods // NODES * 3, 10), images=("nginx:1.29",)))
    item = {
        "name": "app",
        "deployments": 1,
        "replicas": 0,
        "image": "nginx:1.29",
        "cpu": "10m",
        "memory": "8Mi",
        "port": 80,
    }
    for space in range(SPACES):
        trees = generated({**item, "namespace": f"space-{space}"})
        apply(cluster, [Source("generated", 0, tree) for tree in trees])
    cluster.advance(20_000)
    return cluster


class Notes:
    """Which pods changed at which revision, and how late the event loop came to its timers."""

    def __init__(self, cluster: Any) -> None:
        self.first = self._last = cluster.store.revision
        self._cluster = cluster
        self._log: list[tuple[int, str]] = []
        self._late: list[float] = []

    async def follow(self) -> None:
        """Write down what happens."""
        while True:
            self._gather()
            await asyncio.sleep(0.2)

    def _gather(self) -> None:
        for revision, gvr, space, _, _, _ in self._cluster.store.since(self._last):
            self._last = revision
            if gvr == PODS:
                self._log.append((revision, space))

    async def beat(self) -> None:
        """Measure how late a timer is."""
        while True:
            start = time.perf_counter()
            await asyncio.sleep(BEAT)
            self._late.append(time.perf_counter() - start - BEAT)

    def told(self) -> dict[str, Any]:
        """All of it."""
        self._gather()
        late = sorted(self._late)
        return {"log": self._log, "late": {"p99": late[int(len(late) * 0.99)], "max": late[-1]}}


async def serve(folder: Path, pods: int) -> None:
    """Serve until standard input ends; each line on it asks for the notes."""
    cluster = build(pods)
    client = LocalClient(cluster)
    options = Options(tokens={TOKEN: TOKEN_USER}, folder=folder)
    server = Server(cluster, options, catch_up=client.pump.catch_up, poke=client.poke)
    await server.start()
    client.on_change(server.changed)
    client.pump.set_speed(1.0)
    client.pump.resume()
    collector.tune()
    notes = Notes(cluster)
    tasks = [asyncio.create_task(notes.follow()), asyncio.create_task(notes.beat())]
    print(json.dumps({"port": server.port, "first": notes.first}), flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(notes.told()), flush=True)
    for task in tasks:
        task.cancel()
    await server.stop()
    await client.close()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
