"""Runs the tests of a release."""

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.helm.release.flows import storage
from kubesim.helm.release.flows.hooks import PodLog, run_hooks
from kubesim.helm.release.flows.naming import name_problem
from kubesim.helm.release.flows.steps import Flow, FlowError, Setting
from kubesim.helm.release.record import Record


class Tested(NamedTuple):
    """What a run of tests came to; ``problem`` is empty when all went well."""

    record: Record
    problem: str
    logs: tuple[PodLog, ...] = ()


def run_tests(
    setting: Setting,
    name: str,
    namespace: str,
    timeout: int = 300_000,
    *,
    only: Sequence[str] = (),
    without: Sequence[str] = (),
    logs: bool = False,
) -> Flow[Tested]:
    """Run the test hooks of a release, or those of certain names; with ``logs`` also what their pods printed."""
    if name_problem(name):
        raise FlowError(f"releaseTest: Release name is invalid: {name}")
    found = yield from storage.last(setting, namespace, name)
    record = found[-1]

    def chosen(hook: str) -> bool:
        return hook not in without and (not only or hook in only)

    # k8s: the hooks that do not run come first in the record from now on
    skipped = [tree for tree in record.hooks if not chosen(str(tree.get("name")))]
    running = [tree for tree in record.hooks if chosen(str(tree.get("name")))]
    record = record._replace(hooks=(*skipped, *running))
    gathered: list[PodLog] | None = [] if logs else None
    record, problem = yield from run_hooks(setting, record, "test", timeout, chosen=chosen, logs=gathered)
    yield from storage.update(setting, record)
    return Tested(record, problem, tuple(gathered or ()))
