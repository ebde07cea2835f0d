"""sig-node, Pod InPlace Resize Container: containers get other resources, and their control groups follow."""

import pytest

from conformance.conftest import Speak
from conformance.manifests import is_ready
from conformance.podwork import BUSYBOX, inside, restricted, secure
from conformance.ways import Api, Tree

COMMAND = "grep Cpus_allowed_list /proc/self/status | cut -f2 && sleep 1d"


def amounts(cpu: str = "", limit: str = "", memory: str = "", most: str = "") -> Tree:
    """Requests and limits of processors, then of memory."""
    requests = {name: value for name, value in (("cpu", cpu), ("memory", memory)) if value}
    limits = {name: value for name, value in (("cpu", limit), ("memory", most)) if value}
    return {**({"limits": limits} if limits else {}), **({"requests": requests} if requests else {})}


def same(cpu: int, memory: int) -> Tree:
    return amounts(f"{cpu}m", f"{cpu}m", f"{memory}Mi", f"{memory}Mi")


GUARANTEED = [same(20, 35), same(22, 37), same(24, 39)]
RESIZES: dict[str, tuple[list[Tree], list[Tree], bool]] = {
    "net increase": (GUARANTEED, [same(25, 40), same(27, 42), same(19, 34)], True),
    "net decrease": (GUARANTEED, [same(25, 40), same(17, 32), same(19, 34)], True),
    "mixed": (GUARANTEED, [same(25, 35), same(17, 42), same(29, 44)], True),
    "operations": (
        [amounts("20m"), amounts(memory="35Mi"), amounts("20m", memory="35Mi"), amounts("20m"), amounts(memory="35Mi")],
        [
            amounts("25m", "35m"), amounts(memory="30Mi", most="50Mi"), amounts("20m", memory="30Mi"),
            amounts("15m", memory="35Mi"), amounts("20m", memory="40Mi"),
        ],
        False,
    ),
    "equivalents": ([amounts("2m", "10m")], [amounts("1m", "5m")], True),
}  # fmt: skip


def resizable(resources: list[Tree]) -> Tree:
    containers = [
        {"name": f"c{number}", "image": BUSYBOX, "command": ["/bin/sh"], "args": ["-c", COMMAND], "resources": each}
        for number, each in enumerate(resources, 1)
    ]
    spec = {"os": {"name": "linux"}, "restartPolicy": "OnFailure", "terminationGracePeriodSeconds": 0}
    made = {
        "metadata": {"generateName": "resize-test-", "labels": {"time": "1"}},
        "spec": {**spec, "containers": containers},
    }
    return restricted(made)


def cgroup(api: Api, namespace: str, pod: str, container: str, file: str) -> str:
    line = f"head -n 1 /sys/fs/cgroup/{file}"
    return inside(api, namespace, pod, "/bin/sh", "-c", line, container=container).strip("\n")


def check_groups(api: Api, namespace: str, pod: str, resources: list[Tree]) -> list[int]:
    """The control groups are as wanted; the weights."""
    weights = []
    for number, each in enumerate(resources, 1):
        limits, name = each.get("limits", {}), f"c{number}"
        memory = int(limits["memory"][:-2]) * 1024 * 1024 if "memory" in limits else "max"
        assert cgroup(api, namespace, pod, name, "memory.max") == str(memory)
        milli = int(limits["cpu"][:-1]) if "cpu" in limits else 0
        wanted = [f"{max(1000, milli * 100)} 100000" if milli else "max 100000"]
        if milli % 10:
            wanted.append(f"{(milli // 10 + 1) * 1000} 100000")
        assert cgroup(api, namespace, pod, name, "cpu.max") in wanted
        weights.append(int(cgroup(api, namespace, pod, name, "cpu.weight")))
    return weights


def given(tree: Tree) -> list[Tree]:
    return [each["resources"] for each in tree["spec"]["containers"]]


def actuated(tree: Tree, resources: list[Tree]) -> bool:
    shown = [each.get("resources") for each in tree["status"]["containerStatuses"]]
    under_way = any(item["type"].startswith("PodResize") for item in tree["status"]["conditions"])
    return shown == resources and not under_way and is_ready(tree)


def difference(before: list[Tree], after: list[Tree]) -> Tree:
    """A two-way strategic patch between both, in the form of client-go."""
    changes = []
    for number, (old, new) in enumerate(zip(before, after, strict=True), 1):
        if old == new:
            continue
        parts: Tree = {}
        for word in ("limits", "requests"):
            was, will = old.get(word), new.get(word)
            if will is None and was is not None:
                parts[word] = None
            elif will is not None and will != was:
                gone = dict.fromkeys(name for name in was or {} if name not in will)
                parts[word] = gone | {name: value for name, value in will.items() if (was or {}).get(name) != value}
        changes.append({"name": f"c{number}", "resources": parts})
    order = [{"name": f"c{number}"} for number in range(1, len(after) + 1)]
    return {"spec": {"$setElementOrder/containers": order, "containers": changes}}


@pytest.mark.parametrize("case", list(RESIZES))
def test_resizes(api: Api, of: Speak, namespace: str, case: str):
    secure(of, namespace, "restricted")
    before, after, back = RESIZES[case]
    pods = of("v1/pods")
    name = pods.create(resizable(before))["metadata"]["name"]
    found = pods.until(name, is_ready)
    assert (given(found), actuated(found, before)) == (before, True)
    weights = check_groups(api, namespace, name, before)
    assert inside(api, namespace, name, "/bin/sh", "-c", "mount -t cgroup2", container="c1")
    for old, new in [(before, after), (after, before)][: 2 if back else 1]:
        patched = pods.patch(name, difference(old, new), "strategic", part="resize")
        assert given(patched) == new
        done = pods.until(name, lambda tree, new=new: actuated(tree, new), seconds=300)
        assert [each["restartCount"] for each in done["status"]["containerStatuses"]] == [0] * len(new)
        fresh = check_groups(api, namespace, name, new)
        for was, now, one, other in zip(weights, fresh, old, new, strict=True):
            rises = milli_of(other) - milli_of(one)
            assert now >= was if rises > 0 else now <= was
        weights = fresh
    pods.delete(name)
    pods.until_gone(name)


def milli_of(resources: Tree) -> int:
    text = resources.get("requests", {}).get("cpu") or resources.get("limits", {}).get("cpu") or "0m"
    return int(text[:-1])


def test_a_resize_by_replacement(of: Speak, namespace: str):
    secure(of, namespace, "restricted")
    pods, wanted = of("v1/pods"), [amounts("25m", memory="40Mi")]
    name = pods.create(resizable([amounts("20m", memory="35Mi")]))["metadata"]["name"]
    fresh = pods.until(name, is_ready)
    assert fresh["metadata"]["generation"] == 1
    fresh["spec"]["containers"][0]["resources"] = wanted[0]
    pods.update(fresh, part="resize")
    found = pods.get(name)
    assert (given(found), found["metadata"]["generation"]) == (wanted, 2)
    pods.until(name, lambda tree: actuated(tree, wanted))
    pods.until(name, lambda tree: tree == pods.get(name, part="resize"), seconds=30)
