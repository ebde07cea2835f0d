"""What is done to objects and workloads: delete, scale, restart, images, roll back, edit; each a dialog and a flow."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kubesim.objects import pods, refs
from kubesim.objects import tree as trees
from kubesim.objects.wire import DEPLOYMENTS, MERGE_PATCH, REPLICASETS, Key, Request, Tree
from kubetui.model import effects, flows
from kubetui.model.flows.workloads import revision_of
from kubetui.model.forwards import pod_spec
from kubetui.panes.dialogs.drain import Image
from kubetui.panes.dialogs.frame import Confirm
from kubetui.panes.dialogs.scale import Effect, Scale
from kubetui.panes.resource import ResourceTable
from kubetui.panes.runner import Runner

if TYPE_CHECKING:
    from textual.app import App

    from kubetui.panes.frame import Frame

Work = Callable[[Sequence[Key], str], Coroutine[Any, Any, None]]


class ObjectWork:
    """The works by action id; each is given the rows and the argument of a command, and runs in a worker."""

    def __init__(self, app: "App[Any]", frame: "Frame", runner: Runner) -> None:
        self._app = app
        self._frame = frame
        self._runner = runner
        self.works: Mapping[str, Work] = {
            "delete": self.delete,
            "kill": self.kill,
            "evict": self.evict,
            "sanitize": self.sanitize,
            "scale": self.scale,
            "scale-up": self.scale_up,
            "scale-down": self.scale_down,
            "restart": self.restart,
            "set-image": self.set_image,
            "rollback": self.rollback,
            "trigger": self.trigger,
            "suspend": self.suspend,
            "edit": self.edit,
            "apply": self.apply,
        }

    async def _get(self, key: Key) -> Tree | None:
        response = await self._frame.client.send(Request("get", key))
        if response.code >= 400:
            self._frame.say(str(response.body.get("message", "")), bad=True)
            return None
        found: Tree = response.body
        return found

    # ------------------------------------------------------------------ ending objects
    async def _agreed(self, verb: str, keys: Sequence[Key]) -> bool:
        """On a real cluster the person confirms a list of the exact objects; a simulated one has undo instead."""
        if self._frame.client.simulated:
            return True
        table = self._frame.table
        hidden = 0
        if isinstance(table, ResourceTable):
            hidden = sum(1 for key in keys if table.view.rank(key) is None)
        names = [f"{key.gvr.resource} {key.namespace}/{key.name}".replace(" /", " ") for key in keys]
        title = f"{verb} {len(keys)} objects?" if len(keys) > 1 else f"{verb}?"
        agreed: bool | None = await self._app.push_screen_wait(Confirm(title, names, verb, hidden=hidden))
        return agreed is True

    async def delete(self, targets: Sequence[Key], argument: str) -> None:
        """Delete objects."""
        del argument
        if await self._agreed("Delete", targets):
            await self._runner.run(flows.delete(targets))

    async def kill(self, targets: Sequence[Key], argument: str) -> None:
        """Delete pods without grace."""
        del argument
        if await self._agreed("Kill", targets):
            await self._runner.run(flows.kill(targets))

    async def sanitize(self, targets: Sequence[Key], argument: str) -> None:
        """Delete the pods of the table that have ended."""
        del targets, argument
        table = self._frame.table
        if not isinstance(table, ResourceTable):
            return
        rows = ((key, table.view.object(key)) for key in table.view.slice(0, table.view.count))
        ended = [key for key, pod in rows if isinstance(key, Key) and pod is not None and pods.is_terminal(pod)]
        if not ended:
            self._frame.say("no pod here has ended")
        elif await self._agreed("Delete", ended):
            await self._runner.run(flows.delete(ended))

    async def evict(self, targets: Sequence[Key], argument: str) -> None:
        """Evict pods."""
        del argument
        if await self._agreed("Evict", targets):
            for key in targets:
                await self._runner.run(flows.evict(key))

    # ------------------------------------------------------------------ replicas
    async def scale(self, targets: Sequence[Key], argument: str) -> None:
        """Ask for a number of replicas, or take the one given."""
        key = targets[0]
        wanted: int | None = int(argument) if argument.isdigit() else None
        if wanted is None:
            obj = await self._get(key)
            if obj is None:
                return
            current = int(trees.get(obj, "spec.replicas", 1))
            wanted = await self._app.push_screen_wait(Scale(key.name, current, self._effect(key)))
        if wanted is not None:
            for target in targets:
                await self._runner.run(flows.scale(target, wanted))

    def _effect(self, key: Key) -> Effect | None:
        """Tries a number of replicas in a copy of the cluster; none of a real one."""
        time = self._frame.client.time
        if time is None:
            return None
        trial = time.past.branches.trial(key)

        async def effect(wanted: int) -> str:
            body = {"spec": {"replicas": wanted}}
            return effects.words(await trial.attempt(Request("patch", key, "scale", body, content_type=MERGE_PATCH)))

        return effect

    async def scale_up(self, targets: Sequence[Key], argument: str) -> None:
        """One replica more."""
        await self._by(targets, int(argument or 1))

    async def scale_down(self, targets: Sequence[Key], argument: str) -> None:
        """One replica less."""
        await self._by(targets, -int(argument or 1))

    async def _by(self, targets: Sequence[Key], delta: int) -> None:
        for key in targets:
            obj = await self._get(key)
            if obj is not None:
                wanted = int(trees.get(obj, "spec.replicas", 1)) + delta
                await self._runner.run(flows.scale(key, max(wanted, 0)))

    # ------------------------------------------------------------------ rollouts
    async def restart(self, targets: Sequence[Key], argument: str) -> None:
        """Restart rollouts."""
        del argument
        for key in targets:
            await self._runner.run(flows.restart(key, self._frame.client.now()))

    async def set_image(self, targets: Sequence[Key], argument: str) -> None:
        """Ask for the images of the containers; ``container=image`` goes without asking."""
        key = targets[0]
        images = dict(part.split("=", 1) for part in argument.split() if "=" in part)
        if not images:
            obj = await self._get(key)
            if obj is None:
                return
            known = {each["name"]: str(each.get("image", "")) for each in pod_spec(obj).get("containers") or ()}
            chosen: dict[str, str] | None = await self._app.push_screen_wait(Image(key.name, known))
            images = chosen or {}
        if images:
            await self._runner.run(flows.set_image(key, images))

    async def rollback(self, targets: Sequence[Key], argument: str) -> None:
        """Roll a Deployment back to the ReplicaSet, or to the revision given."""
        key, revision = targets[0], int(argument) if argument.isdigit() else 0
        if key.gvr == REPLICASETS:
            obj = await self._get(key)
            owner = None if obj is None else refs.controller_of(obj)
            if obj is None or owner is None or owner.get("kind") != "Deployment":
                self._frame.say("the ReplicaSet belongs to no Deployment", bad=True)
                return
            key, revision = Key(DEPLOYMENTS, key.namespace, owner["name"]), revision or revision_of(obj)
        await self._runner.run(flows.rollback(key, revision))

    async def trigger(self, targets: Sequence[Key], argument: str) -> None:
        """Run CronJobs now."""
        del argument
        for key in targets:
            await self._runner.run(flows.trigger(key, self._frame.client.now()))

    async def suspend(self, targets: Sequence[Key], argument: str) -> None:
        """Suspend or resume CronJobs."""
        del argument
        for key in targets:
            await self._runner.run(flows.suspend(key))

    async def edit(self, targets: Sequence[Key], argument: str) -> None:
        """Edit one object; the editor shows the difference before it is sent."""
        del argument
        from kubetui.panes.editor import Editor  # noqa: PLC0415 - the editor brings the YAML library

        key = targets[0]
        obj = await self._get(key)
        if obj is None:
            return
        edited = await self._app.push_screen_wait(Editor(key, obj, self._frame.client.send))
        if edited is not None:
            await self._runner.run(flows.apply_edited(key, obj, edited))

    async def apply(self, targets: Sequence[Key], argument: str) -> None:
        """Apply the manifests of a file or a folder."""
        del targets
        from kubetui.model import manifests  # noqa: PLC0415 - brings the YAML library

        frame = self._frame
        try:
            objects = manifests.read(argument)
        except ValueError as error:
            frame.say(f"apply: {error}", bad=True)
            return
        names = [f"{obj.get('kind')} {obj['metadata'].get('name')}" for obj in objects]
        if not frame.client.simulated:
            title = f"Apply {len(names)} objects to {frame.client.name}?"
            if await self._app.push_screen_wait(Confirm(title, names, "Apply")) is not True:
                return
        resources = frame.client.resources()
        kinds = {(each.gvr.api_version, each.kind): (each.gvr, each.namespaced) for each in resources}
        await self._runner.run(flows.apply_manifests(objects, kinds, frame.navigation.namespace or "default"))
