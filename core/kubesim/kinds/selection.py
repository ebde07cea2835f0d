"""Selectors of workloads and the templates they must match."""

from typing import Any

from kubesim.kinds.fielderrors import forbidden, invalid, not_supported, required
from kubesim.kinds.formats import label_selector
from kubesim.kinds.pod.spec import validate_template
from kubesim.objects.errors import Cause
from kubesim.objects.selectors import from_label_selector
from kubesim.objects.wire import EMPTY, Tree

MISMATCH = "`selector` does not match template `labels`"


def template_labels(template: Tree | None) -> Any:
    """The labels of a template, None when it has none."""
    return ((template or EMPTY).get("metadata") or EMPTY).get("labels")


def selector_rules(field: str, selector: Tree | None, why_not_empty: str) -> list[Cause]:
    """A selector that must be there and select something."""
    if selector is None:
        return [required(field)]
    found = label_selector(field, selector)
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        found.append(invalid(field, selector, why_not_empty))
    return found


def matches(selector: Tree | None, template: Tree | None) -> bool | None:
    """Whether the selector matches the template's labels; None when it cannot be read."""
    if label_selector("", selector):
        return None
    chosen = from_label_selector(selector)
    return chosen.matches_everything or chosen.matches(template_labels(template) or EMPTY)


def matching_template(field: str, template: Tree | None, selector: Tree | None) -> list[Cause]:
    """The template of a Deployment or ReplicaSet: selected, restarted always, without a deadline."""
    found: list[Cause] = []
    match = matches(selector, template)
    if match is None:
        return [invalid("spec.selector", selector, "invalid label selector")]
    if not match:
        found.append(invalid(f"{field}.metadata.labels", template_labels(template), MISMATCH))
    found += validate_template(field, template)
    return found + restarts_always(field, template)


def restarts_always(field: str, template: Tree | None, deadline: str = "") -> list[Cause]:
    """Rules for pods that are to run for ever; ``deadline`` is the text about activeDeadlineSeconds."""
    spec = (template or EMPTY).get("spec") or EMPTY
    found: list[Cause] = []
    policy = spec.get("restartPolicy")
    if policy != "Always":
        found.append(not_supported(f"{field}.spec.restartPolicy", policy, ("Always",)))
    if spec.get("activeDeadlineSeconds") is not None:
        why = deadline or "activeDeadlineSeconds in ReplicaSet is not Supported"
        found.append(forbidden(f"{field}.spec.activeDeadlineSeconds", why))
    return found
