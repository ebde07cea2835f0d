"""The numbers of single plugins, and what tolerations, node terms and Quantities come to."""

from typing import Any

import pytest
from scheduler_double import node, pod

from kubesim.scheduler.affinity import NodeRequirement
from kubesim.scheduler.framework import default_normalize
from kubesim.scheduler.nodeinfo import NodeInfo, PodRecord
from kubesim.scheduler.placement.index import allocation_score
from kubesim.scheduler.plugins.image_locality import MIB, locality_score, scaled_size
from kubesim.scheduler.plugins.inter_pod_affinity import normalize_affinity
from kubesim.scheduler.plugins.node_resources import balanced_allocation, fit_status, least_allocated
from kubesim.scheduler.plugins.pod_topology_spread import normalize_spread, normalizing_weight
from kubesim.scheduler.podinfo import PodInfo, PodParser, image_name, spread_constraints


def info(**options: Any) -> PodInfo:
    return PodParser().parse(pod("p", **options))


def node_with(used: list[dict[str, Any]], **options: Any) -> NodeInfo:
    made = NodeInfo(0, node("n", **options))
    for number, template in enumerate(used):
        tree = pod(f"u{number}", **template)
        tree["metadata"]["uid"] = f"u{number}"
        made.add(PodRecord(tree, PodParser().parse(tree), "n", assumed=False))
    return made


@pytest.mark.parametrize(
    ("cpu", "memory", "least", "balanced"),
    [
        # (4000-1000)*100/4000 = 75, (8-2)*100/8 = 75; equal shares
        ("1", "2Gi", 75, 100),
        # 75 and (8192-1024)/8192 = 87.5 -> 87; |0.25-0.125|/2 = 0.0625 -> 93.75
        ("1", "1Gi", 81, 93),
        # nothing asked counts as 100m and 200Mi: 97.5 -> 97, 97.55 -> 97
        ("", "", 97, 100),
        # more than there is: 0 for cpu, 75 for memory; shares 1 and 0.25
        ("5", "2Gi", 37, 62),
        ("4", "8Gi", 0, 100),
    ],
)
def test_allocation(cpu: str, memory: str, least: int, balanced: int) -> None:
    wanted, empty = info(cpu=cpu, memory=memory), node_with([])
    assert least_allocated(wanted, empty) == least
    assert balanced_allocation(wanted, empty) == balanced
    assert allocation_score(wanted, empty) == least + (balanced if cpu or memory else 0)


def test_allocation_counts_the_pods_that_are_there() -> None:
    used = node_with([{"cpu": "1", "memory": "1Gi"}, {}])
    assert (used.cpu_used, used.cpu_scored) == (1000, 1100)
    assert used.memory_scored - used.memory_used == 200 * MIB
    assert least_allocated(info(cpu="500m", memory="1Gi"), used) == (60 + 72) // 2


@pytest.mark.parametrize(
    ("wanted", "used", "reasons", "resolvable"),
    [
        ({"cpu": "4"}, [], (), True),
        ({"cpu": "4"}, [{"cpu": "1m"}], ("Insufficient cpu",), True),
        ({"cpu": "4001m"}, [], ("Insufficient cpu",), False),
        ({"memory": "9Gi", "cpu": "3500m"}, [{"cpu": "1"}], ("Insufficient cpu", "Insufficient memory"), False),
        ({}, [{}, {}], ("Too many pods",), True),
        ({"cpu": "3"}, [{"cpu": "2"}, {}], ("Too many pods", "Insufficient cpu"), True),
    ],
)
def test_fit(wanted: dict[str, Any], used: list[dict[str, Any]], reasons: tuple[str, ...], resolvable: bool) -> None:
    status = fit_status(info(**wanted), node_with(used, pods="2"))
    assert (status.reasons if status else ()) == reasons
    assert status is None or status.resolvable == resolvable


def test_shortfall_has_the_numbers() -> None:
    status = fit_status(info(cpu="3"), node_with([{"cpu": "1500m"}]))
    assert status is not None
    assert status.shortfalls == (("cpu", 3000, 1500, 4000),)


def test_extended_resource() -> None:
    gpu = [{"name": "c", "image": "i", "resources": {"requests": {"nvidia.com/gpu": "2"}}}]
    assert fit_status(info(containers=gpu), node_with([], **{"nvidia.com/gpu": "2"})) is None
    status = fit_status(info(containers=gpu), node_with([{"containers": gpu}], **{"nvidia.com/gpu": "3"}))
    assert status is not None
    assert status.reasons == ("Insufficient nvidia.com/gpu",)


@pytest.mark.parametrize(
    ("total", "containers", "score"),
    [(22 * MIB, 1, 0), (1000 * MIB, 1, 100), (5000 * MIB, 1, 100), (1000 * MIB, 2, 49), (250 * MIB, 1, 23)],
)
def test_image_locality(total: int, containers: int, score: int) -> None:
    assert locality_score(total, containers) == score


def test_image_size_is_scaled_by_its_spread() -> None:
    assert scaled_size(300, 1, 3) == 100


@pytest.mark.parametrize(
    ("name", "full"), [("nginx", "nginx:latest"), ("r:5000/a", "r:5000/a:latest"), ("r:5000/a:1", "r:5000/a:1")]
)
def test_image_name(name: str, full: str) -> None:
    assert image_name(name) == full


@pytest.mark.parametrize(
    ("raw", "scaled"),
    [([0, 0], [100, 100]), ([2, 4], [100, 50]), ([3, 1, None], [33, 100, 0]), ([None], [0])],
)
def test_spread_normalisation(raw: list[int | None], scaled: list[int]) -> None:
    assert normalize_spread(raw) == scaled


def test_spread_weight_grows_with_the_domains() -> None:
    assert normalizing_weight(1) == pytest.approx(1.0986, abs=1e-4)
    assert normalizing_weight(5000) == pytest.approx(8.5176, abs=1e-4)


@pytest.mark.parametrize(("raw", "scaled"), [([0, 0], [0, 0]), ([-50, 0, 50], [0, 50, 100]), ([5, 8], [0, 100])])
def test_affinity_normalisation(raw: list[int], scaled: list[int]) -> None:
    assert normalize_affinity(raw) == scaled


@pytest.mark.parametrize(
    ("raw", "reverse", "scaled"),
    [([0, 0], True, [100, 100]), ([0, 0], False, [0, 0]), ([1, 3], False, [33, 100]), ([1, 3], True, [67, 0])],
)
def test_default_normalisation(raw: list[int], reverse: bool, scaled: list[int]) -> None:
    assert default_normalize(raw, reverse=reverse) == scaled


def required(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("selector", "affinity", "expected"),
    [
        (None, None, True),
        ({"a": "1"}, None, True),
        ({"a": "2"}, None, False),
        (None, required(expression("a", "Gt", "0")), True),
        (None, required(expression("a", "Lt", "1")), False),
        (None, required(expression("a", "In", "2"), expression("b", "DoesNotExist")), True),
        (None, required({}), False),
        (None, required(), False),
        ({"a": "2"}, required(expression("a", "Exists")), False),
        (None, required({"matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": ["n"]}]}), False),
    ],
)
def test_node_requirement(selector: dict[str, str] | None, affinity: dict[str, Any] | None, expected: bool) -> None:
    assert NodeRequirement.parse(selector, affinity).matches({"a": "1"}, "n") is expected


def test_only_named_nodes() -> None:
    named = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}
    assert NodeRequirement.parse(None, required(named)).node_names() == {"n1"}
    assert NodeRequirement.parse(None, required(named, expression("a", "Exists"))).node_names() is None


def test_match_label_keys_narrow_the_selector_once() -> None:
    tree = {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "a"}},
        "matchLabelKeys": ["hash", "absent"],
    }
    (constraint,), soft = spread_constraints([tree], {"app": "a", "hash": "1"})
    assert str(constraint.selector) in {"app=a,hash in (1)", "hash in (1),app=a"}
    assert soft == ()


def test_pods_alike_share_their_info() -> None:
    parser = PodParser()
    one, two, other = pod("a", cpu="1"), pod("b", cpu="1", labels={"x": "y"}), pod("c", cpu="2")
    assert parser.parse(one) is parser.parse(two)
    assert parser.parse(one) is not parser.parse(other)
