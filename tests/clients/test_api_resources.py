"""Every kind of a cluster of 1.37, as the real kubectl lists it, and the heads of the tables it prints."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.test_clients import environment
from conformance.served import Served
from kubesim.cluster import Cluster, Settings

ALL = "create,delete,deletecollection,get,list,patch,update,watch"
EXPECTED = [
    line.replace("*", ALL).split()
    for line in (Path(__file__).parent / "api_resources.txt").read_text().splitlines()
    if not line.startswith("#")
]


@pytest.fixture(scope="module")
def kubectl(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("resources")
    found = Served(Cluster(Settings(seed=1)), folder / "server", speed=1)
    try:
        yield environment(found, programs, folder)
    finally:
        found.stop()


def run(variables: dict[str, str], *words: str) -> str:
    program = Path(variables["PATH"].partition(":")[0]) / "kubectl"
    done = subprocess.run([program, *words], env=variables, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_list_of_kinds(kubectl: dict[str, str]) -> None:
    head, *lines = run(kubectl, "api-resources", "-o", "wide").splitlines()
    titles = ("NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND", "VERBS", "CATEGORIES")
    starts = [head.index(title) for title in titles]
    ends = [*starts[1:], None]
    found = [[line[start:end].strip() or "-" for start, end in zip(starts, ends, strict=True)] for line in lines]
    assert found == EXPECTED


OBJECTS = """\
apiVersion: resource.k8s.io/v1
kind: DeviceClass
metadata: {name: gpu}
spec: {selectors: [{cel: {expression: 'device.driver == "gpu.example.com"'}}]}
---
apiVersion: resource.k8s.io/v1
kind: ResourceSlice
metadata: {name: node-1-gpus}
spec:
  driver: gpu.example.com
  nodeName: node-1
  pool: {name: node-1, generation: 1, resourceSliceCount: 1}
  devices: [{name: gpu-0}]
---
apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: {name: mine, namespace: default}
spec: {devices: {requests: [{name: r, exactly: {deviceClassName: gpu}}]}}
---
apiVersion: resource.k8s.io/v1
kind: DeviceTaintRule
metadata: {name: broken}
spec: {deviceSelector: {driver: gpu.example.com}, taint: {key: broken, effect: NoSchedule}}
---
apiVersion: networking.k8s.io/v1
kind: ServiceCIDR
metadata: {name: more}
spec: {cidrs: [192.168.7.0/24]}
"""
ROWS = {
    "deviceclasses": ("NAME AGE", "gpu <age>"),
    "resourceslices": ("NAME NODE DRIVER POOL AGE", "node-1-gpus node-1 gpu.example.com node-1 <age>"),
    "resourceclaims": ("NAME STATE AGE", "mine pending <age>"),
    "devicetaintrules": ("NAME AGE", "broken <age>"),
    "servicecidrs": ("NAME CIDRS AGE", "kubernetes 10.96.0.0/12 <age>", "more 192.168.7.0/24 <age>"),
    "ipaddresses": ("NAME PARENTREF", "10.96.0.1 services/default/kubernetes"),
}


def test_the_tables_of_rare_kinds(kubectl: dict[str, str], tmp_path: Path) -> None:
    manifest = tmp_path / "objects.yaml"
    manifest.write_text(OBJECTS)
    run(kubectl, "apply", "-f", str(manifest))
    for resource, expected in ROWS.items():
        lines = run(kubectl, "get", resource, "-o", "wide").splitlines()
        found = [re.sub(r" \d+m?s$", " <age>", " ".join(line.split())) for line in lines]
        assert found == list(expected), resource
