"""Random shutdowns, crashes and shortages: whoever ends, the invariants hold and others take the place, twice alike."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invariants import broken_invariants
from kubesim.objects.wire import DEPLOYMENTS, PODS
from properties.test_random_cluster import APPS, NODE_NAMES, Life

KINDS = ("NodeShutdown", "NodeCrash", "KubeletStop", "NetworkPartition", "PIDPressure", "DiskPressure")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("crash"), st.sampled_from(NODE_NAMES), st.sampled_from(KINDS)),
        st.tuples(st.just("mend"), st.sampled_from(NODE_NAMES), st.just(0)),
        st.tuples(st.just("scale"), st.sampled_from(APPS), st.integers(0, 6)),
        st.tuples(st.just("wait"), st.just(""), st.sampled_from([7, 300, 5_000, 25_000, 70_000])),
    ),
    max_size=9,
)


def running(life: Life, name: str) -> int:
    """How many pods of an app there are, but for those that have failed: nobody removes these."""
    found = [pod for pod in life.cluster.store.range(PODS, "default") if pod["metadata"]["labels"]["app"] == name]
    return sum(pod["status"].get("phase") != "Failed" for pod in found)


@given(STEPS)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.timeout(300)
def test_whoever_ends_is_replaced(steps: list[tuple[str, Any, Any]]) -> None:
    life = Life()
    digest = life.live(steps)
    assert broken_invariants(life.cluster) == []
    for found in life.cluster.store.range(DEPLOYMENTS, "default"):
        wanted = found["spec"]["replicas"]
        assert running(life, found["metadata"]["name"]) == wanted
        assert found["status"].get("readyReplicas", 0) == wanted, found["status"]
    assert Life().live(steps) == digest
