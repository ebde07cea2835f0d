"""One command's work in a cluster: connects, carries out flows, waits, and is cancelled by Ctrl-C."""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from kubesim.helm.capabilities import HELM_VERSION, Capabilities, default_capabilities
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.release.flows.steps import Flow, FlowError, Setting, Wait
from kubetui.cli.helm.flags import Parsed
from kubetui.cli.helm.inputs import sources
from kubetui.cli.helm.releases.logging import Log
from kubetui.client.remote import Access, ConfigError, Discovery, Overrides, RemoteClient, UnreachableError, load

if TYPE_CHECKING:
    from kubesim.objects.wire import Response

Answer = TypeVar("Answer")
UNREACHABLE: Final = "kubernetes cluster unreachable"
_LOOK: Final = 0.1
"""Seconds between two looks at what is waited for: the cluster's time may run faster than ours."""
_TRUE: Final = ("1", "t", "T", "true", "TRUE", "True")


def overrides_of(parsed: Parsed) -> Overrides:
    """What flags and environment say about the cluster."""
    environment = os.environ

    def told(flag: str, variable: str) -> str:
        return parsed.text(flag) or environment.get(variable, "")

    groups = parsed.many("kube-as-group") or [
        group for group in environment.get("HELM_KUBEASGROUPS", "").split(",") if group
    ]
    return Overrides(
        kubeconfig=parsed.text("kubeconfig"),
        context=told("kube-context", "HELM_KUBECONTEXT"),
        server=told("kube-apiserver", "HELM_KUBEAPISERVER"),
        token=told("kube-token", "HELM_KUBETOKEN"),
        user=told("kube-as-user", "HELM_KUBEASUSER"),
        groups=tuple(groups),
        ca_file=told("kube-ca-file", "HELM_KUBECAFILE"),
        server_name=told("kube-tls-server-name", "HELM_KUBETLS_SERVER_NAME"),
        insecure=parsed.on(
            "kube-insecure-skip-tls-verify", environment.get("HELM_KUBEINSECURE_SKIP_TLS_VERIFY", "") in _TRUE
        ),
    )


class Session:
    """A cluster, found but not spoken to yet, and the command's way with it."""

    def __init__(self, parsed: Parsed) -> None:
        self.debug = parsed.on("debug", os.environ.get("HELM_DEBUG", "") in _TRUE)
        self.log = Log(debug=self.debug)
        self._problem = ""
        try:
            access = load(overrides_of(parsed))
        except ConfigError as error:
            access, self._problem = Access(), str(error)
        self.namespace = parsed.text("namespace") or os.environ.get("HELM_NAMESPACE") or access.namespace
        self.client = RemoteClient(access, f"Helm/{HELM_VERSION.removeprefix('v')} (kubetui)")
        self.discovery = Discovery(self.client, self.log.report)
        self._cancelled = False
        self._capabilities: Capabilities | None = None

    def check(self) -> None:
        """Speak to the cluster; ChartError with Helm's text when it cannot be reached."""
        try:
            if self._problem:
                raise UnreachableError(self._problem)
            self.discovery.server_version()
        except UnreachableError as error:
            raise ChartError(f"{UNREACHABLE}: {error}") from None

    def reach(self) -> None:
        """check(), as commands do it that render charts: the log tells of it, too."""
        try:
            self.check()
        except ChartError as error:
            text = f"cluster reachability check failed: {error}"
            self.log.report("ERROR", text, {})
            raise ChartError(text) from None

    def setting(self, *, rendering: bool = False) -> Setting:
        """What flows know of the cluster; when charts are rendered also what templates may."""
        capabilities = self.discovery.capabilities() if rendering else default_capabilities()
        self._capabilities = capabilities
        return Setting(
            self.discovery,
            capabilities,
            sources(),
            lookup=self.discovery.lookup,
            refresh=self._refresh,
            report=self.log.report,
        )

    def _refresh(self) -> None:
        if self._capabilities is not None:
            self.discovery.renew(self._capabilities)

    def run(self, flow: Flow[Answer]) -> Answer:
        """Carry out a flow; what it ends with. Raises what the flow raises."""
        answer: Response | None = None
        problem = ""
        cancelled = False
        while True:
            if self._cancelled and not cancelled:
                cancelled, problem = True, "context canceled"
            try:
                step = flow.throw(FlowError(problem)) if problem else flow.send(answer)
            except StopIteration as done:
                result: Answer = done.value
                return result
            answer, problem = None, ""
            if isinstance(step, Wait):
                self._sleep(step, cancelled)
                continue
            try:
                answer = self.client.send(step)
            except UnreachableError as error:
                problem = str(error)

    def _sleep(self, step: Wait, cancelled: bool) -> None:
        if cancelled or not self._cancelled:
            time.sleep(min(step.milliseconds / 1000, _LOOK))

    @contextmanager
    def cancellable(self, release: str) -> Iterator[None]:
        """Let Ctrl-C and SIGTERM end the flow in hand in an orderly way, with Helm's message."""

        def cancel(number: int, frame: FrameType | None) -> None:
            del number, frame
            print(f"Release {release} has been cancelled.", flush=True)
            self._cancelled = True

        numbers = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(number, cancel) for number in numbers]
        try:
            yield
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)


def connected(parsed: Parsed) -> Session:
    """A session with a cluster that answers; ChartError with Helm's text when none does."""
    session = Session(parsed)
    session.check()
    return session


def attributes(**pairs: Any) -> Mapping[str, Any]:
    """What a line of the log says beside its text."""
    return pairs
