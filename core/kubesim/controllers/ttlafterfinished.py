"""The TTL-after-finished controller: deletes Jobs some time after they have ended."""

from collections.abc import Hashable
from typing import cast

from kubesim.kernel.loop import Loop
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import refs
from kubesim.objects.errors import ApiError
from kubesim.objects.times import parse_time
from kubesim.objects.wire import JOBS, Tree


class TtlAfterFinishedController:
    """Deletes ended Jobs with ``ttlSecondsAfterFinished``. ``controller`` is its driver; keys are (namespace, name).

    # k8s: pkg/controller/ttlafterfinished
    """

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("ttl-after-finished", loop, client, self)
        self._client = client
        hub.on(JOBS, self._job_changed)
        for each in client.list(JOBS):
            self._job_changed(None, each, 0)

    def _job_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del old
        if new is not None and expires_at(new) is not None:
            self.controller.add(refs.place(new), revision)

    def reconcile(self, key: Hashable) -> int | None:
        """Delete the Job when its time has come; returns how long that takes."""
        job = self._client.get(JOBS, *cast("tuple[str, str]", key))
        due = None if job is None else expires_at(job)
        if job is None or due is None:
            return None
        now = self._client.now()
        if due > now:
            return due - now
        options = {"propagationPolicy": "Foreground", "preconditions": {"uid": refs.uid(job)}}
        try:
            self._client.delete(JOBS, *refs.place(job), options)
        except ApiError as error:
            if error.reason != "NotFound":
                raise
        return None


def expires_at(job: Tree) -> int | None:
    """When an ended Job is to be deleted, in ms since 1970; None when it is not."""
    seconds = job["spec"].get("ttlSecondsAfterFinished")
    if seconds is None or refs.is_deleting(job):
        return None
    for type_ in ("Complete", "Failed"):
        found = refs.condition(job, type_)
        if found is not None and found["status"] == "True":
            return parse_time(found["lastTransitionTime"]) + int(seconds) * 1000
    return None
