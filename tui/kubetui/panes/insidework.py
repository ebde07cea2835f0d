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
        self._app = app
        self._frame = frame
        self._runner = runner
        self.works: Mapping[str, Work] = {
            "exec": self.shell,
            "attach": self.attach,
            "used-by": self.used_by,
            "transfer": self.transfer,
            "node-shell": self.node_shell,
        }

    async def _container(self, key: Key) -> str:
        table = self._frame.table
        if isinstance(table, ContainerTable):
            return table.container
        response = await self._frame.client.send(Request("get", key))
        found = trees.get(response.body, "spec.containers", ()) if response.code < 400 else ()
        return str(found[0]["name"]) if found else ""

    async def shell(self, targets: Sequence[Key], argument: str) -> None:
        """A shell in a container; with an argument one command."""
        key = targets[0]
        await self._shell_in(key, await self._container(key), argument)

    async def _shell_in(self, key: Key, container: str, argument: str, title: str = "") -> None:
        client = self._frame.client

        async def run(line: str) -> Answer:
            try:
                code, output, wrong = await client.pipe(key.namespace, key.name, container, ("/bin/sh", "-c", line))
            except ConnectionError as error:
                return Answer(1, str(error))
            return Answer(code, wrong + output.decode("utf-8", "replace"))

        if argument:
            answer = await run(argument)
            self._frame.say(answer.output.strip() or f"exit code {answer.code}", bad=answer.code != 0)
            return
        await self._app.push_screen_wait(Shell(title or f"sh in {key.namespace}/{key.name} {container}", run))

    async def attach(self, targets: Sequence[Key], argument: str) -> None:
        """What the container writes from now on: its log, following."""
        del argument
        key = targets[0]
        await self._frame.stage.open_detail(key, "logs", container=await self._container(key))

    async def transfer(self, targets: Sequence[Key], argument: str) -> None:
        """Copy files into the container or out of it, as kubectl cp does."""
        from kubetui.model import transfer  # noqa: PLC0415 - only when it is asked for
        from kubetui.panes.dialogs.line import OneLine  # noqa: PLC0415

        key = targets[0]
        container = await self._container(key)
        where = f"{key.namespace}/{key.name} {container}"
        if not argument:
            line = OneLine(f"Copy files: {where}", transfer.HELP, transfer.parse)
            typed: str | None = await self._app.push_screen_wait(line)
            argument = typed or ""
            if not argument:
                return
        try:
            copy = transfer.parse(argument)

            async def pipe(argv: tuple[str, ...], stdin: bytes) -> tuple[int, bytes, str]:
                return await self._frame.client.pipe(key.namespace, key.name, container, argv, stdin)

            self._frame.say(await transfer.carry_out(copy, pipe))
        except (ValueError, ConnectionError) as error:
            self._frame.say(str(error), bad=True)
        except OSError as error:
            self._frame.say(f"{error.filename}: {error.strerror}", bad=True)

    async def node_shell(self, targets: Sequence[Key], argument: str) -> None:
        """A privileged pod on the node, a shell in it, and the pod is gone when the shell is left."""
        from kubetui.model.flows.debugging import CONTAINER, debug_node, forget  # noqa: PLC0415

        node = targets[0].name
        taken = {pod["metadata"]["name"] for pod in self._frame.client.objects(PODS, "default")}
        done = await self._runner.run(debug_node(node, taken))
        if done.failed or done.undo is None:
            return
        key = done.undo.requests[0].key
        try:
            await self._shell_in(key, CONTAINER, argument, f"sh on node {node}, in pod {key.name}")
        finally:
            await self._runner.run(forget(key))

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
