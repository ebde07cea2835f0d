"""What is done inside a pod and with what refers to it: a shell, attach, who uses it, the time that decides."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kubesim.objects import tree as trees
from kubesim.objects.wire import PODS, Key, Request
from kubetui.model import xray
from kubetui.model.places import Place, Scope
from kubetui.panes.containers import ContainerTable
from kubetui.panes.dialogs.shell import Answer, Shell

if TYPE_CHECKING:
    from textual.app import App

    from kubetui.panes.frame import Frame
    from kubetui.panes.runner import Runner

Work = Callable[[Sequence[Key], str], Coroutine[Any, Any, None]]


class InsideWork:
    """The works by action id."""

    def __init__(self, app: "App[Any]", frame: "Frame", runner: "Runner") -> None:
        del runner
        self._app = app
        self._frame = frame
        self.works: Mapping[str, Work] = {"exec": self.shell, "attach": self.attach, "used-by": self.used_by}

    async def _container(self, key: Key) -> str:
        table = self._frame.table
        if isinstance(table, ContainerTable):
            return table.container
        response = await self._frame.client.send(Request("get", key))
        found = trees.get(response.body, "spec.containers", ()) if response.code < 400 else ()
        return str(found[0]["name"]) if found else ""

    async def shell(self, targets: Sequence[Key], argument: str) -> None:
        """A shell in a container; with an argument one command."""
        key, client = targets[0], self._frame.client
        execute = getattr(client, "execute", None)
        if execute is None:
            self._frame.say("use kubectl exec: ! opens a shell in which it works", bad=True)
            return
        container = await self._container(key)

        def run(line: str) -> Answer:
            code, output = execute(key.namespace, key.name, container, ("/bin/sh", "-c", line))
            return Answer(code, output)

        if argument:
            answer = run(argument)
            self._frame.say(answer.output.strip() or f"exit code {answer.code}", bad=answer.code != 0)
            return
        await self._app.push_screen_wait(Shell(f"sh in {key.namespace}/{key.name} {container}", run))

    async def attach(self, targets: Sequence[Key], argument: str) -> None:
        """What the container writes from now on: its log, following."""
        del argument
        key = targets[0]
        await self._frame.stage.open_detail(key, "logs", container=await self._container(key))

    async def used_by(self, targets: Sequence[Key], argument: str) -> None:
        """The pods that use it."""
        del argument
        key = targets[0]
        found = xray.users(xray.Index(self._frame.client.objects), key)
        if not found:
            self._frame.say(f"no pod uses {key.name}")
            return
        names = ",".join(pod["metadata"]["name"] for pod in found)
        await self._frame.navigation.go(Place(PODS, key.namespace, "", Scope("used", names, key.name)), drill=True)
