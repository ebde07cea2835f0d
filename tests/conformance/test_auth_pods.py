"""sig-auth: the tests whose pods look at their own tokens. # k8s: test/e2e/auth/service_accounts.go."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.manifests import AGNHOST
from conformance.served import Served
from kubesim.scenario.description import parse
from kubesim.scenario.loader import build

PODS = "/api/v1/namespaces/default/pods"
ROOT = "/var/run/secrets/kubernetes.io/serviceaccount"
BUSYBOX = "registry.k8s.io/e2e-test-images/busybox:1.37.0-1"
TOKEN = r"[A-Za-z0-9-_=]+\.[A-Za-z0-9-_=]+\.?[A-Za-z0-9-_.+/=]*"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    # With the addresses of the API server, which pods reach by its Service.
    description = parse({}, Path("cluster.yaml"))._replace(manifests=())
    cluster = build(description, epoch_ms=int(time.time()) * 1000, seed=1, sources=[])
    found = Served(cluster, tmp_path_factory.mktemp("auth-pods"), speed=20, anonymous=False)
    yield found
    found.stop()


def make(served: Served, name: str, container: dict[str, Any], *wanted: str, **spec: Any) -> dict[str, Any]:
    """A pod that runs once, as soon as it is in one of these phases."""
    inner = {"restartPolicy": "Never", "containers": [{"name": "c", **container}], **spec}
    body = {"metadata": {"name": name}, "spec": inner}
    assert served.send("POST", PODS, body).status == 201
    deadline = time.monotonic() + 15
    while True:
        found: dict[str, Any] = served.send("GET", f"{PODS}/{name}").json
        if found["status"].get("phase") in wanted:
            return found
        assert time.monotonic() < deadline, found["status"]
        time.sleep(0.05)


def log(served: Served, name: str) -> str:
    return served.send("GET", f"{PODS}/{name}/log").data.decode()


def token_volume(path: str, **more: Any) -> dict[str, Any]:
    source = {"serviceAccountToken": {"path": path, "expirationSeconds": 600, **more}}
    return {"name": "tokens", "projected": {"sources": [source]}}


def test_an_api_token_is_mounted(served: Served):
    served.send("POST", "/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "mount-test"}})
    container = {"image": BUSYBOX, "command": ["sleep", "100000"]}
    make(served, "mounted", container, "Running", serviceAccountName="mount-test", terminationGracePeriodSeconds=0)

    def read(file: str) -> str:
        kubelets = served.cluster.kubelets
        return str(served.call(lambda: kubelets.execute("default", "mounted", "c", ("cat", f"{ROOT}/{file}"))).stdout)

    root = served.send("GET", "/api/v1/namespaces/default/configmaps/kube-root-ca.crt").json
    assert read("ca.crt") == root["data"]["ca.crt"]
    assert read("namespace") == "default"
    body = {"spec": {"token": read("token")}}
    status = served.send("POST", "/apis/authentication.k8s.io/v1/tokenreviews", body).json["status"]
    assert status["authenticated"] is True
    assert "error" not in status
    assert status["user"]["username"] == "system:serviceaccount:default:mount-test"
    groups = {"system:authenticated", "system:serviceaccounts", "system:serviceaccounts:default"}
    assert groups <= set(status["user"]["groups"])


def test_a_projected_token_is_mounted(served: Served):
    container = {
        "image": AGNHOST, "args": ["mounttest", "--file_content=/test-volume/token"],
        "volumeMounts": [{"name": "tokens", "mountPath": "/test-volume", "readOnly": True}],
    }  # fmt: skip
    make(served, "projected", container, "Succeeded", volumes=[token_volume("token")])
    found = re.search(f'content of file "/test-volume/token": ({TOKEN})', log(served, "projected"))
    assert found is not None
    body = {"spec": {"token": found[1]}}
    status = served.send("POST", "/apis/authentication.k8s.io/v1/tokenreviews", body).json["status"]
    assert status["user"]["username"] == "system:serviceaccount:default:default"


@pytest.mark.parametrize(
    ("name", "audience", "phase", "said"),
    [
        ("right", "oidc-discovery-test", "Succeeded", "OK: Got valid claims from token!"),
        ("wrong", "somebody-else", "Failed", 'oidc: expected audience "somebody-else" got ["oidc-discovery-test"]'),
    ],
    ids=["audience", "other audience"],
)
def test_a_pod_checks_its_token_by_discovery(served: Served, name: str, audience: str, phase: str, said: str):
    arguments = ["test-service-account-issuer-discovery", "--token-path", "/tokens/sa-token", "--audience", audience]
    mounts = [{"name": "tokens", "mountPath": "/tokens", "readOnly": True}]
    volume = token_volume("sa-token", audience="oidc-discovery-test")
    container = {"image": AGNHOST, "args": arguments, "volumeMounts": mounts}
    make(served, f"discovery-{name}", container, phase, volumes=[volume])
    lines = log(served, f"discovery-{name}")
    assert "OK: Got token" in lines
    assert "OK: got issuer https://kubernetes.default.svc.cluster.local" in lines
    assert said in lines


def test_a_token_that_is_not_there(served: Served):
    arguments = ["test-service-account-issuer-discovery", "--token-path=/none", "--audience=x"]
    make(served, "discovery-none", {"image": AGNHOST, "args": arguments}, "Failed")
    assert "open /none: no such file or directory" in log(served, "discovery-none")


def test_a_client_in_the_cluster_says_which_token_it_has(served: Served):
    make(served, "client", {"image": AGNHOST, "args": ["inclusterclient", "--poll-interval", "1"]}, "Running")
    deadline = time.monotonic() + 10
    while "calling /healthz" not in log(served, "client"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    lines = log(served, "client").splitlines()
    assert lines[0].endswith("started")
    assert re.fullmatch(r"authz_header=[A-Za-z0-9_-]{43}", lines[2])
