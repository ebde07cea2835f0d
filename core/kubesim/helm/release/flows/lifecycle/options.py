"""How a release is changed: the flags of the verbs."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from kubesim.helm.release.flows.applying import Way
from kubesim.helm.release.flows.steps import FlowError

CLIENT = "client"
SERVER = "server"


class Options(NamedTuple):
    """How a release is changed; ``timeout`` is in milliseconds.

    ``values_from`` says what an upgrade's values add to: "" (the last ones when none are given), "reset", "reuse" or
    "reset-then-reuse". ``wait`` waits for all objects, not for hooks only, in the way of ``strategy`` (watcher or
    legacy). ``dry_run`` is "", "client" or "server"; ``server_side`` "true", "false" or "auto" (what the release did
    before). ``post_render`` changes the rendered files, by path. ``cascade`` is background, foreground or orphan.
    """

    wait: bool = False
    wait_for_jobs: bool = False
    timeout: int = 300_000
    no_hooks: bool = False
    skip_crds: bool = False
    create_namespace: bool = False
    replace: bool = False
    take_ownership: bool = False
    force_conflicts: bool = False
    keep_history: bool = False
    install: bool = False
    values_from: str = ""
    history_max: int = 10
    description: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    strategy: str = "watcher"
    dry_run: str = ""
    hide_secret: bool = False
    server_side: str = "auto"
    force_replace: bool = False
    rollback_on_failure: bool = False
    cleanup_on_fail: bool = False
    subchart_notes: bool = False
    skip_schema_validation: bool = False
    post_render: Callable[[Mapping[str, str]], Mapping[str, str]] | None = None
    cascade: str = "background"

    @property
    def waits(self) -> bool:
        """Whether objects are waited for: a change that shall be undone when it fails must be watched."""
        return self.wait or self.rollback_on_failure

    def way(self, server_side: bool, *, migrate: bool = False) -> Way:
        """How objects are changed."""
        return Way(server_side, self.force_conflicts, self.force_replace, migrate)


def is_server_side(wanted: str, before: str) -> bool:
    """Whether objects are applied by the server, when the release was ``before`` (ssa, csa or "")."""
    if wanted == "auto":
        return before == "ssa"
    if wanted not in {"true", "false"}:
        raise FlowError(f"invalid/unknown release server-side apply method: {wanted}")
    return wanted == "true"


def method(server_side: bool) -> str:
    """What records call it."""
    return "ssa" if server_side else "csa"
