"""What is done on the network: connections are traced, Services get traffic."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kubesim.objects import tree as trees
from kubesim.objects.wire import INGRESSES, LOADS, PODS, SERVICES, Key, Request
from kubetui.client.port import Trace
from kubetui.model import flows
from kubetui.model.flows import traffic
from kubetui.panes.dialogs.trace import TraceDialog
from kubetui.panes.runner import Runner

if TYPE_CHECKING:
    from textual.app import App

    from kubetui.panes.frame import Frame

Work = Callable[[Sequence[Key], str], Coroutine[Any, Any, None]]


class NetworkWork:
    """The works by action id; each is given the rows and the argument of a command, and runs in a worker."""

    def __init__(self, app: "App[Any]", frame: "Frame", runner: Runner) -> None:
        self._app = app
        self._frame = frame
        self._runner = runner
        self.works: Mapping[str, Work] = {"trace": self.trace, "load": self.load}

    # ------------------------------------------------------------------ traces
    async def trace(self, targets: Sequence[Key], argument: str) -> None:
        """Follow a connection; without words the highlighted object is one end."""
        if self._frame.client.insight is None:
            self._frame.say("traces are for simulated clusters", bad=True)
            return
        key = targets[0] if targets else None
        words = argument.split()
        if len(words) < 2 and key is not None:
            words = await self._ends(key, words)
        namespace = key.namespace if key is not None else self._frame.header.namespace

        def follow(source: str, target: str) -> Trace:
            insight = self._frame.client.insight
            return (
                Trace(error="only a simulated cluster") if insight is None else insight.trace(source, target, namespace)
            )

        await self._app.push_screen_wait(TraceDialog(" ".join(words), follow))

    async def _ends(self, key: Key, words: Sequence[str]) -> list[str]:
        """Both ends, as far as the highlighted object says them."""
        if key.gvr == PODS:
            return [f"{key.namespace}/{key.name}", *words]
        if words:
            return ["outside", *words]
        response = await self._frame.client.send(Request("get", key))
        if response.code >= 400:
            return []
        if key.gvr == SERVICES:
            port = trees.get(response.body, "spec.ports.0.port", 80)
            pods = self._frame.client.objects(PODS, key.namespace)
            source = f"{key.namespace}/{pods[0]['metadata']['name']}" if pods else "outside"
            return [source, f"svc/{key.namespace}/{key.name}:{port}"]
        if key.gvr == INGRESSES:
            host = trees.get(response.body, "spec.rules.0.host", "") or "localhost"
            scheme = "https" if trees.get(response.body, "spec.tls", ()) else "http"
            return ["outside", f"{scheme}://{host}/"]
        return []

    # ------------------------------------------------------------------ traffic
    async def load(self, targets: Sequence[Key], argument: str) -> None:
        """Put traffic on a Service; without words ask how much."""
        if not self._frame.client.simulated:
            self._frame.say("simulated traffic is for simulated clusters", bad=True)
            return
        key = next((each for each in targets if each.gvr == SERVICES), None)
        if not argument.strip():
            if key is None:
                self._frame.say(f"usage: {traffic.USAGE}", bad=True)
                return
            argument = await self._ask(key)
            if not argument:
                return
        namespace = key.namespace if key is not None else self._frame.header.namespace or "default"
        try:
            wanted = traffic.parse(argument, namespace)
        except ValueError as error:
            self._frame.say(f"usage: {error}", bad=True)
            return
        if not wanted.service:
            if key is None:
                self._frame.say("no Service is highlighted", bad=True)
                return
            wanted = wanted._replace(service=key.name)
        await self._runner.run(flows.load(wanted))

    async def _ask(self, key: Key) -> str:
        from kubetui.panes.dialogs.load import LoadDialog  # noqa: PLC0415 - only when it is asked for

        found = self._frame.facts.traffic.get((key.namespace, key.name))
        own = await self._frame.client.send(Request("get", Key(LOADS, key.namespace, key.name)))
        typed = traffic.typed(own.body if own.code < 400 else None)
        return await self._app.push_screen_wait(LoadDialog(key.name, found, typed)) or ""
