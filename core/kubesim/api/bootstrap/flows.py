"""The default FlowSchemas and PriorityLevelConfigurations.

# k8s: apiserver/pkg/apis/flowcontrol/bootstrap/default.go
"""

from functools import cache
from typing import Any, NamedTuple

from kubesim.objects.wire import Tree

GROUP = "flowcontrol.apiserver.k8s.io"
_ANNOTATIONS = {"apf.kubernetes.io/autoupdate-spec": "true"}
_EVERY = ["*"]
_USE = ["get", "create", "update"]
_PATHS = {"verbs": _EVERY, "nonResourceURLs": _EVERY}
_BY_USER, _BY_NAMESPACE = "ByUser", "ByNamespace"
_NOBODY, _EVERYBODY = ("Group", "system:unauthenticated"), ("Group", "system:authenticated")
_SYSTEM = ("ServiceAccount", "*")


class Level(NamedTuple):
    """A limited level: shares, percent that can be lent, and queues, their hand size and length (None: reject)."""

    shares: int
    lendable: int
    queuing: tuple[int, int, int] | None


LEVELS: dict[str, Level | None] = {
    "exempt": None,
    "catch-all": Level(5, 0, None),
    "system": Level(30, 33, (64, 6, 50)),
    "node-high": Level(40, 25, (64, 6, 50)),
    "leader-election": Level(10, 0, (16, 4, 50)),
    "workload-high": Level(40, 50, (128, 6, 50)),
    "workload-low": Level(100, 90, (128, 6, 50)),
    "global-default": Level(20, 50, (128, 6, 50)),
}


def _resources(
    verbs: list[str], groups: list[str], resources: list[str], namespaces: list[str], *, cluster: bool = False
) -> Tree:
    rule: dict[str, Any] = {"verbs": verbs, "apiGroups": groups, "resources": resources}
    if cluster:
        rule["clusterScope"] = True
    return {**rule, "namespaces": namespaces}


_ALL = {"resourceRules": [_resources(_EVERY, _EVERY, _EVERY, _EVERY, cluster=True)], "nonResourceRules": [_PATHS]}
_ELECTION = _resources(_USE, ["coordination.k8s.io"], ["leases"], _EVERY)


class Flow(NamedTuple):
    """A FlowSchema with its one rule."""

    name: str
    level: str
    precedence: int
    method: str
    subjects: tuple[tuple[str, str], ...]
    what: Tree = _ALL


FLOWS = (
    Flow("exempt", "exempt", 1, "", (("Group", "system:masters"),)),
    Flow(
        "probes",
        "exempt",
        2,
        "",
        (_NOBODY, _EVERYBODY),
        {"nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz", "/readyz", "/livez"]}]},
    ),
    Flow(
        "system-leader-election",
        "leader-election",
        100,
        _BY_USER,
        (("User", "system:kube-controller-manager"), ("User", "system:kube-scheduler"), _SYSTEM),
        {"resourceRules": [_ELECTION]},
    ),
    Flow(
        "endpoint-controller",
        "workload-high",
        150,
        _BY_USER,
        (
            ("User", "system:kube-controller-manager"),
            ("ServiceAccount", "endpoint-controller"),
            ("ServiceAccount", "endpointslicemirroring-controller"),
        ),
        {"resourceRules": [_resources(_USE, [""], ["endpoints"], _EVERY)]},
    ),
    Flow(
        "workload-leader-election",
        "leader-election",
        200,
        _BY_USER,
        (_SYSTEM,),
        {"resourceRules": [_resources(_USE, [""], ["endpoints", "configmaps"], _EVERY), _ELECTION]},
    ),
    Flow(
        "system-node-high",
        "node-high",
        400,
        _BY_USER,
        (("Group", "system:nodes"),),
        {
            "resourceRules": [
                _resources(_EVERY, [""], ["nodes", "nodes/status"], _EVERY, cluster=True),
                _resources(_EVERY, ["coordination.k8s.io"], ["leases"], _EVERY),
            ]
        },
    ),
    Flow("system-nodes", "system", 500, _BY_USER, (("Group", "system:nodes"),)),
    Flow("kube-controller-manager", "workload-high", 800, _BY_NAMESPACE, (("User", "system:kube-controller-manager"),)),
    Flow("kube-scheduler", "workload-high", 800, _BY_NAMESPACE, (("User", "system:kube-scheduler"),)),
    Flow("kube-system-service-accounts", "workload-high", 900, _BY_NAMESPACE, (_SYSTEM,)),
    Flow("service-accounts", "workload-low", 9000, _BY_USER, (("Group", "system:serviceaccounts"),)),
    Flow("global-default", "global-default", 9900, _BY_USER, (_NOBODY, _EVERYBODY)),
    Flow("catch-all", "catch-all", 10000, _BY_USER, (_NOBODY, _EVERYBODY)),
)


@cache
def objects() -> tuple[tuple[str, Tree], ...]:
    """Each object without uid and times, with the plural of its kind."""
    found: list[tuple[str, Tree]] = []
    for name, level in LEVELS.items():
        spec = _exempt() if level is None else _limited(level)
        found.append(("prioritylevelconfigurations", _object("PriorityLevelConfiguration", name, spec, {})))
    for flow in FLOWS:
        text = f'This FlowSchema references the PriorityLevelConfiguration object named "{flow.level}" and it exists'
        dangling = {"type": "Dangling", "status": "False", "lastTransitionTime": "", "reason": "Found", "message": text}
        status = {"conditions": [dangling]}
        found.append(("flowschemas", _object("FlowSchema", flow.name, _schema(flow), status)))
    return tuple(found)


def _object(kind: str, name: str, spec: Tree, status: Tree) -> Tree:
    metadata = {"name": name, "annotations": _ANNOTATIONS}
    return {"kind": kind, "apiVersion": f"{GROUP}/v1", "metadata": metadata, "spec": spec, "status": status}


def _exempt() -> Tree:
    return {"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0}}


def _limited(level: Level) -> Tree:
    response: dict[str, Any] = {"type": "Reject"}
    if level.queuing is not None:
        queues, hand, length = level.queuing
        response = {"type": "Queue", "queuing": {"queues": queues, "handSize": hand, "queueLengthLimit": length}}
    limited = {
        "nominalConcurrencyShares": level.shares,
        "limitResponse": response,
        "lendablePercent": level.lendable,
    }
    return {"type": "Limited", "limited": limited}


def _schema(flow: Flow) -> Tree:
    spec: dict[str, Any] = {
        "priorityLevelConfiguration": {"name": flow.level},
        "matchingPrecedence": flow.precedence,
    }
    if flow.method:
        spec["distinguisherMethod"] = {"type": flow.method}
    spec["rules"] = [{"subjects": [_subject(*each) for each in flow.subjects], **flow.what}]
    return spec


def _subject(kind: str, name: str) -> Tree:
    if kind == "ServiceAccount":
        return {"kind": kind, "serviceAccount": {"namespace": "kube-system", "name": name}}
    return {"kind": kind, kind.lower(): {"name": name}}
