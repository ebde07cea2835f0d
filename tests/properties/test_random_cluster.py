"""Random lives of a cluster: whatever is thrown at it, the invariants hold, it converges, twice alike."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invariants import broken_invariants
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import DEPLOYMENTS, FAULTS, NODES, PODS, SERVICES, Key, Request

NODE_NAMES = ("n1", "n2", "n3", "n4")
APPS = ("a", "b")
MERGE = "application/merge-patch+json"

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("scale"), st.sampled_from(APPS), st.integers(0, 6)),
        st.tuples(st.just("image"), st.sampled_from(APPS), st.sampled_from(["nginx:1.28", "nginx:1.29", "redis:7.4"])),
        st.tuples(st.just("crash"), st.sampled_from(NODE_NAMES), st.sampled_from(["NodeCrash", "KubeletStop"])),
        st.tuples(st.just("mend"), st.sampled_from(NODE_NAMES), st.just(0)),
        st.tuples(st.just("cordon"), st.sampled_from(NODE_NAMES), st.booleans()),
        st.tuples(st.just("kill"), st.sampled_from(APPS), st.integers(0, 5)),
        st.tuples(st.just("force"), st.sampled_from(APPS), st.integers(0, 5)),
        st.tuples(st.just("delete"), st.sampled_from(APPS), st.just(0)),
        st.tuples(st.just("wait"), st.just(""), st.sampled_from([7, 300, 5_000, 70_000, 400_000])),
    ),
    max_size=14,
)


def deployment(name: str) -> dict[str, Any]:
    labels = {"app": name}
    container = {
        "name": "c",
        "image": "nginx:1.29",
        "ports": [{"containerPort": 80}],
        "resources": {"requests": {"cpu": "500m", "memory": "256Mi"}},
        "readinessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


class Life:
    """A cluster and the things that may happen to it. A refused request is part of life, a server error is not."""

    def __init__(self) -> None:
        self.cluster = Cluster(Settings(seed=7, validate_components=True))
        for name in NODE_NAMES:
            self.cluster.add_node(NodeSpec(name=name, cpu="4", memory="8Gi", zone=f"z{int(name[1]) % 2}"))
        for name in APPS:
            self.ask("create", Key(DEPLOYMENTS, "default"), deployment(name))
            service = {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name},
                "spec": {"selector": {"app": name}, "ports": [{"port": 80}]},
            }
            self.ask("create", Key(SERVICES, "default"), service)

    def ask(self, verb: str, key: Key, body: Any = None) -> Any:
        response = self.cluster.handle(
            Request(verb, key, body=body, content_type=MERGE if verb == "patch" else "application/json")
        )
        assert response.code < 500, response.body
        return response.body

    def scale(self, name: str, replicas: int) -> None:
        self.ask("patch", Key(DEPLOYMENTS, "default", name), {"spec": {"replicas": replicas}})

    def image(self, name: str, image: str) -> None:
        found = self.cluster.store.get(DEPLOYMENTS, "default", name)
        if found is not None:
            container = {**found["spec"]["template"]["spec"]["containers"][0], "image": image}
            body = {"spec": {"template": {"spec": {"containers": [container]}}}}
            self.ask("patch", Key(DEPLOYMENTS, "default", name), body)

    def crash(self, node: str, how: str) -> None:
        spec = {"type": how, "target": {"kind": "Node", "name": node}}
        tree = {
            "apiVersion": "sim.kubetui.dev/v1",
            "kind": "Fault",
            "metadata": {"name": f"crash-{node}"},
            "spec": spec,
        }
        self.ask("create", Key(FAULTS), tree)

    def mend(self, node: str, _: int) -> None:
        self.ask("delete", Key(FAULTS, "", f"crash-{node}"))

    def cordon(self, node: str, on: bool) -> None:
        self.ask("patch", Key(NODES, "", node), {"spec": {"unschedulable": on or None}})

    def _pod(self, name: str, number: int) -> str:
        found = [
            pod["metadata"]["name"]
            for pod in self.cluster.store.range(PODS, "default")
            if pod["metadata"]["labels"]["app"] == name
        ]
        return found[number % len(found)] if found else ""

    def kill(self, name: str, number: int) -> None:
        pod = self._pod(name, number)
        if pod:
            self.ask("delete", Key(PODS, "default", pod))

    def force(self, name: str, number: int) -> None:
        pod = self._pod(name, number)
        if pod:
            self.ask("delete", Key(PODS, "default", pod), {"gracePeriodSeconds": 0})

    def delete(self, name: str, _: int) -> None:
        self.ask("delete", Key(DEPLOYMENTS, "default", name))

    def wait(self, _: str, milliseconds: int) -> None:
        self.cluster.advance(milliseconds)

    def live(self, steps: list[tuple[str, Any, Any]]) -> str:
        for verb, target, value in steps:
            getattr(self, verb)(target, value)
        for node in NODE_NAMES:
            self.mend(node, 0)
            self.cordon(node, False)
        self.cluster.advance(700_000)
        return self.cluster.digest()


@given(STEPS)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.timeout(300)
def test_any_life_ends_well_and_repeats(steps):
    life = Life()
    digest = life.live(steps)
    assert broken_invariants(life.cluster) == []
    for found in life.cluster.store.range(DEPLOYMENTS, "default"):
        name, wanted = found["metadata"]["name"], found["spec"]["replicas"]
        pods = [pod for pod in life.cluster.store.range(PODS, "default") if pod["metadata"]["labels"]["app"] == name]
        assert len(pods) == wanted, (name, [pod["status"] for pod in pods])
        assert found["status"].get("readyReplicas", 0) == wanted, found["status"]
    assert Life().live(steps) == digest
