"""The horizontal pod autoscaler: every 15 seconds sets the size of its target by what the pods use.

``metrics`` measures, ``replicas`` calculates, ``evaluation`` puts both together for one metric, ``limits`` bounds the
outcome; this module reads the target, scales it and reports. # k8s: pkg/controller/podautoscaler
"""

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple, cast

from kubesim.controllers.autoscaler import limits, targets
from kubesim.controllers.autoscaler.evaluation import Evaluator, FailedMetricError, tolerance_of
from kubesim.controllers.autoscaler.metrics import Usage
from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import refs
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import AUTOSCALERS, EMPTY, PODS, Tree

PERIOD_MS = 15_000
"""# k8s: --horizontal-pod-autoscaler-sync-period"""
INVALID: Tree = {"type": ""}
"""What the status shows of a metric that could not be evaluated."""


class Draft:
    """The status of an autoscaler in work."""

    def __init__(self, known: Tree, stamp: str) -> None:
        self.known = known
        self.stamp = stamp
        self.conditions: list[Any] = list(known.get("conditions") or ())
        self.current: int = known.get("currentReplicas", 0)
        self.desired: int = known.get("desiredReplicas", 0)
        self.metrics: list[Tree] | None = known.get("currentMetrics")
        self.scaled_at: str | None = known.get("lastScaleTime")

    def set(self, type_: str, reason: limits.Reason, *, holds: bool = True) -> None:
        """Set a condition."""
        status = "True" if holds else "False"
        new = {"type": type_, "status": status, "lastTransitionTime": self.stamp, "reason": reason[0]}
        self.conditions = refs.set_condition(self.conditions, {**new, "message": reason[1]})

    def tree(self) -> dict[str, Any]:
        """The status, as Kubernetes writes it."""
        found: dict[str, Any] = {"lastScaleTime": self.scaled_at} if self.scaled_at else {}
        if self.current:
            found["currentReplicas"] = self.current
        return {**found, "desiredReplicas": self.desired, "currentMetrics": self.metrics, "conditions": self.conditions}


class Outcome(NamedTuple):
    """What the metrics ask for: replicas (None when that cannot be said), by which metric, and what went wrong."""

    replicas: int | None
    metric: str = ""
    error: str = ""


class AutoscalerController:
    """Runs HorizontalPodAutoscalers. ``controller`` is its driver; keys are (namespace, name).

    Without a ``usage`` the metrics API is taken to be missing.
    """

    def __init__(self, loop: Loop, hub: Hub, client: Client, usage: Usage | None) -> None:
        self.controller = Controller("horizontalpodautoscaler", loop, client, self)
        self._client = client
        self._usage = usage
        self._memories: dict[tuple[str, str], limits.Memory] = {}
        hub.on(AUTOSCALERS, self._autoscaler_changed)
        for each in client.list(AUTOSCALERS):
            self._autoscaler_changed(None, each, 0)

    def _autoscaler_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del revision
        if new is not None:
            # k8s: every sync waits for the period, the first one too
            self.controller.add_after(refs.place(new), PERIOD_MS)
        elif old is not None:
            self._memories.pop(refs.place(old), None)

    # ------------------------------------------------------------------ one sync
    def reconcile(self, key: Hashable) -> int | None:
        """Scale the target of one autoscaler; returns the period. # k8s: reconcileAutoscaler."""
        place = cast("tuple[str, str]", key)
        autoscaler = self._client.get(AUTOSCALERS, *place)
        if autoscaler is None:
            return None
        draft = Draft(autoscaler.get("status") or EMPTY, self._client.stamp())
        try:
            scale = targets.find(self._client, autoscaler)
        except (targets.NoKindError, ApiError) as error:
            self._client.event(autoscaler, "Warning", "FailedGetScale", str(error))
            text = f"the HPA controller was unable to get the target's current scale: {error}"
            draft.set("AbleToScale", ("FailedGetScale", text), holds=False)
        else:
            text = "the HPA controller was able to get the target's current scale"
            draft.set("AbleToScale", ("SucceededGetScale", text))
            self._scale(autoscaler, scale, draft)
        self._write(autoscaler, draft)
        return PERIOD_MS

    def _scale(self, autoscaler: Tree, scale: targets.Scale, draft: Draft) -> None:
        spec = autoscaler["spec"]
        low = spec.get("minReplicas")
        bounds = limits.Bounds(scale.wished, 1 if low is None else low, spec["maxReplicas"])
        memory = self._memories.setdefault(refs.place(autoscaler), limits.Memory())
        if not memory.recommendations:
            memory.recommendations.append((self._client.now(), scale.wished))
        draft.current, draft.metrics = scale.wished, None
        wished, reason = scale.wished, ""
        if scale.wished == 0 and bounds.least != 0:
            text = "scaling is disabled since the replica count of the target is zero"
            draft.set("ScalingActive", ("ScalingDisabled", text), holds=False)
        elif scale.wished > bounds.most:
            wished, reason = bounds.most, "Current number of replicas above Spec.MaxReplicas"
        elif scale.wished < bounds.least:
            wished, reason = bounds.least, "Current number of replicas below Spec.MinReplicas"
        else:
            outcome = self._measure(autoscaler, scale, draft)
            if outcome.replicas is None:
                # The status that tells of the failure is written before the event, which is the last thing to be done.
                self._client.event(autoscaler, "Warning", "FailedComputeMetricsReplicas", outcome.error)
                return
            if outcome.replicas > scale.wished:
                reason = f"{outcome.metric} above target"
            elif outcome.replicas < scale.wished:
                reason = "All metrics below target"
            wished = self._normalize(autoscaler, memory, bounds, outcome.replicas, draft)
        if wished != scale.wished:
            self._resize(autoscaler, scale, wished, reason, draft)
        else:
            draft.desired = scale.wished

    def _normalize(
        self, autoscaler: Tree, memory: limits.Memory, bounds: limits.Bounds, wished: int, draft: Draft
    ) -> int:
        behavior, now = autoscaler["spec"].get("behavior"), self._client.now()
        if behavior is None:
            decision = limits.normalize(memory, bounds, wished, now)
        else:
            decision = limits.normalize_with(memory, behavior, bounds, wished, now)
        draft.set("AbleToScale", decision.able)
        draft.set("ScalingLimited", decision.limit, holds=decision.is_limited)
        return decision.replicas

    def _resize(self, autoscaler: Tree, scale: targets.Scale, wished: int, reason: str, draft: Draft) -> None:
        try:
            targets.resize(self._client, scale, wished)
        except ApiError as error:
            text = f"New size: {wished}; reason: {reason}; error: {error}"
            self._client.event(autoscaler, "Warning", "FailedRescale", text)
            text = f"the HPA controller was unable to update the target scale: {error}"
            draft.set("AbleToScale", ("FailedUpdateScale", text), holds=False)
            return
        text = f"the HPA controller was able to update the target scale to {wished}"
        draft.set("AbleToScale", ("SucceededRescale", text))
        self._client.event(autoscaler, "Normal", "SuccessfulRescale", f"New size: {wished}; reason: {reason}")
        draft.desired, draft.scaled_at = wished, self._client.stamp()
        behavior = autoscaler["spec"].get("behavior")
        if behavior is not None:
            memory = self._memories[refs.place(autoscaler)]
            memory.changed(scale.wished, wished, self._client.now(), limits.longest_period(behavior))

    def _write(self, autoscaler: Tree, draft: Draft) -> None:
        status = draft.tree()
        if status != draft.known:
            self._client.update_status(AUTOSCALERS, {**autoscaler, "status": status})

    # ------------------------------------------------------------------ metrics
    def _measure(self, autoscaler: Tree, scale: targets.Scale, draft: Draft) -> Outcome:
        """Evaluate all metrics; the highest proposal counts. # k8s: computeReplicasForMetrics."""
        namespace, text = autoscaler["metadata"]["namespace"], str(scale.selector)
        if not text:
            self._client.event(autoscaler, "Warning", "SelectorRequired", "selector is required")
            reason = ("InvalidSelector", "the HPA target's scale is missing a selector")
            draft.set("ScalingActive", reason, holds=False)
            return Outcome(None, error="selector is required")
        every = self._client.list(PODS, namespace)
        selected = [pod for pod in every if scale.selector.matches(refs.labels(pod))]
        shared = self._sharing(autoscaler, selected)
        if shared:
            error = f"pods by selector {text} are controlled by multiple HPAs: [{shared}]"
            self._client.event(autoscaler, "Warning", "AmbiguousSelector", error)
            draft.set("ScalingActive", ("AmbiguousSelector", error), holds=False)
            return Outcome(None, error=error)
        tolerance = tolerance_of(autoscaler["spec"].get("behavior"))
        now = self._client.now()
        evaluator = Evaluator(self._usage, namespace, scale, selected, tolerance, now)
        return self._evaluate(autoscaler, evaluator, draft)

    def _evaluate(self, autoscaler: Tree, evaluator: Evaluator, draft: Draft) -> Outcome:
        listed: Sequence[Tree] = autoscaler["spec"].get("metrics") or ()
        failures: list[FailedMetricError] = []
        shown: list[Tree] = []
        best, name = 0, ""
        for metric in listed:
            try:
                found = evaluator.evaluate(metric)
            except FailedMetricError as failure:
                self._client.event(autoscaler, "Warning", failure.reason, failure.cause)
                failures.append(failure)
                shown.append(INVALID)
                continue
            shown.append(found.status)
            if best == 0 or found.replicas > best:
                best, name = found.replicas, found.name
        draft.metrics = shown
        if failures and (len(failures) == len(listed) or best < evaluator.scale.wished):
            text = f"the HPA was unable to compute the replica count: {failures[0].cause}"
            draft.set("ScalingActive", (failures[0].reason, text), holds=False)
            error = f"invalid metrics ({len(failures)} invalid out of {len(listed)}), first error is: {failures[0]}"
            return Outcome(None, error=error)
        text = f"the HPA was able to successfully calculate a replica count from {name}"
        draft.set("ScalingActive", ("ValidMetricFound", text))
        return Outcome(best, name)

    def _sharing(self, autoscaler: Tree, selected: Sequence[Tree]) -> str:
        """The autoscalers that control some of these pods, when there are others."""
        others = []
        for each in self._client.list(AUTOSCALERS, autoscaler["metadata"]["namespace"]):
            if refs.uid(each) != refs.uid(autoscaler):
                try:
                    selector = targets.find(self._client, each).selector
                except (targets.NoKindError, ApiError):
                    continue
                if any(selector.matches(refs.labels(pod)) for pod in selected):
                    others.append(each)
        if not others:
            return ""
        places = sorted(map(refs.place, [autoscaler, *others]))
        return " ".join(f"{{{name} {namespace}}}" for namespace, name in places)
