"""The ControllerRevisions of a StatefulSet: which one its pods have, which one they are to get."""

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.machinery.client import Client
from kubesim.objects import history, refs
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import CONTROLLERREVISIONS, EMPTY, Tree


class Revisions(NamedTuple):
    """The revision before an update, the one after it, and how often a name was taken by another template."""

    current: Tree
    update: Tree
    collisions: int


def find(client: Client, stateful_set: Tree, known: Sequence[Tree]) -> Revisions:
    """The revisions; makes or renumbers one when the template is new. Raises ApiError.

    # k8s: getStatefulSetRevisions
    """
    known = sorted(known, key=history.order)
    status: Tree = stateful_set.get("status") or EMPTY
    collisions: int = status.get("collisionCount") or 0
    template = stateful_set["spec"]["template"]
    data = history.data_of(template)
    number = history.newest_number(known) + 1
    equal = history.with_data(known, data)
    if equal and equal[-1] is known[-1]:
        update = equal[-1]
    elif equal:
        update = client.update(CONTROLLERREVISIONS, {**equal[-1], "revision": number})
    else:
        update, collisions = _create(client, stateful_set, data, number, collisions)
    name = status.get("currentRevision")
    current = next((each for each in known if each["metadata"]["name"] == name), update)
    if current["metadata"]["name"] == update["metadata"]["name"]:
        current = update
    return Revisions(current, update, collisions)


def _create(client: Client, stateful_set: Tree, data: Tree, number: int, collisions: int) -> tuple[Tree, int]:
    template = stateful_set["spec"]["template"]
    while True:
        text = history.digest(data, collisions)
        name = history.name_of(stateful_set["metadata"]["name"], text)
        labels = {**history.template_labels(template), history.HASH_LABEL: text}
        body = history.new_revision(stateful_set, "StatefulSet", name, labels, data, number)
        namespace = stateful_set["metadata"]["namespace"]
        try:
            return client.create(CONTROLLERREVISIONS, namespace, body), collisions
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            existing = client.get(CONTROLLERREVISIONS, namespace, name)
            if existing is not None and existing.get("data") == data:
                return existing, collisions
            collisions += 1


def truncate(client: Client, stateful_set: Tree, known: Sequence[Tree], found: Revisions, live: Sequence[str]) -> None:
    """Delete the oldest revisions that no pod has, beyond the history limit."""
    limit = stateful_set["spec"].get("revisionHistoryLimit")
    if limit is None or len(known) <= limit:
        return
    kept = {*live, found.current["metadata"]["name"], found.update["metadata"]["name"]}
    old = sorted((each for each in known if each["metadata"]["name"] not in kept), key=history.order)
    for each in old[: max(0, len(old) - limit)]:
        try:
            client.delete(CONTROLLERREVISIONS, *refs.place(each))
        except ApiError as error:
            if error.reason != "NotFound":
                raise
