"""kubectl meets admission: what policies, webhooks and the levels of pod security have it print."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.test_clients import environment
from conformance.hooks import deploy
from conformance.manifests import pod
from conformance.ways import Remote, Resource
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import PODS, Gvr

POLICY = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: few}
spec:
  matchConstraints:
    resourceRules:
    - {apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments, deployments/scale]}
  validations:
  - {expression: object.spec.replicas <= 5, messageExpression: "'no more than 5, not ' + string(object.spec.replicas)"}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: few}
spec: {policyName: few, validationActions: [Deny]}
"""
WEBHOOK = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: away}
webhooks:
- name: away.example.com
  clientConfig: {service: {namespace: default, name: nobody, path: /x}}
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
  sideEffects: None
  admissionReviewVersions: [v1]
"""


class Kubectl:
    """Runs kubectl in a folder."""

    def __init__(self, remote: Remote, folder: Path, variables: dict[str, str]) -> None:
        self.remote = remote
        self.folder = folder
        self.variables = variables

    def run(self, line: str, text: str = "", code: int = 0) -> str:
        """What it printed."""
        done = subprocess.run(
            ["kubectl", *line.split()], input=text, env=self.variables, cwd=self.folder, capture_output=True,
            text=True, timeout=50, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def kubectl(programs: Path, tmp_path: Path) -> Iterator[Kubectl]:
    cluster = Cluster(Settings(name="admission"))
    cluster.add_node(NodeSpec(name="n1"))
    cluster.advance(10_000)
    remote = Remote(cluster, tmp_path / "server")
    yield Kubectl(remote, tmp_path, environment(remote.served, programs, tmp_path))
    remote.served.stop()


def test_a_policy(kubectl: Kubectl):
    kubectl.run("apply -f -", POLICY)
    refused = kubectl.run("create deployment web --image=nginx --replicas=9", code=1)
    assert refused.strip() == (
        'error: failed to create deployment: deployments.apps "web" is forbidden: ValidatingAdmissionPolicy '
        "'few' with binding 'few' denied request: no more than 5, not 9"
    )
    kubectl.run("create deployment web --image=nginx --replicas=5")
    refused = kubectl.run("scale deployment web --replicas=6", code=1)
    assert "denied request: no more than 5, not 6" in refused
    listed = kubectl.run("get validatingadmissionpolicies").split()
    assert listed[:6] == ["NAME", "VALIDATIONS", "PARAMKIND", "AGE", "few", "1"]


def test_pod_security(kubectl: Kubectl):
    kubectl.run("create namespace safe")
    kubectl.run("label namespace safe pod-security.kubernetes.io/enforce=restricted")
    warned = kubectl.run("create deployment web --image=nginx -n safe")
    assert 'Warning: would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false (' in warned
    refused = kubectl.run("run pod --image=nginx -n safe", code=1)
    assert 'Error from server (Forbidden): pods "pod" is forbidden: violates PodSecurity "restricted:latest"' in refused
    refused = kubectl.run("label namespace safe pod-security.kubernetes.io/warn=some", code=1)
    assert "must be one of privileged, baseline, restricted" in refused


def test_a_webhook_that_is_away(kubectl: Kubectl):
    kubectl.run("apply -f -", WEBHOOK)
    refused = kubectl.run("create configmap a", code=1)
    assert refused.strip() == (
        'error: failed to create configmap: Internal error occurred: failed calling webhook "away.example.com": '
        'failed to call webhook: Post "https://nobody.default.svc:443/x?timeout=10s": service "nobody" not found'
    )
    kubectl.run("delete validatingwebhookconfiguration away")
    kubectl.run("create configmap a")


def test_api_services(kubectl: Kubectl):
    listed = kubectl.run("get apiservices v1.apps").split()
    assert listed == ["NAME", "SERVICE", "AVAILABLE", "AGE", "v1.apps", "Local", "True", listed[-1]]


ATTACHING = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: attaching}
webhooks:
- name: deny-attaching-pod.k8s.io
  clientConfig:
    service: {namespace: default, name: e2e-test-webhook, path: /pods/attach, port: 8443}
    caBundle: BUNDLE
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CONNECT], resources: [pods/attach]}]
  sideEffects: None
  admissionReviewVersions: [v1]
"""


def test_attaching_that_a_webhook_in_a_pod_denies(kubectl: Kubectl):
    def of(path: str, **_: object) -> Resource:
        group, version, name = path.split("/") if path.count("/") == 2 else ("", *path.split("/"))
        return Resource(kubectl.remote, Gvr(group, version, name), "default")

    hook = deploy(of, "default")
    kubectl.run("apply -f -", ATTACHING.replace("BUNDLE", hook.bundle))
    Resource(kubectl.remote, PODS, "default").create(pod("to-be-attached-pod", container={"name": "container1"}))
    kubectl.run("wait --for=condition=Ready pod/to-be-attached-pod --timeout=30s")
    refused = kubectl.run("attach to-be-attached-pod -i -c=container1", code=1)
    assert "attaching to pod 'to-be-attached-pod' is not allowed" in refused
