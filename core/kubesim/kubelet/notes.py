"""Conditions that only few pods have: of a resize, or of the disruption by which the kubelet ended them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from kubesim.kubelet import status
from kubesim.objects.wire import Tree

if TYPE_CHECKING:
    from kubesim.kubelet.worker import PodWorker

DISRUPTED = "DisruptionTarget"


class Note(NamedTuple):
    """What a condition says."""

    holds: bool
    reason: str
    message: str


Notes = Mapping[str, Note | None]
"""By the type of the condition; None when it is to be taken away."""


def put(worker: "PodWorker", type_: str, note: Note | None) -> bool:
    """Set a condition that most pods never have, or take it away; whether that is news."""
    if worker.notes is None:
        worker.notes = {}
    if worker.notes.get(type_) == note:
        return False
    worker.notes[type_] = note
    worker.dirty = True
    return True


def during_stop(notes: Notes) -> Notes:
    """Those that are told while containers may still run: not the one that says what the pod has failed for."""
    return {type_: note for type_, note in notes.items() if type_ != DISRUPTED}


def merged(notes: Notes, old: list[Tree], stamp: str, generation: int) -> list[Tree]:
    """The conditions ``old`` with those of the notes; times change only when a status does."""
    before = {each["type"]: each for each in old if each["type"] in notes}
    kept = [each for each in old if each["type"] not in notes]
    made = [
        status.transition(before.get(type_), type_, (note.holds, note.reason, note.message), stamp, generation)
        for type_, note in notes.items()
        if note is not None
    ]
    return [*kept, *made]
