"""Claims and volumes over the real API server, in virtual time."""

from typing import Any

import pytest

from kubesim.objects.errors import ApiError
from unit.controllers.workload_cluster import WorkloadCluster


@pytest.fixture
def cluster() -> WorkloadCluster:
    return WorkloadCluster()


def claim(name: str = "c", storage_class: str | None = "fast", size: str = "1Gi", **spec: Any) -> dict[str, Any]:
    body = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **spec}
    if storage_class is not None:
        body["storageClassName"] = storage_class
    return {"kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": body}


def volume(name: str, size: str, **spec: Any) -> dict[str, Any]:
    base = {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}}
    return {"kind": "PersistentVolume", "metadata": {"name": name, "labels": {"name": name}}, "spec": {**base, **spec}}


def storage_class(name: str = "fast", *, default: bool = False, **fields: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name}
    if default:
        metadata["annotations"] = {"storageclass.kubernetes.io/is-default-class": "true"}
    return {"kind": "StorageClass", "metadata": metadata, "provisioner": "disk.example.com", **fields}


def user(name: str = "user", claimed: str = "c") -> dict[str, Any]:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": claimed}}]
    return {
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "image": "nginx"}], "volumes": volumes},
    }


def phase(cluster: WorkloadCluster, name: str = "c") -> str:
    return str(cluster.get("PersistentVolumeClaim", name)["status"]["phase"])


def reasons(cluster: WorkloadCluster, name: str = "c") -> list[str]:
    return [reason for reason, _ in cluster.messages("PersistentVolumeClaim", name)]


@pytest.mark.parametrize(
    ("wanted", "spec", "found"),
    [
        ("3Gi", {}, "medium"),
        ("6Gi", {}, "large"),
        ("20Gi", {}, None),
        ("1Gi", {"accessModes": ["ReadWriteMany"]}, "shared"),
        ("1Gi", {"selector": {"matchLabels": {"name": "large"}}}, "large"),
        ("1Gi", {"volumeMode": "Block"}, None),
        ("1Gi", {"volumeName": "large"}, "large"),
    ],
    ids=["smallest that is large enough", "larger", "too large", "access mode", "selector", "mode", "by name"],
)
def test_matching(cluster: WorkloadCluster, wanted: str, spec: dict[str, Any], found: str | None) -> None:
    for name, size in (("large", "8Gi"), ("small", "1Gi"), ("medium", "4Gi")):
        cluster.create(volume(name, size, storageClassName="manual"))
    cluster.create(volume("shared", "9Gi", storageClassName="manual", accessModes=["ReadWriteMany", "ReadOnlyMany"]))
    cluster.create(volume("other", "3Gi", storageClassName="another"))
    cluster.run(0.1)
    cluster.create(claim(storage_class="manual", size=wanted, **spec))
    cluster.run(1)
    assert cluster.get("PersistentVolumeClaim", "c")["spec"].get("volumeName") == found
    assert phase(cluster) == ("Bound" if found else "Pending")


def test_a_class_makes_volumes_and_takes_them_away(cluster: WorkloadCluster) -> None:
    cluster.create(storage_class())
    cluster.create(claim(size="5Gi"))
    cluster.run(3)
    name = cluster.get("PersistentVolumeClaim", "c")["spec"]["volumeName"]
    made = cluster.get("PersistentVolume", name)
    assert (made["spec"]["capacity"], made["status"]["phase"]) == ({"storage": "5Gi"}, "Bound")
    assert reasons(cluster) == ["ExternalProvisioning", "ProvisioningSucceeded"]
    cluster.delete("PersistentVolumeClaim", "c")
    cluster.run(1)
    assert cluster.get("PersistentVolume", name) is None


def test_the_default_class_is_for_claims_that_name_none(cluster: WorkloadCluster) -> None:
    cluster.create(claim("early", None))
    cluster.create(claim("none", ""))
    cluster.run(1)
    cluster.create(storage_class(default=True))
    cluster.create(claim("late", None))
    cluster.run(20)
    assert [phase(cluster, name) for name in ("early", "late", "none")] == ["Bound", "Bound", "Pending"]
    assert reasons(cluster, "none") == ["FailedBinding"]


def test_a_claim_stays_while_a_pod_uses_it(cluster: WorkloadCluster) -> None:
    cluster.create(volume("v", "1Gi", storageClassName="fast"))
    cluster.run(0.1)
    cluster.create(claim())
    cluster.create(user())
    cluster.run(1)
    cluster.delete("PersistentVolumeClaim", "c")
    cluster.delete("PersistentVolume", "v")
    cluster.run(5)
    assert cluster.get("PersistentVolumeClaim", "c")["metadata"]["deletionTimestamp"]
    cluster.delete("Pod", "user")
    cluster.run(1)
    assert cluster.get("PersistentVolumeClaim", "c") is None
    assert cluster.get("PersistentVolume", "v") is None


def test_a_lost_volume_is_told(cluster: WorkloadCluster) -> None:
    cluster.create(volume("v", "1Gi", storageClassName="fast"))
    cluster.run(0.1)
    cluster.create(claim())
    cluster.run(1)
    lost = cluster.get("PersistentVolume", "v")
    cluster.store.delete(cluster.gvr("PersistentVolume"), "", "v", lost)
    cluster.run(1)
    assert (phase(cluster), reasons(cluster)[-1]) == ("Lost", "ClaimLost")


# ---------------------------------------------------------------------- growth
def grow(cluster: WorkloadCluster, size: str) -> None:
    cluster.patch("PersistentVolumeClaim", "c", {"spec": {"resources": {"requests": {"storage": size}}}})


def capacity(cluster: WorkloadCluster) -> tuple[str, str]:
    """Of the claim and of its volume."""
    found = cluster.get("PersistentVolumeClaim", "c")
    volume = cluster.get("PersistentVolume", found["spec"]["volumeName"])
    return found["status"]["capacity"]["storage"], volume["spec"]["capacity"]["storage"]


def test_a_claim_grows_when_a_pod_uses_it(cluster: WorkloadCluster) -> None:
    cluster.create(storage_class(allowVolumeExpansion=True))
    cluster.create(claim())
    cluster.run(3)
    grow(cluster, "2Gi")
    cluster.run(3)
    conditions = cluster.get("PersistentVolumeClaim", "c")["status"]["conditions"]
    assert [(each["type"], each["status"]) for each in conditions] == [("FileSystemResizePending", "True")]
    assert capacity(cluster) == ("1Gi", "2Gi")
    cluster.create(user())
    cluster.run(10)
    assert capacity(cluster) == ("2Gi", "2Gi")
    assert "conditions" not in cluster.get("PersistentVolumeClaim", "c")["status"]
    assert reasons(cluster)[-3:] == ["Resizing", "FileSystemResizeRequired", "FileSystemResizeSuccessful"]


def test_a_class_must_allow_growth(cluster: WorkloadCluster) -> None:
    cluster.create(storage_class())
    cluster.create(claim())
    cluster.run(3)
    with pytest.raises(ApiError, match=r"the storageclass that provisions the pvc must support resize"):
        grow(cluster, "2Gi")


# ---------------------------------------------------------------------- volumes of pods
def scratch(name: str = "p") -> dict[str, Any]:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": claim(storage_class="fast")["spec"]}
    volumes = [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}]
    spec = {"containers": [{"name": "c", "image": "nginx"}], "volumes": volumes}
    return {"kind": "Pod", "metadata": {"name": name}, "spec": spec}


def test_an_ephemeral_volume_gets_a_claim_that_goes_with_the_pod(cluster: WorkloadCluster) -> None:
    cluster.create(storage_class())
    cluster.create(scratch())
    cluster.run(3)
    found = cluster.get("PersistentVolumeClaim", "p-scratch")
    assert found["metadata"]["labels"] == {"a": "b"}
    assert found["metadata"]["ownerReferences"][0]["kind"] == "Pod"
    assert phase(cluster, "p-scratch") == "Bound"
    cluster.delete("Pod", "p")
    cluster.run(10)
    assert cluster.get("PersistentVolumeClaim", "p-scratch") is None


def test_a_claim_of_somebody_else_is_not_taken(cluster: WorkloadCluster) -> None:
    cluster.create(claim("p-scratch"))
    cluster.create(scratch())
    cluster.run(1)
    text = 'PVC "default/p-scratch" was not created for the pod (pod is not owner)'
    assert ("FailedBinding", f"ephemeral volume scratch: {text}") in cluster.messages("Pod", "p")
