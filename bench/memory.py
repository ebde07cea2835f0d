"""Bytes a pod: resident memory before and after 10,000 pods run, Events and endpoints included."""

import gc
import sys
from pathlib import Path

from scale import build, ready_endpoints, scale

from kubesim import collector


def resident() -> int:
    """Resident memory of this process in bytes."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * 4096


def main() -> None:
    """Measure at 1,000 nodes with the number of pods given (default 10,000)."""
    pods = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    nodes = max(1_000, pods // 100)
    collector.tune()
    cluster = build(nodes)
    gc.collect()
    before = resident()
    scale(cluster, pods // 10)
    while ready_endpoints(cluster) < pods:
        cluster.advance(500)
    gc.collect()
    after = resident()
    print(f"  resident memory: {before / 1e6:,.0f} MB before, {after / 1e6:,.0f} MB after")
    print(f"{pods:,} pods on {nodes:,} nodes: {(after - before) / pods / 1024:.1f} KB a pod")


if __name__ == "__main__":
    main()
