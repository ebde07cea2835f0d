"""Network policies, disruption budgets and autoscalers, as kubectl describes them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from kubesim.objects import quantities, times
from kubesim.objects.wire import Tree
from kubetui.model.describe.events import events
from kubetui.model.describe.layout import NONE, UNSET, Sheet
from kubetui.model.describe.metadata import annotations, date, field, format_selector, heading, labels

Related = Sequence[Tree] | None
_UNKNOWN = "<unknown>"


# ---------------------------------------------------------------------- network policies
def describe_network_policy(obj: Tree) -> str:
    """A NetworkPolicy."""
    sheet, metadata, spec = Sheet(), obj["metadata"], obj.get("spec") or {}
    sheet.pair(0, "Name", metadata["name"])
    sheet.pair(0, "Namespace", metadata.get("namespace", ""))
    created = datetime.fromtimestamp(times.parse_time(metadata["creationTimestamp"]) // 1000, UTC)
    sheet.pair(0, "Created on", f"{created:%Y-%m-%d %H:%M:%S} +0000 UTC")
    labels(sheet, "Labels", metadata.get("labels"))
    annotations(sheet, "Annotations", metadata.get("annotations"))
    sheet.line(0, "Spec:")
    chosen = spec.get("podSelector") or {}
    everything = "<none> (Allowing the specific traffic to all pods in this namespace)"
    text = format_selector(chosen)
    sheet.line(1, f"PodSelector:     {everything if text == NONE else text}")
    types = spec.get("policyTypes") or ()
    for kind, title, word, other in (
        ("Ingress", "Allowing ingress traffic:", "From", "source"),
        ("Egress", "Allowing egress traffic:", "To", "destination"),
    ):
        if kind not in types:
            sheet.line(1, f"Not affecting {kind.lower()} traffic")
            continue
        sheet.line(1, title)
        rules = spec.get(kind.lower()) or ()
        if not rules:
            whom = "Selected pods are isolated for"
            sheet.line(2, f"{NONE} ({whom} {kind.lower()} connectivity)")
        for position, rule in enumerate(rules):
            _rule(sheet, rule, word, other)
            if position < len(rules) - 1:
                sheet.line(2, "----------")
    sheet.line(1, f"Policy Types: {', '.join(types)}")
    return sheet.text()


def _rule(sheet: Sheet, rule: Tree, word: str, other: str) -> None:
    found = rule.get("ports") or ()
    if not found:
        sheet.line(2, "To Port: <any> (traffic allowed to all ports)")
    for port in found:
        protocol = port.get("protocol", "TCP")
        if port.get("endPort") is not None:
            sheet.line(2, f"To Port Range: {port.get('port')}-{port['endPort']}/{protocol}")
        else:
            sheet.line(2, f"To Port: {port.get('port', '<any>')}/{protocol}")
    peers = rule.get(word.lower()) or ()
    if not peers:
        sheet.line(2, f"{word}: <any> (traffic not restricted by {other})")
    for peer in peers:
        sheet.line(2, f"{word}:")
        if peer.get("namespaceSelector") is not None and peer.get("podSelector") is not None:
            sheet.line(3, f"NamespaceSelector: {format_selector(peer['namespaceSelector'])}")
            sheet.line(3, f"PodSelector: {format_selector(peer['podSelector'])}")
        elif peer.get("podSelector") is not None:
            sheet.line(3, f"PodSelector: {format_selector(peer['podSelector'])}")
        elif peer.get("namespaceSelector") is not None:
            sheet.line(3, f"NamespaceSelector: {format_selector(peer['namespaceSelector'])}")
        elif peer.get("ipBlock"):
            sheet.line(3, "IPBlock:")
            sheet.line(4, f"CIDR: {peer['ipBlock'].get('cidr', '')}")
            sheet.line(4, f"Except: {', '.join(peer['ipBlock'].get('except') or ())}")


# ---------------------------------------------------------------------- disruption budgets
def describe_budget(obj: Tree, found: Related, now: int) -> str:
    """A PodDisruptionBudget."""
    sheet, metadata, spec = Sheet(), obj["metadata"], obj.get("spec") or {}
    status = obj.get("status") or {}
    sheet.pair(0, "Name", metadata["name"])
    sheet.pair(0, "Namespace", metadata.get("namespace", ""))
    if spec.get("minAvailable") is not None:
        sheet.pair(0, "Min available", spec["minAvailable"])
    elif spec.get("maxUnavailable") is not None:
        sheet.pair(0, "Max unavailable", spec["maxUnavailable"])
    chosen = spec.get("selector")
    sheet.pair(0, "Selector", UNSET if chosen is None else format_selector(chosen))
    sheet.line(0, "Status:")
    for title, name in (
        ("Allowed disruptions", "disruptionsAllowed"),
        ("Current", "currentHealthy"),
        ("Desired", "desiredHealthy"),
        ("Total", "expectedPods"),
    ):
        sheet.pair(2, title, status.get(name, 0))
    events(sheet, found, now)
    return sheet.text()


# ---------------------------------------------------------------------- autoscalers
def describe_autoscaler(obj: Tree, found: Related, now: int) -> str:
    """A HorizontalPodAutoscaler."""
    sheet, spec, status = Sheet(), obj.get("spec") or {}, obj.get("status") or {}
    heading(sheet, obj)
    sheet.pair(0, "CreationTimestamp", date(obj["metadata"].get("creationTimestamp")))
    target = spec.get("scaleTargetRef") or {}
    sheet.pair(0, "Reference", f"{target.get('kind', '')}/{target.get('name', '')}")
    sheet.pair(0, "Metrics", "( current / target )")
    current = status.get("currentMetrics") or ()
    for number, metric in enumerate(spec.get("metrics") or ()):
        now_is = current[number] if number < len(current) else {}
        title, value = _metric(metric, now_is)
        sheet.line(1, f"{title}:\t{value}")
    least = spec.get("minReplicas")
    sheet.pair(0, "Min replicas", UNSET if least is None else least)
    sheet.pair(0, "Max replicas", spec.get("maxReplicas", 0))
    if spec.get("behavior"):
        sheet.line(0, "Behavior:")
        _direction(sheet, "Scale Up", spec["behavior"].get("scaleUp"))
        _direction(sheet, "Scale Down", spec["behavior"].get("scaleDown"))
    wanted = f"{status.get('currentReplicas', 0)} current / {status.get('desiredReplicas', 0)} desired"
    sheet.pair(0, f"{target.get('kind', '')} pods", wanted)
    conditions = status.get("conditions") or ()
    if conditions:
        sheet.line(0, "Conditions:")
        sheet.row(1, "Type", "Status", "Reason", "Message")
        sheet.row(1, "----", "------", "------", "-------")
        for each in conditions:
            sheet.row(1, *(each.get(name, "") for name in ("type", "status", "reason", "message")))
    events(sheet, found, now)
    return sheet.text()


def _metric(metric: Tree, now_is: Tree) -> tuple[str, str]:
    kind = metric.get("type", "")
    field_of = kind[:1].lower() + kind[1:]
    wanted, have = metric.get(field_of) or {}, now_is.get(field_of) or {}
    target, measured = wanted.get("target") or {}, have.get("current") or {}
    name = wanted.get("name") or field(wanted, "metric.name")
    if kind in {"Resource", "ContainerResource"}:
        where = f' of container "{wanted.get("container", "")}"' if kind == "ContainerResource" else ""
        if target.get("averageValue") is not None:
            return f"resource {name}{where} on pods", _averages(measured, target)
        known = measured.get("averageUtilization")
        text = _UNKNOWN if known is None else f"{known}% ({_quantity(measured.get('averageValue', 0))})"
        goal = target.get("averageUtilization")
        title = f"resource {name}{where} on pods  (as a percentage of request)"
        return title, f"{text} / {'<auto>' if goal is None else f'{goal}%'}"
    if kind == "Pods":
        return f'"{name}" on pods', _averages(measured, target)
    if kind == "Object":
        about = wanted.get("describedObject") or {}
        title = f'"{name}" on {about.get("kind", "")}/{about.get("name", "")}'
    else:
        title = f'"{name}"'
    if target.get("type") == "AverageValue":
        suffix = " (target average value)"
        return f"{title}{suffix}", _averages(measured, target)
    value = measured.get("value")
    return (
        f"{title} (target value)",
        f"{_UNKNOWN if value is None else _quantity(value)} / {_quantity(target.get('value'))}",
    )


def _averages(measured: Tree, target: Tree) -> str:
    value = measured.get("averageValue")
    return f"{_UNKNOWN if value is None else _quantity(value)} / {_quantity(target.get('averageValue'))}"


def _quantity(value: object) -> str:
    return quantities.canonical(str(value)) if value is not None else _UNKNOWN


def _direction(sheet: Sheet, title: str, rules: Tree | None) -> None:
    if rules is None:
        return
    sheet.line(1, f"{title}:")
    window = rules.get("stabilizationWindowSeconds")
    if window is not None:
        sheet.line(2, f"Stabilization Window: {window} seconds")
    policies = rules.get("policies") or ()
    if policies:
        sheet.line(2, f"Select Policy: {rules.get('selectPolicy', 'Max')}")
        sheet.line(2, "Policies:")
        for each in policies:
            sheet.line(
                3,
                f"- Type: {each.get('type')}\tValue: {each.get('value')}\tPeriod: {each.get('periodSeconds')} seconds",
            )
