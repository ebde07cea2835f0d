"""What is done to nodes, and what is broken and mended: cordon, drain, chaos."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kubesim.objects import selectors
from kubesim.objects import tree as trees
from kubesim.objects.wire import FAULTS, NODES, PODS, SERVICES, Key, Tree
from kubetui.model import flows
from kubetui.panes.dialogs.chaos import Chaos, ChaosOption, chaos_options
from kubetui.panes.dialogs.drain import Drain
from kubetui.panes.runner import Runner

if TYPE_CHECKING:
    from textual.app import App

    from kubetui.panes.frame import Frame

Work = Callable[[Sequence[Key], str], Coroutine[Any, Any, None]]


class NodeWork:
    """The works by action id; each is given the rows and the argument of a command, and runs in a worker."""

    def __init__(self, app: "App[Any]", frame: "Frame", runner: Runner) -> None:
        self._app = app
        self._frame = frame
        self._runner = runner
        self.works: Mapping[str, Work] = {
            "cordon": self.cordon,
            "uncordon": self.uncordon,
            "drain": self.drain,
            "chaos": self.chaos,
            "crash": self.crash,
            "mend": self.mend,
        }

    async def cordon(self, targets: Sequence[Key], argument: str) -> None:
        """Schedule nothing more on nodes."""
        del argument
        for key in targets:
            await self._runner.run(flows.cordon(key.name))

    async def uncordon(self, targets: Sequence[Key], argument: str) -> None:
        """Let pods be scheduled again."""
        del argument
        for key in targets:
            await self._runner.run(flows.uncordon(key.name))

    async def drain(self, targets: Sequence[Key], argument: str) -> None:
        """Ask how, then evict the pods."""
        del argument
        for key in targets:
            options = await self._app.push_screen_wait(Drain(key.name, self._frame.facts.load(key.name).pods))
            if options is not None:
                await self._runner.run(flows.drain(key.name, options))

    async def chaos(self, targets: Sequence[Key], argument: str) -> None:
        """Choose what to break; an argument names it: ``:chaos shutdown``."""
        key = targets[0]
        client = self._frame.client
        if not client.simulated:
            self._frame.say("chaos is for simulated clusters", bad=True)
            return
        options = chaos_options(key, self._pods_of(key), client.objects(FAULTS))
        if argument:
            options = [each for each in options if argument.lower() in each.type.lower()]
            if not options:
                self._frame.say(f"nothing here can be broken by {argument}", bad=True)
                return
        if argument and len(options) == 1:
            chosen: ChaosOption | None = options[0]
        else:
            chosen = await self._app.push_screen_wait(Chaos(key.name, options))
        if chosen is None:
            return
        if chosen.broken:
            broken = [fault for fault in client.objects(FAULTS) if _is_on(fault, chosen.key)]
            await self._runner.run(flows.mend(broken))
        else:
            await self._runner.run(flows.inject(chosen.type, chosen.key))

    def _pods_of(self, key: Key) -> Sequence[Tree]:
        client = self._frame.client
        if key.gvr != SERVICES:
            return client.objects(PODS)
        service = next((s for s in client.objects(SERVICES, key.namespace) if s["metadata"]["name"] == key.name), {})
        selector = selectors.from_map(trees.get(service, "spec.selector", None))
        found = client.objects(PODS, key.namespace)
        return [pod for pod in found if selector.matches(pod["metadata"].get("labels") or {})]

    async def crash(self, targets: Sequence[Key], argument: str) -> None:
        """Crash nodes; kill the containers of pods."""
        del argument
        if not self._frame.client.simulated:
            self._frame.say("crashes are for simulated clusters", bad=True)
            return
        for key in targets:
            node = key.gvr == NODES
            await self._runner.run(
                flows.crash_node(key.name) if node else flows.kill_containers(key.namespace, key.name)
            )

    async def mend(self, targets: Sequence[Key], argument: str) -> None:
        """End all faults."""
        del targets, argument
        await self._runner.run(flows.mend_all())


def _is_on(fault: Tree, key: Key) -> bool:
    target = trees.get(fault, "spec.target", {})
    return bool(target.get("name") == key.name and (target.get("namespace") or "") == key.namespace)
