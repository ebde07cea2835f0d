"""The ControllerRevisions of a DaemonSet: one for each template it has had, numbered in order of use."""

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.machinery.client import Client
from kubesim.objects import history, pods, refs
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import CONTROLLERREVISIONS, DAEMONSETS, EMPTY, PODS, Tree


class Revisions(NamedTuple):
    """The revision of the present template, and the others."""

    current: Tree
    old: list[Tree]

    @property
    def hash(self) -> str:
        """The label value by which pods of the present revision are known."""
        return str(refs.labels(self.current).get(history.REVISION_LABEL, ""))


def find(client: Client, daemon_set: Tree, known: Sequence[Tree], owned: Sequence[Tree]) -> Revisions:
    """The revisions; makes or renumbers one when the template is new. Raises ApiError. # k8s: constructHistory."""
    data = history.data_of(daemon_set["spec"]["template"])
    equal = history.with_data(known, data)
    old = [each for each in known if each not in equal]
    number = history.newest_number(old) + 1
    if not equal:
        return Revisions(_snapshot(client, daemon_set, data, number), old)
    current = equal[-1]
    for each in equal[:-1]:
        _merge(client, each, current, owned)
    if current.get("revision", 0) < number:
        current = client.update(CONTROLLERREVISIONS, {**current, "revision": number})
    return Revisions(current, old)


def _merge(client: Client, duplicate: Tree, kept: Tree, owned: Sequence[Tree]) -> None:
    """Remove a second revision of one template; its pods get the label of the one that stays."""
    label, wanted = history.REVISION_LABEL, refs.labels(kept).get(history.REVISION_LABEL)
    for pod in owned:
        if refs.labels(pod).get(label) == refs.labels(duplicate).get(label):
            labels = {**refs.labels(pod), label: wanted}
            client.update(PODS, {**pod, "metadata": {**pod["metadata"], "labels": labels}})
    client.delete(CONTROLLERREVISIONS, *refs.place(duplicate))


def _snapshot(client: Client, daemon_set: Tree, data: Tree, number: int) -> Tree:
    status: Tree = daemon_set.get("status") or EMPTY
    template = daemon_set["spec"]["template"]
    text = pods.template_hash(template, status.get("collisionCount"))
    name = f"{daemon_set['metadata']['name']}-{text}"
    labels = {**history.template_labels(template), history.REVISION_LABEL: text}
    namespace = daemon_set["metadata"]["namespace"]
    body = history.new_revision(daemon_set, "DaemonSet", name, labels, data, number)
    try:
        return client.create(CONTROLLERREVISIONS, namespace, body)
    except ApiError as error:
        existing = client.get(CONTROLLERREVISIONS, namespace, name)
        if error.reason != "AlreadyExists" or existing is None:
            raise
        if existing.get("data") == data:
            return existing
        # k8s: the hash is taken by another template: count the collision, which changes the hash, and retry
        collisions = {**status, "collisionCount": status.get("collisionCount", 0) + 1}
        client.update_status(DAEMONSETS, {**daemon_set, "status": collisions})
        raise


def truncate(client: Client, daemon_set: Tree, old: Sequence[Tree], owned: Sequence[Tree]) -> None:
    """Delete the oldest revisions that no pod has, beyond the history limit. # k8s: cleanupHistory."""
    excess = len(old) - int(daemon_set["spec"].get("revisionHistoryLimit", 10))
    if excess <= 0:
        return
    live = {refs.labels(pod).get(history.REVISION_LABEL) for pod in owned}
    idle = [
        each for each in sorted(old, key=history.order) if refs.labels(each).get(history.REVISION_LABEL) not in live
    ]
    for each in idle[:excess]:
        client.delete(CONTROLLERREVISIONS, *refs.place(each))
