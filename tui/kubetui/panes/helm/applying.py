"""Carries a change of a release out in the cluster, says how it went, and remembers how to take it back."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from kubesim.helm.release.flows.lifecycle import uninstall
from kubesim.helm.release.record import Record, secret_name
from kubesim.helm.template.errors import TemplateError
from kubesim.objects.wire import SECRETS, Key, Request
from kubetui.model.flows.steps import Done, Flow, Undo
from kubetui.model.helm.driver import carry_out
from kubetui.model.helm.members import members_of
from kubetui.model.helm.plans import Intent
from kubetui.model.helm.setting import setting_of

if TYPE_CHECKING:
    from kubetui.panes.frame import Frame
    from kubetui.panes.operations import Operations

LOOK: Final = 0.02
"""Seconds between two looks at the cluster's clock while a flow waits for it."""


class Applying:
    """What writes: everything here is sent to the cluster on the screen."""

    def __init__(self, frame: "Frame", operations: "Operations") -> None:
        self._frame = frame
        self._operations = operations

    async def carry_out(self, intent: Intent, before: Record | None, note: str = "") -> Record | None:
        """Install, upgrade or roll back. The new record; None after saying what went wrong."""
        client = self._frame.client
        revision = before.version + 1 if before is not None else 1
        setting = setting_of(client, intent.name, intent.namespace, revision, intent.chart)
        try:
            record = await carry_out(intent.flow(setting), client, self._wait, self._frame.say)
        except (TemplateError, OSError) as error:
            self._say(f"{intent.title} failed: {error}", bad=True)
            return None
        self._say(f"{record.name} is at revision {record.version}: {record.description}{note}")
        return record

    def _say(self, text: str, *, bad: bool = False) -> None:
        self._operations.runner.acted = True
        self._frame.say(text, bad=bad)
        self._frame.changed()

    async def uninstall(self, record: Record, history: Sequence[Record]) -> None:
        """Uninstall a release; its objects and its revisions can be brought back."""
        client = self._frame.client
        requests = await self._restoring(record, history)
        setting = setting_of(client, record.name, record.namespace, record.version)
        try:
            await carry_out(uninstall(setting, record.name, record.namespace), client, self._wait, self._frame.say)
        except TemplateError as error:
            self._say(f"uninstall {record.name} failed: {error}", bad=True)
            return
        undo = Undo(f"uninstall {record.name}", tuple(requests))
        await self._operations.runner.run(_ended(Done(f'release "{record.name}" uninstalled', undo)))

    async def _restoring(self, record: Record, history: Sequence[Record]) -> list[Request]:
        """What brings a release back: its revisions, and its objects as they are now."""
        wanted = [
            *(Key(SECRETS, each.namespace, secret_name(each.name, each.version)) for each in history),
            *(member.key for member in members_of(self._frame.client, record)),
        ]
        requests: list[Request] = []
        for key in wanted:
            response = await self._frame.client.send(Request("get", key))
            if response.code < 400:
                requests.append(Request("create", key._replace(name=""), body=_fresh(response.body)))
        return requests

    async def _wait(self, milliseconds: int) -> None:
        client = self._frame.client
        if client.time is None:
            await asyncio.sleep(milliseconds / 1000)
            return
        due = client.now() + milliseconds
        if client.time.paused:
            self._frame.say("waiting for time to run on: ; resumes")
        while client.now() < due:
            await asyncio.sleep(LOOK)


_SERVER_FIELDS: Final = frozenset({
    "uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "deletionTimestamp",
    "deletionGracePeriodSeconds",
})  # fmt: skip


def _fresh(obj: Mapping[str, Any]) -> dict[str, Any]:
    """An object as it could be created anew."""
    metadata = {name: value for name, value in obj["metadata"].items() if name not in _SERVER_FIELDS}
    return {**{name: value for name, value in obj.items() if name != "status"}, "metadata": metadata}


def _ended(done: Done) -> Flow:
    """A flow that is over."""
    yield from ()
    return done
