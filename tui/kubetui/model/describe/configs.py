"""The descriptions of ConfigMap, Secret, ServiceAccount and Namespace, with quotas and limit ranges."""

import base64
import binascii
from collections.abc import Sequence

from kubesim.objects import quantities
from kubesim.objects.wire import EMPTY, Tree
from kubetui.model.describe.events import events
from kubetui.model.describe.layout import Sheet
from kubetui.model.describe.metadata import annotations, date, field, heading, labels, listing

_SCOPES = {
    "Terminating": "Matches all pods that have an active deadline."
    " These pods have a limited lifespan on a node before being actively terminated by the system.",
    "NotTerminating": "Matches all pods that do not have an active deadline."
    " These pods usually include long running pods whose container command is not expected to terminate.",
    "BestEffort": "Matches all pods that do not have resource requirements set."
    " These pods have a best effort quality of service.",
    "NotBestEffort": "Matches all pods that have at least one resource requirement set."
    " These pods have a burstable or guaranteed quality of service.",
}


def describe_config_map(config: Tree, found: Sequence[Tree] | None, now: int) -> str:
    """Describe a ConfigMap."""
    sheet = Sheet()
    heading(sheet, config)
    sheet.write("\nData\n====\n")
    data = config.get("data") or EMPTY
    for key in sorted(data):
        sheet.write(f"{key}:\n----\n{data[key]}\n\n")
    sheet.write("\nBinaryData\n====\n")
    binary = config.get("binaryData") or EMPTY
    for key in sorted(binary):
        sheet.write(f"{key}: {_size(binary[key])} bytes\n")
    sheet.write("\n")
    events(sheet, found, now)
    return sheet.text()


def describe_secret(secret: Tree) -> str:
    """Describe a Secret; values are never shown, except a service account's token as kubectl does."""
    sheet = Sheet()
    heading(sheet, secret)
    kind = secret.get("type", "")
    sheet.write(f"\nType:\t{kind}\n\nData\n====\n")
    data = secret.get("data") or EMPTY
    for key in sorted(data):
        if key == "token" and kind == "kubernetes.io/service-account-token":
            sheet.pair(0, key, _decoded(data[key]).decode(errors="replace"))
        else:
            sheet.pair(0, key, f"{_size(data[key])} bytes")
    return sheet.text()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""


def _size(text: str) -> int:
    return len(_decoded(text))


def describe_service_account(account: Tree, found: Sequence[Tree] | None, now: int) -> str:
    """Describe a ServiceAccount."""
    sheet = Sheet()
    heading(sheet, account)
    listing(sheet, "Image pull secrets", [each.get("name", "") for each in account.get("imagePullSecrets") or ()])
    events(sheet, found, now)
    return sheet.text()


def describe_namespace(namespace: Tree, quotas: Sequence[Tree] | None, ranges: Sequence[Tree] | None) -> str:
    """Describe a Namespace with its quotas and limit ranges (None: the server does not serve them)."""
    sheet = Sheet()
    metadata = namespace["metadata"]
    sheet.pair(0, "Name", metadata["name"])
    labels(sheet, "Labels", metadata.get("labels"))
    annotations(sheet, "Annotations", metadata.get("annotations"))
    sheet.pair(0, "Status", field(namespace, "status.phase"))
    conditions = field(namespace, "status.conditions", ())
    if conditions:
        sheet.line(0, "Conditions:")
        sheet.row(1, "Type", "Status", "LastTransitionTime", "Reason", "Message")
        sheet.row(1, "----", "------", "------------------", "------", "-------")
    for each in conditions:
        when = date(each.get("lastTransitionTime"))
        sheet.row(1, each["type"], each.get("status", ""), when, each.get("reason", ""), each.get("message", ""))
    if quotas is not None:
        sheet.write("\n")
        _quotas(sheet, quotas)
    if ranges is not None:
        sheet.write("\n")
        _ranges(sheet, ranges)
    return sheet.text()


def _by_name(obj: Tree) -> str:
    return str(obj["metadata"]["name"])


def _quotas(sheet: Sheet, quotas: Sequence[Tree]) -> None:
    if not quotas:
        sheet.line(0, "No resource quota.")
        return
    sheet.line(0, "Resource Quotas")
    for quota in sorted(quotas, key=_by_name):
        sheet.pair(1, "Name", quota["metadata"]["name"])
        _scopes(sheet, quota, "  * ", 1)
        sheet.row(1, "Resource", "Used", "Hard")
        sheet.row(1, "--------", "---", "---")
        for name, used, hard in _usage(quota):
            sheet.row(1, name, used, hard)


def _scopes(sheet: Sheet, quota: Tree, bullet: str, level: int) -> None:
    scopes = sorted(field(quota, "spec.scopes", ()))
    if scopes:
        sheet.pair(level, "Scopes", ", ".join(scopes))
    for scope in scopes:
        if scope in _SCOPES:
            sheet.write(f"{bullet}{_SCOPES[scope]}\n")


def _usage(quota: Tree) -> list[tuple[str, str, str]]:
    hard, used = field(quota, "status.hard", EMPTY), field(quota, "status.used", EMPTY)
    return [
        (name, quantities.canonical(used.get(name, "0")), quantities.canonical(hard[name])) for name in sorted(hard)
    ]


def describe_quota(quota: Tree) -> str:
    """Describe a ResourceQuota."""
    sheet = Sheet()
    sheet.pair(0, "Name", quota["metadata"]["name"])
    sheet.pair(0, "Namespace", quota["metadata"].get("namespace", ""))
    _scopes(sheet, quota, " * ", 0)
    sheet.row(0, "Resource", "Used", "Hard")
    sheet.row(0, "--------", "----", "----")
    for name, used, hard in _usage(quota):
        sheet.row(0, name, used, hard)
    return sheet.text()


_LIMIT_TITLES = ("Type", "Resource", "Min", "Max", "Default Request", "Default Limit", "Max Limit/Request Ratio")
_LIMIT_KEYS = ("min", "max", "defaultRequest", "default", "maxLimitRequestRatio")


def _ranges(sheet: Sheet, ranges: Sequence[Tree]) -> None:
    if not ranges:
        sheet.line(0, "No LimitRange resource.")
        return
    sheet.line(0, "Resource Limits")
    sheet.write(" ")
    sheet.row(0, *_LIMIT_TITLES)
    sheet.write(" ")
    sheet.row(0, *("-" * _dashes(title) for title in _LIMIT_TITLES))
    for each in ranges:
        _limits(sheet, each, " ")


def _dashes(title: str) -> int:
    # k8s: the rule under the last title is as long as it was before the title grew the word Max.
    return 23 if title.startswith("Max Limit") else len(title)


def _limits(sheet: Sheet, each: Tree, indent: str) -> None:
    for item in field(each, "spec.limits", ()):
        names = {name for key in _LIMIT_KEYS for name in item.get(key) or ()}
        for name in sorted(names):
            cells = [_limit(item.get(key) or EMPTY, name) for key in _LIMIT_KEYS]
            sheet.row(0, f"{indent}{item.get('type', '')}", name, *cells)


def _limit(amounts: Tree, name: str) -> str:
    return quantities.canonical(amounts[name]) if name in amounts else "-"


def describe_limit_range(each: Tree) -> str:
    """Describe a LimitRange."""
    sheet = Sheet()
    sheet.pair(0, "Name", each["metadata"]["name"])
    sheet.pair(0, "Namespace", each["metadata"].get("namespace", ""))
    sheet.row(0, *_LIMIT_TITLES)
    sheet.row(0, *("-" * _dashes(title) for title in _LIMIT_TITLES))
    _limits(sheet, each, "")
    return sheet.text()
