"""The flags of the commands that change releases, and what their values mean."""

import os
from collections.abc import Mapping
from typing import Final

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.release.flows.lifecycle.options import Options
from kubesim.helm.template.quoting import quote
from kubetui.cli.helm.flags import LIST, SWITCH, TEXT, Flag, Parsed
from kubetui.cli.helm.inputs import VALUE_FLAGS
from kubetui.cli.helm.output import duration_of
from kubetui.cli.helm.references import CHART_FLAGS
from kubetui.cli.helm.releases.arguments import CLUSTER_FLAGS, integer
from kubetui.cli.helm.releases.logging import warn

WAIT_FLAGS: Final = {"timeout": Flag(TEXT), "wait": Flag(TEXT, optional="watcher")}
DRY_RUN: Final = Flag(TEXT, optional="unset")
_CHANGE: Final = {
    **CLUSTER_FLAGS,
    **WAIT_FLAGS,
    "description": Flag(TEXT),
    "dry-run": DRY_RUN,
    "force": Flag(SWITCH),
    "force-conflicts": Flag(SWITCH),
    "force-replace": Flag(SWITCH),
    "no-hooks": Flag(SWITCH),
    "wait-for-jobs": Flag(SWITCH),
}
_RENDER: Final = {
    **_CHANGE,
    **CHART_FLAGS,
    **VALUE_FLAGS,
    "atomic": Flag(SWITCH),
    "create-namespace": Flag(SWITCH),
    "dependency-update": Flag(SWITCH),
    "disable-openapi-validation": Flag(SWITCH),
    "enable-dns": Flag(SWITCH),
    "hide-notes": Flag(SWITCH),
    "hide-secret": Flag(SWITCH),
    "labels": Flag(LIST, "l"),
    "output": Flag(TEXT, "o"),
    "post-renderer": Flag(TEXT),
    "post-renderer-args": Flag(LIST),
    "render-subchart-notes": Flag(SWITCH),
    "rollback-on-failure": Flag(SWITCH),
    "skip-crds": Flag(SWITCH),
    "skip-schema-validation": Flag(SWITCH),
    "take-ownership": Flag(SWITCH),
}
INSTALL_FLAGS: Final = {
    **_RENDER,
    "generate-name": Flag(SWITCH, "g"),
    "name-template": Flag(TEXT),
    "replace": Flag(SWITCH),
    "server-side": Flag(SWITCH),
}
UPGRADE_FLAGS: Final = {
    **_RENDER,
    "cleanup-on-fail": Flag(SWITCH),
    "history-max": Flag(TEXT),
    "install": Flag(SWITCH, "i"),
    "reset-then-reuse-values": Flag(SWITCH),
    "reset-values": Flag(SWITCH),
    "reuse-values": Flag(SWITCH),
    "server-side": Flag(TEXT),
}
ROLLBACK_FLAGS: Final = {
    **_CHANGE,
    "cleanup-on-fail": Flag(SWITCH),
    "history-max": Flag(TEXT),
    "server-side": Flag(TEXT),
}
_WAYS: Final = ("watcher", "hookOnly", "legacy")
_DEPRECATED: Final = {"atomic": "rollback-on-failure", "force": "force-replace"}


def options_of(parsed: Parsed) -> Options:
    """What the flags of install, upgrade and rollback mean. Raises ChartError."""
    for flag, instead in _DEPRECATED.items():
        if flag in parsed.flags:
            warn(f"Flag --{flag} has been deprecated, use --{instead} instead")
    _check_exclusive(parsed)
    wait, strategy = wait_of(parsed)
    replaces = parsed.on("force-replace") or parsed.on("force")
    return Options(
        wait=wait,
        strategy=strategy,
        wait_for_jobs=parsed.on("wait-for-jobs"),
        timeout=timeout_of(parsed),
        no_hooks=parsed.on("no-hooks"),
        skip_crds=parsed.on("skip-crds"),
        create_namespace=parsed.on("create-namespace"),
        replace=parsed.on("replace"),
        take_ownership=parsed.on("take-ownership"),
        force_conflicts=parsed.on("force-conflicts"),
        values_from=_values_from(parsed),
        history_max=integer(parsed, "history-max", max_history()),
        description=parsed.text("description"),
        labels=tuple(_pairs(parsed).items()),
        dry_run=dry_run_of(parsed),
        hide_secret=parsed.on("hide-secret"),
        server_side=_server_side(parsed),
        force_replace=replaces,
        rollback_on_failure=parsed.on("rollback-on-failure") or parsed.on("atomic"),
        cleanup_on_fail=parsed.on("cleanup-on-fail"),
        subchart_notes=parsed.on("render-subchart-notes"),
        skip_schema_validation=parsed.on("skip-schema-validation"),
    )


def _check_exclusive(parsed: Parsed) -> None:
    for other in ("force", "force-replace"):
        if other in parsed.flags and "force-conflicts" in parsed.flags:
            group = "force-replace force-conflicts" if other == "force-replace" else "force force-conflicts"
            both = " ".join(sorted((other, "force-conflicts")))
            raise ChartError(
                f"if any flags in the group [{group}] are set none of the others can be; [{both}] were all set"
            )


def _values_from(parsed: Parsed) -> str:
    for flag, meaning in (
        ("reset-values", "reset"),
        ("reuse-values", "reuse"),
        ("reset-then-reuse-values", "reset-then-reuse"),
    ):
        if parsed.on(flag):
            return meaning
    return ""


def _server_side(parsed: Parsed) -> str:
    given = parsed.flags.get("server-side")
    if isinstance(given, bool):
        return "true" if given else "false"
    return str(given or "auto")


def timeout_of(parsed: Parsed) -> int:
    """--timeout in milliseconds."""
    return round(duration_of(parsed, "timeout", 300.0) * 1000)


def wait_of(parsed: Parsed) -> tuple[bool, str]:
    """Whether objects are waited for, and in which way."""
    text = parsed.text("wait", "hookOnly")
    if text in {"true", "false"}:
        instead = "watcher" if text == "true" else "hookOnly"
        warn(f"--wait={text} is deprecated (boolean value) and can be replaced with --wait={instead}", log=True)
        text = instead
    if text not in _WAYS:
        reason = f"invalid wait input {quote(text)}. Valid inputs are watcher, hookOnly, and legacy"
        raise ChartError(f'invalid argument "{text}" for "--wait" flag: {reason}')
    return text != "hookOnly", text if text == "legacy" else "watcher"


def dry_run_of(parsed: Parsed) -> str:
    """What --dry-run means: client, server, or nothing."""
    text = parsed.text("dry-run", "none")
    if text == "unset":
        warn("--dry-run is deprecated and should be replaced with '--dry-run=client'", log=True)
        return "client"
    if text in {"true", "false"}:
        instead = "client" if text == "true" else "none"
        warn(f"boolean '--dry-run={text}' flag is deprecated and must be replaced with '--dry-run={instead}'", log=True)
        text = instead
    if text not in {"none", "client", "server"}:
        raise ChartError(f'invalid dry-run value ({quote(text)}). Must be "none", "server", or "client"')
    return "" if text == "none" else text


def _pairs(parsed: Parsed) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for text in parsed.many("labels"):
        name, equals, value = text.partition("=")
        if not equals:
            raise ChartError(
                f'invalid argument "{text}" for "-l, --labels" flag: {text} must be formatted as key=value'
            )
        found[name] = value
    return found


def max_history() -> int:
    """How many revisions are kept."""
    text = os.environ.get("HELM_MAX_HISTORY", "")
    return int(text) if text.isdigit() else 10
