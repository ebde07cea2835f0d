"""Situations of a cluster of three nodes in which a pod does not fit, for tests of what is said then."""

from collections.abc import Callable
from typing import Any

from scheduler_double import Bench

from kubesim.objects.volumes import BIND_COMPLETED
from kubesim.objects.wire import CLAIMS, NODES, STORAGECLASSES, VOLUMES, Tree
from kubesim.scheduler.storage import CAPACITIES, CSIDRIVERS, CSINODES

ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
NEEDED = "requiredDuringSchedulingIgnoredDuringExecution"
SIZE = {"storage": "1Gi"}
DRIVER = "disk.example.com"


def nothing(bench: Bench) -> None:
    del bench


def terms(app: str, key: str = HOST) -> list[dict[str, Any]]:
    return [{"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}}]


def node_terms(field: str, key: str, *values: str) -> dict[str, Any]:
    expression = {"key": key, "operator": "In", "values": list(values)}
    return {"nodeAffinity": {NEEDED: {"nodeSelectorTerms": [{field: [expression]}]}}}


def spread(key: str) -> list[dict[str, Any]]:
    selector = {"matchLabels": {"app": "a"}}
    return [{"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector}]


def everywhere(**options: Any) -> Callable[[Bench], None]:
    """A pod that is on each of the nodes."""

    def arrange(bench: Bench) -> None:
        for number in range(3):
            bench.pod(f"there-{number}", nodeName=f"n{number}", **options)

    return arrange


def changed(**options: Any) -> Callable[[Bench], None]:
    """All nodes are like this."""

    def arrange(bench: Bench) -> None:
        for number in range(3):
            node = bench.store.get(NODES, "", f"n{number}")
            assert node is not None
            made = bench.node(f"n{number}", **options)
            bench.put(NODES, {**made, "metadata": {**made["metadata"], "uid": node["metadata"]["uid"]}})

    return arrange


def storage_class(bench: Bench, **more: Any) -> None:
    body = {"provisioner": DRIVER, "volumeBindingMode": "WaitForFirstConsumer", **more}
    bench.put(STORAGECLASSES, {"kind": "StorageClass", "metadata": {"name": "late"}, **body})


def claim(bench: Bench, name: str = "c", volume: str = "", mode: str = "ReadWriteOnce", **more: Any) -> Tree:
    metadata: dict[str, Any] = {"name": name, "namespace": "default"}
    spec: dict[str, Any] = {"accessModes": [mode], "resources": {"requests": SIZE}, "storageClassName": "late"}
    if volume:
        metadata["annotations"] = {BIND_COMPLETED: "yes"}
        spec["volumeName"] = volume
    metadata.update(more.pop("metadata", {}))
    return bench.put(CLAIMS, {"kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec, **more})


def volume(bench: Bench, name: str, labels: dict[str, str] | None = None, **more: Any) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "capacity": SIZE, "storageClassName": "late", **more}
    bench.put(VOLUMES, {"kind": "PersistentVolume", "metadata": {"name": name, "labels": labels or {}}, "spec": spec})


def using(*claims: str) -> list[dict[str, Any]]:
    return [{"name": each, "persistentVolumeClaim": {"claimName": each}} for each in claims or ("c",)]


def with_claim(**more: Any) -> Callable[[Bench], None]:
    def arrange(bench: Bench) -> None:
        storage_class(bench)
        claim(bench, **more)

    return arrange


def immediate(bench: Bench) -> None:
    storage_class(bench, volumeBindingMode="Immediate")
    claim(bench)


def bound_to(labels: dict[str, str] | None = None, **volume_spec: Any) -> Callable[[Bench], None]:
    def arrange(bench: Bench) -> None:
        storage_class(bench)
        volume(bench, "v", labels, **volume_spec)
        claim(bench, volume="v")

    return arrange


def no_provisioner(bench: Bench) -> None:
    storage_class(bench, provisioner="kubernetes.io/no-provisioner")
    claim(bench)


def full_driver(bench: Bench) -> None:
    storage_class(bench)
    claim(bench)
    bench.put(CSIDRIVERS, {"kind": "CSIDriver", "metadata": {"name": DRIVER}, "spec": {"storageCapacity": True}})
    capacity = {"storageClassName": "late", "capacity": "1Mi", "nodeTopology": {}}
    bench.put(CAPACITIES, {"kind": "CSIStorageCapacity", "metadata": {"name": "x", "namespace": "default"}, **capacity})


def attached(bench: Bench) -> None:
    storage_class(bench)
    for number in range(3):
        name = f"n{number}"
        driver = {"name": DRIVER, "nodeID": name, "allocatable": {"count": 1}}
        bench.put(CSINODES, {"kind": "CSINode", "metadata": {"name": name}, "spec": {"drivers": [driver]}})
        volume(bench, f"v{number}", csi={"driver": DRIVER, "volumeHandle": f"h{number}"})
        claim(bench, f"c{number}", volume=f"v{number}")
        bench.pod(f"there-{number}", nodeName=name, volumes=using(f"c{number}"))
    volume(bench, "v", csi={"driver": DRIVER, "volumeHandle": "h"})
    claim(bench, volume="v")


def single_pod(bench: Bench) -> None:
    storage_class(bench)
    volume(bench, "v", accessModes=["ReadWriteOncePod"])
    claim(bench, volume="v", mode="ReadWriteOncePod")
    bench.pod("other", nodeName="n0", volumes=using())


def foreign_claim(bench: Bench) -> None:
    storage_class(bench)
    claim(bench, "p-scratch")


def disk(source: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"name": "d", source: fields}]
