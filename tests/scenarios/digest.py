"""Runs samples for some virtual minutes with a crash in between and prints digests, for the determinism test."""

import sys

from kubesim.cluster import DEFAULT_EPOCH_MS
from kubesim.objects.wire import FAULTS, NODES, Key, Request
from kubesim.scenario.description import read
from kubesim.scenario.loader import build, sample_folder


def main() -> None:
    """Print a digest line per stretch of time."""
    for name in sys.argv[1:]:
        cluster = build(read(sample_folder() / name), epoch_ms=DEFAULT_EPOCH_MS)
        for minute in range(8):
            if minute == 1:
                node = [node["metadata"]["name"] for node in cluster.store.range(NODES)][-1]
                fault = {
                    "apiVersion": "sim.kubetui.dev/v1",
                    "kind": "Fault",
                    "metadata": {"name": "crash"},
                    "spec": {"type": "NodeCrash", "target": {"kind": "Node", "name": node}},
                }
                assert cluster.handle(Request("create", Key(FAULTS), body=fault)).code == 201
            cluster.advance(60_000)
            print(name, minute, cluster.digest())


if __name__ == "__main__":
    main()
