"""How a Deployment sizes its ReplicaSets: tables of the pure part."""

from typing import Any

import pytest

from kubesim.controllers.deployment import plan, revisions
from kubesim.controllers.deployment.plan import Scale


def deployment(
    replicas: int = 10, surge: Any = "25%", unavailable: Any = "25%", kind: str = "RollingUpdate", **more: Any
) -> Any:
    strategy: dict[str, Any] = {"type": kind}
    if kind == "RollingUpdate":
        strategy["rollingUpdate"] = {"maxSurge": surge, "maxUnavailable": unavailable}
    spec = {"replicas": replicas, "strategy": strategy, **more}
    return {"metadata": {"name": "d", "generation": 1}, "spec": spec, "status": {"replicas": replicas}}


def replica_set(
    name: str, size: int, available: int | None = None, *, noted: tuple[int, int] | None = None, age: int = 0
) -> Any:
    annotations = {} if noted is None else {revisions.DESIRED: str(noted[0]), revisions.MAX: str(noted[1])}
    return {
        "metadata": {
            "name": name,
            "creationTimestamp": f"2026-01-01T00:00:{59 - age:02d}Z",
            "annotations": annotations,
        },
        "spec": {"replicas": size},
        "status": {"replicas": size, "availableReplicas": size if available is None else available},
    }


@pytest.mark.parametrize(
    ("surge", "unavailable", "desired", "expected"),
    [
        pytest.param("25%", "25%", 10, (3, 2), id="surge-up-unavailable-down"),
        pytest.param("25%", "25%", 1, (1, 0), id="one"),
        pytest.param("25%", "25%", 0, (0, 1), id="none"),
        pytest.param(0, "1%", 10, (0, 1), id="both-round-to-zero"),
        pytest.param(5, 0, 10, (5, 0), id="numbers"),
        pytest.param("100%", "0%", 7, (7, 0), id="all"),
    ],
)
def test_fenceposts(surge: Any, unavailable: Any, desired: int, expected: tuple[int, int]) -> None:
    assert plan.fenceposts(surge, unavailable, desired) == expected


@pytest.mark.parametrize(
    ("made", "surge", "unavailable"),
    [
        pytest.param(deployment(10), 3, 2, id="rolling"),
        pytest.param(deployment(0), 0, 0, id="zero"),
        pytest.param(deployment(2, 0, 5), 0, 2, id="never-more-than-all"),
        pytest.param(deployment(10, kind="Recreate"), 0, 0, id="recreate"),
    ],
)
def test_limits(made: Any, surge: int, unavailable: int) -> None:
    assert (plan.max_surge(made), plan.max_unavailable(made)) == (surge, unavailable)


@pytest.mark.parametrize(
    ("made", "old", "size", "expected"),
    [
        pytest.param(deployment(10), [], 0, 10, id="nothing-there"),
        pytest.param(deployment(10), [replica_set("a", 10)], 0, 3, id="surge-only"),
        pytest.param(deployment(10), [replica_set("a", 13)], 0, 0, id="full"),
        pytest.param(deployment(10), [replica_set("a", 8)], 3, 5, id="grow"),
        pytest.param(deployment(10), [replica_set("a", 1)], 9, 10, id="not-above-wish"),
        pytest.param(deployment(10, kind="Recreate"), [replica_set("a", 10)], 0, 10, id="recreate"),
    ],
)
def test_first_size(made: Any, old: list[Any], size: int, expected: int) -> None:
    assert plan.first_size(made, old, size) == expected


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        pytest.param(replica_set("n", 10), [], [], id="done"),
        pytest.param(replica_set("n", 12), [], [Scale("n", 10)], id="new-too-big"),
        pytest.param(replica_set("n", 0, 0), [replica_set("a", 10)], [Scale("n", 3)], id="begin"),
        pytest.param(replica_set("n", 3, 0), [replica_set("a", 10)], [Scale("a", 8)], id="old-down-by-unavailable"),
        pytest.param(replica_set("n", 3, 0), [replica_set("a", 8)], [Scale("n", 5)], id="new-up-again"),
        pytest.param(replica_set("n", 5, 0), [replica_set("a", 8)], [], id="wait"),
        pytest.param(replica_set("n", 5, 2), [replica_set("a", 8)], [Scale("a", 6)], id="as-many-as-became-available"),
        pytest.param(
            replica_set("n", 3, 0),
            [replica_set("a", 5, 2), replica_set("b", 5, 5, age=10)],
            [Scale("a", 3)],
            id="unhealthy-go-first",
        ),
        pytest.param(
            replica_set("n", 3, 3),
            [replica_set("a", 5), replica_set("b", 5, age=10)],
            [Scale("b", 0)],
            id="oldest-first",
        ),
        pytest.param(replica_set("n", 10), [replica_set("a", 1)], [Scale("a", 0)], id="last"),
    ],
)
def test_roll(new: Any, old: list[Any], expected: list[Scale]) -> None:
    assert plan.roll(deployment(10), new, old) == expected


@pytest.mark.parametrize(
    ("made", "new", "old", "expected"),
    [
        pytest.param(deployment(10), replica_set("n", 5), [], [Scale("n", 10)], id="only-one"),
        pytest.param(deployment(10), replica_set("n", 10), [], [], id="as-wished"),
        pytest.param(deployment(3), None, [replica_set("a", 5)], [Scale("a", 3)], id="paused-before-the-first"),
        pytest.param(deployment(3), None, [], [], id="nothing"),
        pytest.param(
            deployment(20, 3, 2),
            replica_set("n", 5, noted=(10, 13)),
            [replica_set("a", 8, noted=(10, 13), age=9)],
            [Scale("a", 14), Scale("n", 9)],
            id="grow-in-proportion",
        ),
        pytest.param(
            deployment(5, 3, 2),
            replica_set("n", 5, noted=(10, 13)),
            [replica_set("a", 8, noted=(10, 13), age=9)],
            [Scale("a", 5), Scale("n", 3)],
            id="shrink-in-proportion",
        ),
        pytest.param(
            deployment(0, 3, 2),
            replica_set("n", 5, noted=(10, 13)),
            [replica_set("a", 8, noted=(10, 13), age=9)],
            [Scale("a", 0), Scale("n", 0)],
            id="to-zero",
        ),
        pytest.param(
            deployment(10),
            replica_set("n", 10, noted=(10, 13)),
            [replica_set("a", 2, noted=(10, 13))],
            [Scale("a", 0)],
            id="saturated",
        ),
    ],
)
def test_rescale(made: Any, new: Any, old: list[Any], expected: list[Scale]) -> None:
    assert plan.rescale(made, new, old) == expected


@pytest.mark.parametrize(
    ("noted", "size", "expected"),
    [
        pytest.param((10, 13), 5, False, id="same"),
        pytest.param((9, 12), 5, True, id="changed"),
        pytest.param((9, 12), 0, False, id="inactive"),
        pytest.param(None, 5, False, id="not-noted"),
    ],
)
def test_is_scaling(noted: Any, size: int, *, expected: bool) -> None:
    assert plan.is_scaling(deployment(10), [replica_set("a", size, noted=noted)]) is expected


@pytest.mark.parametrize(
    ("known", "revision", "expected"),
    [
        pytest.param({}, 1, {revisions.REVISION: "1", "team": "x"}, id="first"),
        pytest.param({revisions.REVISION: "3", "team": "x"}, 3, None, id="same"),
        pytest.param({revisions.REVISION: "9", "team": "x"}, 3, None, id="never-back"),
        pytest.param(
            {revisions.REVISION: "1", "team": "x"},
            3,
            {revisions.REVISION: "3", revisions.HISTORY: "1", "team": "x"},
            id="rolled-back-to",
        ),
        pytest.param(
            {revisions.REVISION: "3", revisions.HISTORY: "1", "team": "x"},
            5,
            {revisions.REVISION: "5", revisions.HISTORY: "1,3", "team": "x"},
            id="again",
        ),
        pytest.param({revisions.REVISION: "x", "team": "x"}, 5, None, id="unreadable"),
    ],
)
def test_annotate_new(known: dict[str, str], revision: int, expected: dict[str, str] | None) -> None:
    owner = {"metadata": {"annotations": {"team": "x", revisions.REVISION: "77"}}}
    found = revisions.annotate_new(owner, known, revision)
    assert found == (known if expected is None else expected)
    assert (found is known) is (expected is None)


def test_history_is_bounded() -> None:
    known = {revisions.REVISION: "1234", revisions.HISTORY: ",".join(["999"] * 499)}
    found = revisions.annotate_new({"metadata": {}}, known, 2000)
    assert len(found[revisions.HISTORY]) <= revisions.HISTORY_LIMIT
    assert found[revisions.HISTORY].endswith(",1234")


def test_same_template_ignores_the_hash_only() -> None:
    plain = {"metadata": {"labels": {"a": "b"}}, "spec": {"x": 1}}
    hashed = {
        "metadata": {"labels": {"a": "b", revisions.HASH_LABEL: "1"}, "creationTimestamp": None},
        "spec": {"x": 1},
    }
    assert revisions.same_template(plain, hashed)
    assert not revisions.same_template(plain, {**hashed, "spec": {"x": 2}})
    assert not revisions.same_template(plain, {**hashed, "metadata": {"labels": {"a": "c"}}})


def test_outdated_spares_the_busy_and_the_newest() -> None:
    def old(name: str, revision: int, size: int = 0) -> Any:
        made = replica_set(name, size)
        return {**made, "metadata": {**made["metadata"], "annotations": {revisions.REVISION: str(revision)}}}

    sets = [old("c", 3), old("a", 1), old("b", 2, 1), old("d", 4)]
    assert [each["metadata"]["name"] for each in revisions.outdated(sets, 1)] == ["a", "c"]
    assert revisions.outdated(sets, 4) == []
