"""The History and Diff tabs as lines: swim-lanes of pods, revisions of a workload, versions and fields of an object."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kubesim.objects import refs
from kubesim.objects import tree as trees
from kubesim.objects.wire import CONTROLLERREVISIONS, DEPLOYMENTS, NODES, PODS, REPLICASETS, Key, Tree
from kubetui.client.port import ClusterClient, Version
from kubetui.model import changes, clock, lanes, yaml_text
from kubetui.model.describe.workloads import without_hash
from kubetui.model.editing import diff
from kubetui.model.lanes import Line
from kubetui.model.story import short_actor
from kubetui.model.yaml_text import Span

REVISION = "deployment.kubernetes.io/revision"
CAUSE = "kubernetes.io/change-cause"
PODS_SHOWN = 40
VERSIONS_SHOWN = 60


class Revision(NamedTuple):
    """One revision of a workload's template."""

    number: int
    name: str
    template: Tree
    note: str
    current: bool


def title(text: str) -> Line:
    """A heading."""
    return Line(text, (Span(0, len(text), "heading"),))


def faint(text: str) -> Line:
    """Something less important."""
    return Line(text, (Span(0, len(text), "faint"),))


def history(client: ClusterClient, key: Key, obj: Tree, width: int) -> list[Line]:
    """What the object went through."""
    epoch = client.time.epoch if client.time is not None else 0
    found: list[Line] = []
    if client.insight is not None:
        drawn = _lanes(client, key, obj)
        if drawn is not None:
            found += [title("PODS"), *lanes.draw(drawn, client.now(), epoch, width), Line()]
    found += _revisions(client, key, obj)
    if client.insight is not None:
        found += _versions(client.insight.versions([key]).get(key, ()), epoch, width)
    return found or [faint("only a simulated cluster keeps the history of this kind")]


def _lanes(client: ClusterClient, key: Key, obj: Tree) -> list[lanes.Lane] | None:
    insight = client.insight
    if insight is None:
        return None
    if key.gvr == PODS:
        return [lanes.lane(key.name, insight.versions([key]).get(key, ()))]
    node = key.gvr == NODES
    if not node and not trees.get(obj, "spec.template", None):
        return None
    keys = insight.written(PODS, "" if node else key.namespace)
    lives = insight.versions(keys)
    uids = {str(obj["metadata"].get("uid", ""))} | {
        str(each["metadata"].get("uid", ""))
        for each in client.objects(REPLICASETS, key.namespace)
        if key.gvr == DEPLOYMENTS and _owned_by(each, obj)
    }
    chosen = {
        pod: life for pod, life in lives.items() if any(_concerns(version.object, key, uids, node) for version in life)
    }
    ordered = sorted(chosen.items(), key=_born)[-PODS_SHOWN:]
    return [lanes.lane(f"{pod.namespace}/{pod.name}" if node else pod.name, life) for pod, life in ordered]


def _born(item: tuple[Key, Sequence[Version]]) -> tuple[int, Key]:
    return (item[1][0].at, item[0])


def _owned_by(child: Tree, obj: Tree) -> bool:
    owner = refs.controller_of(child)
    return owner is not None and owner.get("uid") == obj["metadata"].get("uid")


def _concerns(pod: Tree | None, key: Key, uids: set[str], node: bool) -> bool:
    if pod is None:
        return False
    if node:
        return bool(trees.get(pod, "spec.nodeName", "") == key.name)
    return any(owner.get("uid") in uids for owner in pod["metadata"].get("ownerReferences") or ())


# ---------------------------------------------------------------------- revisions
def revisions(client: ClusterClient, key: Key, obj: Tree) -> list[Revision]:
    """The revisions of a Deployment, a StatefulSet or a DaemonSet, the oldest first."""
    found = []
    if key.gvr == DEPLOYMENTS:
        current = str((obj["metadata"].get("annotations") or {}).get(REVISION, ""))
        for each in client.objects(REPLICASETS, key.namespace):
            if _owned_by(each, obj):
                notes = each["metadata"].get("annotations") or {}
                number = notes.get(REVISION, "0")
                pods = f"{trees.get(each, 'status.readyReplicas', 0)}/{trees.get(each, 'spec.replicas', 0)} pods"
                note = " · ".join(filter(None, (pods, str(notes.get(CAUSE, "")))))
                name, template = each["metadata"]["name"], without_hash(trees.get(each, "spec.template", {}))
                found.append(Revision(int(number), name, template, note, number == current))
    elif key.gvr.resource in {"statefulsets", "daemonsets"}:
        wanted = trees.get(obj, "status.updateRevision", "")
        for each in client.objects(CONTROLLERREVISIONS, key.namespace):
            if _owned_by(each, obj):
                name = each["metadata"]["name"]
                template = trees.get(each, "data.spec.template", {})
                found.append(Revision(int(each.get("revision", 0)), name, template, "", name == wanted))
        if found and not wanted:
            newest = max(each.number for each in found)
            found = [each._replace(current=each.number == newest) for each in found]
    return sorted(found, key=_number)


def _number(revision: Revision) -> int:
    return revision.number


def _revisions(client: ClusterClient, key: Key, obj: Tree) -> list[Line]:
    known = revisions(client, key, obj)
    if not known:
        return []
    found = [title("REVISIONS")]
    for position in range(len(known) - 1, -1, -1):
        each = known[position]
        images = ", ".join(
            str(container.get("image", "")) for container in trees.get(each.template, "spec.containers", ()) or ()
        )
        sign = "●" if each.current else " "
        text = f"{sign} {each.number:<4} {images}  {each.note}  {each.name}"
        found.append(Line(text, (Span(0, 7, "good" if each.current else "key"), Span(7, 7 + len(images), "string"))))
        if position:
            older = known[position - 1]
            found += _difference(older.template, each.template)
    if len(known) > 1 and key.gvr == DEPLOYMENTS:
        found.append(faint("  :rollback N goes back to a revision, :rollback to the one before"))
    return [*found, Line()]


def _difference(old: Tree, new: Tree) -> list[Line]:
    before, after = ("\n".join(yaml_text.dump_lines(each)) for each in (old, new))
    signs: Mapping[str, str] = {"added": "+", "removed": "-", "same": " "}
    found = []
    for line in diff(before, after, 0):
        if line.kind != "hunk":
            text = f"         {signs[line.kind]} {line.text.strip()}"
            found.append(Line(text, (Span(0, len(text), line.kind if line.kind != "same" else "faint"),)))
    return found


# ---------------------------------------------------------------------- versions and fields
def _versions(known: Sequence[Version], epoch: int, width: int) -> list[Line]:
    if not known:
        return []
    found = [title("WRITES (newest first)")]
    named = max(len(short_actor(each.actor)) for each in known[-VERSIONS_SHOWN:])
    for position in range(len(known) - 1, max(len(known) - VERSIONS_SHOWN, 0) - 1, -1):
        each = known[position]
        who = short_actor(each.actor)
        when = clock.short_elapsed(each.at - epoch)
        if each.object is None:
            what = "deleted"
        elif position == 0 or known[position - 1].object is None:
            what = "created" if each.verb == "create" else "as it was"
        else:
            what = _fields(changes.changes(known[position - 1 : position + 1]))
        head = f"{when:>10}  {who:<{named}}  "
        text = f"{head}{what}"
        text = text if len(text) <= width else text[: max(width - 1, 20)] + "…"
        found.append(Line(text, (Span(0, 10, "faint"), Span(12, len(head), "actor"))))
    return found


def _fields(found: Sequence[changes.Change]) -> str:
    said = [f"{each.path} {changes.shown(each.before)}→{changes.shown(each.after)}" for each in found]
    return ", ".join(said) or "nothing but its version"


def base_of(known: Sequence[Version], revision: int, back: int) -> int:
    """The index of the version to compare with: the one in force at a revision, 0 the oldest, moved by some."""
    if not known:
        return 0
    index = 0
    if revision:
        index = max((i for i, each in enumerate(known) if each.revision <= revision), default=0)
    return min(max(index - back, 0), len(known) - 1)


def difference(client: ClusterClient, key: Key, obj: Tree, back: int, width: int) -> list[Line]:
    """What changed since the last bookmark, or since the oldest version that is kept, and who wrote it."""
    insight, time = client.insight, client.time
    if insight is None or time is None:
        return _owners(obj)
    known = insight.versions([key]).get(key, ())
    marks = [mark for mark in time.past.bookmarks if mark.at <= client.now()]
    base = base_of(known, marks[-1].revision if marks else 0, back)
    if not known:
        return [faint("its writes are no longer kept"), Line(), *_owners(obj)]
    since = known[base]
    what = f" (bookmark {marks[-1].name})" if marks and not back else ""
    found = [
        title(f"CHANGED since {clock.short_elapsed(since.at - time.epoch)}{what}, version {base + 1} of {len(known)}"),
        faint("[ an older version · ] a newer one"),
    ]
    differing = changes.changes(known[base:])
    if not differing:
        found.append(faint("nothing"))
    for each in differing:
        found += _change(each, time.epoch, width)
    return [*found, Line(), *_owners(obj)]


def _change(each: changes.Change, epoch: int, width: int) -> list[Line]:
    who = f"{short_actor(each.who)} {clock.short_elapsed(each.at - epoch)}" if each.who else ""
    gap = max(width - len(each.path) - len(who) - 1, 2)
    head = f"{each.path}{' ' * gap}{who}"
    found = [Line(head, (Span(0, len(each.path), "key"), Span(len(head) - len(who), len(head), "actor")))]
    for sign, value, kind in (("-", each.before, "removed"), ("+", each.after, "added")):
        if value is not None:
            text = f"  {sign} {changes.shown(value)}"
            found.append(Line(text, (Span(0, len(text), kind),)))
    return found


def _owners(obj: Tree) -> list[Line]:
    found = []
    for manager, operation, paths in changes.owners(obj):
        text = f"{manager}  {operation}"
        found.append(Line(text, (Span(0, len(manager), "actor"), Span(len(manager), len(text), "faint"))))
        found += [Line(f"  {path}") for path in paths]
    return [title("WHO OWNS WHICH FIELD"), *found] if found else []
