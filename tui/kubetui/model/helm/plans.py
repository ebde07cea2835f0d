"""What a person wants to do to a release, and what that would change, found out without changing anything."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kubesim.helm.chart.chart import Chart
from kubesim.helm.provenance import Source
from kubesim.helm.release.flows import lifecycle
from kubesim.helm.release.flows.lifecycle import Options
from kubesim.helm.release.flows.steps import Flow, FlowError, Setting
from kubesim.helm.release.record import SECRET_TYPE, Record, from_secret
from kubesim.helm.yaml.writer import to_yaml
from kubesim.objects.wire import EMPTY, SECRETS, Request, Response
from kubetui.client.port import ClusterClient
from kubetui.model import editing
from kubetui.model.editing import DiffLine
from kubetui.model.helm.driver import carry_out, in_thread
from kubetui.model.helm.manifests import SAME, Change, changes
from kubetui.model.helm.releases import chart_name
from kubetui.model.helm.setting import setting_of

Tree = dict[str, Any]
_READS = frozenset({"get", "list"})


class Intent(NamedTuple):
    """An install, an upgrade or a rollback to ``revision`` (0: the one before)."""

    verb: str
    name: str
    namespace: str
    chart: Chart | None = None
    values: Mapping[str, Any] = EMPTY
    sources: tuple[Source, ...] = ()
    revision: int = 0

    @property
    def title(self) -> str:
        """The intent in a few words."""
        if self.verb == "rollback":
            return f"roll {self.name} back to revision {self.revision}" if self.revision else f"roll {self.name} back"
        return f"{self.verb} {self.name}"

    def flow(self, setting: Setting, *, dry: bool = False) -> Flow[Record]:
        """The flow that does it; a dry one has nothing to clear away before it makes the record."""
        options = Options(create_namespace=not dry, skip_crds=dry, history_max=0 if dry else 10, values_from="reset")
        options = options._replace(dry_run="server" if dry else "")
        if self.verb == "rollback":
            return lifecycle.rollback(setting, self.name, self.namespace, self.revision, options)
        if self.chart is None:
            raise FlowError("there is no chart")
        act = lifecycle.install if self.verb == "install" else lifecycle.upgrade
        options = options._replace(install=True)
        return act(setting, self.name, self.namespace, self.chart, dict(self.values), options)


class Plan(NamedTuple):
    """What an intent would change: ``before`` is None for a new release."""

    intent: Intent
    before: Record | None
    after: Record
    values: tuple[DiffLine, ...]
    changes: tuple[Change, ...]

    @property
    def is_empty(self) -> bool:
        """Whether values and objects stay as they are."""
        return self.before is not None and not self.values and all(change.sign == SAME for change in self.changes)

    @property
    def headline(self) -> str:
        """From which revision and chart to which."""
        after = f"revision {self.after.version}, {chart_name(self.after)}"
        if self.before is None:
            return after
        chart = chart_name(self.before)
        same = chart == chart_name(self.after)
        return f"revision {self.before.version} → {after}" + ("" if same else f" (was {chart})")


def until_written(flow: Flow[Record]) -> Flow[Record | None]:
    """Carry a flow only as far as its first write; the record in it, when it is the record of a release."""
    answer: Response | None = None
    while True:
        try:
            step = flow.send(answer)
        except StopIteration as end:
            done: Record = end.value
            return done
        if isinstance(step, Request) and step.verb not in _READS:
            flow.close()
            is_record = step.key.gvr == SECRETS and isinstance(step.body, dict) and step.body.get("type") == SECRET_TYPE
            return from_secret(step.body) if is_record else None
        answer = yield step


async def plan(client: ClusterClient, intent: Intent, before: Record | None) -> Plan:
    """What an intent would change. TemplateError: an unknown kind, a template's or a schema's error."""
    revision = before.version + 1 if before is not None else 1
    setting = setting_of(client, intent.name, intent.namespace, revision, intent.chart)
    after = await carry_out(until_written(intent.flow(setting, dry=True)), client, _never)
    if after is None:
        raise FlowError("nothing would be recorded")
    return await in_thread(_compare, intent, before, after)


async def _never(milliseconds: int) -> None:
    del milliseconds


def _compare(intent: Intent, before: Record | None, after: Record) -> Plan:
    lines = editing.diff(values_text(before.config if before is not None else {}), values_text(after.config))
    found = changes(before.manifest if before is not None else "", after.manifest)
    return Plan(intent, before, after, tuple(lines), tuple(found))


def values_text(values: Tree) -> str:
    """Values as ``helm get values`` writes them; nothing for none."""
    return to_yaml(values).rstrip("\n") + "\n" if values else ""


def compare(old: Record, new: Record) -> Plan:
    """The difference of two revisions, in the form of a plan."""
    return _compare(Intent("compare", new.name, new.namespace, revision=new.version), old, new)


def deployed(history: Sequence[Record]) -> Record | None:
    """The revision that an upgrade starts from: the last that was not uninstalled."""
    last = history[-1] if history else None
    return None if last is None or last.status == "uninstalled" else last
