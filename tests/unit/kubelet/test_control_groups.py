"""The files of control groups by the resources of a container, and host ports that clash or do not."""

import pytest

from kubesim.kubelet import cgroups
from kubesim.kubelet.plan import HostPort

GIB = 1024**3


@pytest.mark.parametrize(
    ("resources", "memory", "quota", "weight"),
    [
        ({}, "max", "max 100000", "1"),
        ({"limits": {"cpu": "20m", "memory": "35Mi"}}, "36700160", "2000 100000", "1"),
        ({"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}, "max", "200000 100000", "39"),
        ({"limits": {"cpu": "5m"}}, "max", "1000 100000", "1"),
    ],
    ids=["none", "guaranteed", "burstable", "least"],
)
def test_limits(resources: dict, memory: str, quota: str, weight: str):
    found = cgroups.files({"resources": resources}, "Burstable", GIB)
    shown = [found[f"{cgroups.FOLDER}/{name}"].strip() for name in ("memory.max", "cpu.max", "cpu.weight")]
    assert shown == [memory, quota, weight]


@pytest.mark.parametrize(
    ("quality", "asked", "score"),
    [("Guaranteed", GIB, -997), ("BestEffort", 0, 1000), ("Burstable", GIB // 4, 750), ("Burstable", 0, 999),
     ("Burstable", GIB, 3)],
    ids=["guaranteed", "best-effort", "quarter", "none", "all"],
)  # fmt: skip
def test_scores(quality: str, asked: int, score: int):
    assert cgroups.score(quality, asked, GIB) == score


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        (("127.0.0.1", "TCP"), ("172.18.0.3", "TCP"), False),
        (("127.0.0.1", "TCP"), ("127.0.0.1", "UDP"), False),
        (("127.0.0.1", "TCP"), ("127.0.0.1", "TCP"), True),
        (("0.0.0.0", "TCP"), ("127.0.0.1", "TCP"), True),
    ],
    ids=["addresses", "protocols", "same", "any"],
)
def test_host_ports(one: tuple[str, str], other: tuple[str, str], clash: bool):
    assert HostPort(*one, 80, 8080).clashes(HostPort(*other, 80, 9090)) is clash
