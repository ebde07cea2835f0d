"""LimitRanges: defaults for containers, and what is refused."""

from typing import Any

import pytest

from kubesim.objects.wire import PODS, core
from unit.api.serving import Serving

LIMITRANGES = core("limitranges")
CLAIMS = core("persistentvolumeclaims")


def serving(*limits: dict[str, Any]) -> Serving:
    found = Serving()
    found.must("create", LIMITRANGES, body={"metadata": {"name": "l"}, "spec": {"limits": list(limits)}})
    return found


def container(name: str = "c", **resources: Any) -> dict[str, Any]:
    return {"name": name, "image": "i", "resources": resources}


def refusal(found: Serving, *containers: dict[str, Any], **spec: Any) -> str:
    body = {"metadata": {"name": "p"}, "spec": {"containers": list(containers), **spec}}
    answer = found.call("create", PODS, body=body)
    return str(answer.body["message"]) if answer.code == 403 else ""


def test_defaults_are_filled_in_and_noted() -> None:
    found = serving({"type": "Container", "default": {"cpu": "1"}, "defaultRequest": {"cpu": "100m", "memory": "1Mi"}})
    pod = found.pod(
        containers=[container("a", requests={"cpu": "10m"})], initContainers=[container("b", limits={"cpu": "2"})]
    )
    first, init = pod["spec"]["containers"][0], pod["spec"]["initContainers"][0]
    assert first["resources"] == {"requests": {"cpu": "10m", "memory": "1Mi"}, "limits": {"cpu": "1"}}
    # k8s: defaulting sets the request to the limit before the plugin sees the pod.
    assert init["resources"] == {"requests": {"cpu": "2", "memory": "1Mi"}, "limits": {"cpu": "2"}}
    assert pod["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: memory request for container a; cpu limit for container a; "
        "memory request for init container b"
    )


@pytest.mark.parametrize(
    ("limit", "resources", "message"),
    [
        pytest.param({"min": {"memory": "1Gi"}}, {"requests": {"memory": "1Gi"}}, "", id="enough"),
        pytest.param(
            {"min": {"cpu": "1"}, "defaultRequest": {"cpu": "1"}},
            {"requests": {"cpu": "10m"}},
            "minimum cpu usage per Container is 1, but request is 10m",
            id="request-below",
        ),
        pytest.param(
            {"max": {"cpu": "1"}},
            {"limits": {"cpu": "2"}, "requests": {"cpu": "1"}},
            "maximum cpu usage per Container is 1, but limit is 2",
            id="limit-above",
        ),
        pytest.param(
            {"maxLimitRequestRatio": {"cpu": "2"}},
            {"limits": {"cpu": "3"}, "requests": {"cpu": "1"}},
            "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000",
            id="ratio",
        ),
        pytest.param(
            {"maxLimitRequestRatio": {"cpu": "2"}},
            {},
            "cpu max limit to request ratio per Container is 2, but no request is specified or request is 0",
            id="no-request",
        ),
    ],
)
def test_bounds_of_a_container(limit: dict[str, Any], resources: dict[str, Any], message: str) -> None:
    expected = f'pods "p" is forbidden: {message}' if message else ""
    assert refusal(serving({"type": "Container", **limit}), container(**resources)) == expected


def test_bounds_of_a_pod_look_at_the_sum() -> None:
    found = serving({"type": "Pod", "max": {"cpu": "1"}})
    half = {"limits": {"cpu": "600m"}, "requests": {"cpu": "600m"}}
    assert refusal(found, container(**half)) == ""
    assert refusal(found, container("a", **half), container("b", **half)) == (
        'pods "p" is forbidden: maximum cpu usage per Pod is 1, but limit is 1200m'
    )
    assert refusal(found, container("a", **half), container("b")) == (
        'pods "p" is forbidden: maximum cpu usage per Pod is 1.  No limit is specified'
    )


def test_several_complaints_come_in_brackets() -> None:
    found = serving({"type": "Pod", "min": {"cpu": "1", "memory": "1Gi"}})
    assert refusal(found, container()) == (
        'pods "p" is forbidden: [minimum cpu usage per Pod is 1.  No request is specified, '
        "minimum memory usage per Pod is 1Gi.  No request is specified]"
    )


def test_claims_have_bounds() -> None:
    found = serving({"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}})
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    answer = found.call("create", CLAIMS, body={"metadata": {"name": "c"}, "spec": spec})
    assert (answer.code, answer.body["message"]) == (
        403,
        'persistentvolumeclaims "c" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, '
        "but request is 1Mi",
    )


def test_without_a_limit_range_nothing_changes() -> None:
    assert "annotations" not in Serving().pod()["metadata"]
