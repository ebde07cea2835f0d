"""Kubelets through real kubectl: shutdown and out-of-service nodes, private registries, evictions, preemption."""

# ruff: noqa: E501 - a command line and what it prints stand on one line

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.checks import Check
from clients.test_clients import MANIFESTS, SPEED, environment, failure_of
from conformance.served import Served
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.catalogue import Catalogue
from kubesim.kubelet.node import NodeSpec

REGISTRY = "registry.corp.example"


def fault(name: str, kind: str, node: str) -> str:
    body = f'{{"apiVersion":"sim.kubetui.dev/v1","kind":"Fault","metadata":{{"name":"{name}"}},"spec":{{"type":"{kind}","target":{{"name":"{node}"}}}}}}'
    return f"echo '{body}' | kubectl create -f -"


def pod(name: str, spec: str) -> str:
    return f'echo \'{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{name}"}},"spec":{spec}}}\' | kubectl create -f -'


CONDITION = (
    '-o jsonpath=\'{.status.conditions[?(@.type=="Ready")].reason}: {.status.conditions[?(@.type=="Ready")].message}\''
)
STATUS = "-o jsonpath='{.status.phase} {.status.reason} {.status.message}'"
WRITER = (
    '{"containers":[{"name":"c","image":"busybox:1.36","command":["sh","-c","dd if=/dev/zero of=/cache/x bs=1M count=1100; sleep 600"],'
    '"volumeMounts":[{"name":"cache","mountPath":"/cache"}]}],"volumes":[{"name":"cache","emptyDir":{"sizeLimit":"1Gi"}}]}'
)
LARGE = '{"nodeName":"node-1","containers":[{"name":"c","image":"nginx:1","resources":{"requests":{"cpu":"3"}}}]}'
CRITICAL = LARGE.replace('"nodeName"', '"priorityClassName":"system-node-critical","nodeName"')
WINDOWS = '{"nodeName":"node-1","os":{"name":"windows"},"containers":[{"name":"c","image":"nginx:1"}]}'

CHAPTERS: dict[str, list[Check]] = {
    "shutdown": [
        Check("kubectl create deployment web --image=nginx:1.27 --replicas=4", r"created"),
        Check("kubectl wait --for=condition=Available deploy/web --timeout=20s", r"condition met"),
        Check(fault("off-2", "NodeShutdown", "node-2"), r"fault.sim.kubetui.dev/off-2 created"),
        Check(f"sleep 0.1; kubectl get node node-2 {CONDITION}", r"KubeletNotReady: node is shutting down"),
        Check("kubectl wait --for=condition=Available deploy/web --timeout=20s", r"condition met"),
        Check("sleep 0.5; kubectl get pods --field-selector spec.nodeName=node-2,status.phase=Failed -o jsonpath='{.items[0].status.reason}: {.items[0].status.message}'",
              r"Terminated: Pod was terminated in response to imminent node shutdown\."),
        Check("kubectl get events --field-selector reason=Shutdown", r"Shutdown manager detected shutdown event"),
        Check("kubectl delete fault off-2; kubectl wait --for=condition=Ready node/node-2 --timeout=20s", r"condition met"),
        Check("kubectl get events --field-selector reason=Rebooted", r"Node node-2 has been rebooted, boot id: "),
    ],
    "out of service": [
        Check(pod("lone", '{"nodeName":"node-2","containers":[{"name":"c","image":"nginx:1"}]}'), r"pod/lone created"),
        Check("kubectl wait --for=condition=Ready pod/lone --timeout=20s", r"condition met"),
        Check(fault("gone", "NodeCrash", "node-2"), r"created"),
        Check("kubectl wait --for=condition=Ready=Unknown node/node-2 --timeout=30s", r"condition met"),
        Check("kubectl delete pod lone --wait=false; sleep 6; kubectl get pod lone", r"Terminating"),
        Check("kubectl taint nodes node-2 node.kubernetes.io/out-of-service=nodeshutdown:NoExecute", r"node/node-2 tainted"),
        Check("kubectl wait --for=delete pod/lone --timeout=20s; kubectl get pod lone", r'pods "lone" not found', 1),
    ],
    "registries": [
        Check(f"kubectl create deployment priv --image={REGISTRY}/shop/web:1", r"created"),
        Check("sleep 1; kubectl get pods -l app=priv", r"ImagePullBackOff|ErrImagePull"),
        Check("kubectl describe pod -l app=priv", r"pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials"),
        Check("kubectl patch sa default -p '{\"imagePullSecrets\":[{\"name\":\"regcred\"}]}'; kubectl rollout restart deploy/priv", r"restarted"),
        Check("sleep 1; kubectl get events", r"Unable to retrieve some image pull secrets \(regcred\); attempting to pull the image may not succeed\."),
        Check(f"kubectl create secret docker-registry regcred --docker-server={REGISTRY} --docker-username=robot --docker-password=s3cret", r"created"),
        Check("kubectl rollout status deploy/priv --timeout=60s", r"successfully rolled out"),
        Check("kubectl set image deploy/priv web=nginx:no-such; sleep 1; kubectl get pods", r"ImagePullBackOff|ErrImagePull"),
        Check("kubectl get events", r'failed to resolve reference "docker.io/library/nginx:no-such": docker.io/library/nginx:no-such: not found'),
    ],
    "evictions": [
        Check(pod("writer", WRITER), r"created"),
        Check(f"kubectl wait --for=jsonpath='{{.status.phase}}'=Failed pod/writer --timeout=30s; kubectl get pod writer {STATUS}",
              r'Failed Evicted Usage of EmptyDir volume "cache" exceeds the limit "1Gi"\. '),
        Check(fault("pids", "PIDPressure", "node-1"), r"created"),
        Check("kubectl wait --for=condition=PIDPressure node/node-1 --timeout=20s; sleep 0.2; kubectl describe node node-1",
              r"(?s)node.kubernetes.io/pid-pressure:NoSchedule.*PIDPressure +True .*kubelet has insufficient PID available"),
    ],
    "preemption": [
        Check(pod("large", LARGE), r"created"),
        Check("kubectl wait --for=condition=Ready pod/large --timeout=20s", r"condition met"),
        Check(pod("windows", WINDOWS), r"created"),
        Check(f"sleep 0.3; kubectl get pod windows {STATUS}", r"Failed PodOSNotSupported Pod was rejected: Failed to admit pod as the OS field doesn't match node OS"),
        Check(pod("critical", CRITICAL), r"created"),
        Check("kubectl wait --for=condition=Ready pod/critical --timeout=20s", r"condition met"),
        Check(f"kubectl get pod large {STATUS}", r"Failed Preempting Preempted in order to admit critical pod"),
    ],
}  # fmt: skip


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    catalogue = Catalogue.load(private={REGISTRY: {"username": "robot", "password": "s3cret"}})
    cluster = Cluster(Settings(name="kubelets", epoch_ms=int(time.time()) * 1000, catalogue=catalogue))
    for number in (1, 2):
        cluster.add_node(NodeSpec(name=f"node-{number}"))
    cluster.advance(10_000)
    found = Served(cluster, tmp_path / "server", speed=SPEED)
    yield found
    found.stop()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_kubelets_with_real_clients(chapter: str, served: Served, programs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    shutil.copytree(MANIFESTS, folder)
    variables = environment(served, programs, tmp_path)
    wrong = [text for check in CHAPTERS[chapter] if (text := failure_of(check, folder, variables))]
    assert not wrong, "\n\n" + "\n".join(wrong)
