"""Evaluates the metrics of an autoscaler: what each proposes, and what its status and conditions then say."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from kubesim.controllers.autoscaler import metrics, replicas
from kubesim.controllers.autoscaler.metrics import MetricsError
from kubesim.controllers.autoscaler.targets import Scale
from kubesim.objects import quantities
from kubesim.objects.wire import EMPTY, Tree

_CUSTOM = "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered"


class Found(NamedTuple):
    """The proposal of one metric, its name in messages, and its entry in ``status.currentMetrics``."""

    replicas: int
    name: str
    status: Tree


class FailedMetricError(Exception):
    """A metric that cannot be evaluated: the reason of event and condition, its cause, and how it is summed up."""

    def __init__(self, reason: str, cause: str, summary: str) -> None:
        super().__init__(f"{summary}: {cause}")
        self.reason = reason
        self.cause = cause


class Evaluator(NamedTuple):
    """Everything that the metrics of one autoscaler are evaluated with. ``now`` in ms since 1970."""

    source: metrics.Usage | None
    namespace: str
    scale: Scale
    selected: Sequence[Tree]
    tolerance: replicas.Tolerance
    now: int

    def evaluate(self, metric: Tree) -> Found:
        """What one metric asks for. Raises FailedMetricError. # k8s: computeReplicasForMetric."""
        kind = metric["type"]
        if kind == "Resource":
            source = metric["resource"]
            return self._resource("Resource", "resource", source, "", "")
        if kind == "ContainerResource":
            source = metric["containerResource"]
            return self._resource("ContainerResource", "containerResource", source, source["container"], "container ")
        raise self._not_served(kind, metric)

    def _resource(self, kind: str, field: str, source: Tree, container: str, word: str) -> Found:
        name, target = source["name"], source["target"]
        try:
            proposal, shown, text = self._propose(name, target, container, word)
        except MetricsError as error:
            reason = "FailedGetContainerResourceMetric" if container else "FailedGetResourceMetric"
            what = "container" if container else "resource"
            raise FailedMetricError(reason, str(error), f"failed to get {name} {what} metric value") from error
        status: dict[str, Any] = {"name": name, "current": shown}
        if container:
            status = {"name": name, "current": shown, "container": container}
        return Found(proposal.replicas, text, {"type": kind, field: status})

    def _propose(
        self, resource: str, target: Tree, container: str, word: str
    ) -> tuple[replicas.Proposal, dict[str, Any], str]:
        average, percent = target.get("averageValue"), target.get("averageUtilization")
        if average is None and percent is None:
            msg = (
                "invalid resource metric source: neither an average utilization target nor an average value "
                "(usage) target was set"
            )
            raise MetricsError(msg)
        what = "usage" if average is not None else "utilization"
        try:
            proposal = self._calculate(resource, average, percent, container)
        except MetricsError as error:
            msg = f"failed to get {resource} {what}: {error}"
            raise MetricsError(msg) from error
        shown: dict[str, Any] = {"averageValue": quantities.canonical(f"{proposal.average}m")}
        if average is not None:
            return proposal, shown, f"{resource} resource"
        shown["averageUtilization"] = proposal.percent
        return proposal, shown, f"{resource} {word}resource utilization (percentage of request)"

    def _calculate(self, resource: str, average: Any, percent: int | None, container: str) -> replicas.Proposal:
        try:
            usage = metrics.usage_of(self.source, self.selected, resource, container, self.namespace)
        except MetricsError as error:
            msg = f"unable to get metrics for resource {resource}: {error}"
            raise MetricsError(msg) from error
        if not self.selected:
            msg = "no pods returned by selector while calculating replica count"
            raise MetricsError(msg)
        groups = replicas.group(self.selected, usage, resource, self.now)
        if average is not None:
            measure = replicas.Measure(usage, quantities.milli(average))
            return replicas.propose(measure, groups, self.scale.wished, self.tolerance)
        requests = metrics.requests_of(self.selected, resource, container)
        measure = replicas.Measure(usage, percent or 0, requests)
        return replicas.propose(measure, groups, self.scale.wished, self.tolerance)

    def _not_served(self, kind: str, metric: Tree) -> FailedMetricError:
        # differs: only CPU and memory are measured; there are no adapters for other metrics
        if kind == "Pods":
            name = metric["pods"]["metric"]["name"]
            cause = f"unable to get metric {name}: {_CUSTOM}"
            return FailedMetricError("FailedGetPodsMetric", cause, "failed to get pods metric value")
        if kind == "Object":
            source = metric["object"]
            about, name = source["describedObject"], source["metric"]["name"]
            # k8s: the arguments of this message are given in an order that does not fit it
            cause = f"unable to get metric {name}: {about['kind']} on {self.namespace} {about['name']}/{_CUSTOM}"
            return FailedMetricError("FailedGetObjectMetric", cause, "failed to get object metric value")
        name = metric["external"]["metric"]["name"]
        missing = metrics.NOT_SERVED.format(resource=f"{name}.external")
        selector = _shown(metric["external"]["metric"].get("selector"))
        cause = (
            f"unable to get external metric {self.namespace}/{name}/{selector}: "
            f"unable to fetch metrics from external metrics API: {missing}"
        )
        return FailedMetricError("FailedGetExternalMetric", cause, f"failed to get {name} external metric value")


def _shown(selector: Tree | None) -> str:
    if selector is None:
        return "nil"
    labels = "".join(f"{key}: {value}," for key, value in sorted((selector.get("matchLabels") or EMPTY).items()))
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{}},}}"
    )


def tolerance_of(behavior: Tree | None) -> replicas.Tolerance:
    """The tolerances of ``spec.behavior``, 10 % where it does not say."""
    found = replicas.Tolerance()
    for side, field in (("scaleDown", "down"), ("scaleUp", "up")):
        given = ((behavior or EMPTY).get(side) or EMPTY).get("tolerance")
        if given is not None:
            found = found._replace(**{field: quantities.milli(given) / 1000})
    return found
