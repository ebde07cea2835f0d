"""What the flows of a release speak: they yield Requests and Waits, and are sent the Responses."""

from collections.abc import Callable, Generator, Mapping
from typing import Any, Final, NamedTuple, TypeVar

from kubesim.helm.capabilities import Capabilities
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.template.execute.context import Lookup, Sources
from kubesim.objects.wire import ADMIN, Gvr, Identity, Key, Request, Response

Answer = TypeVar("Answer")


class Wait(NamedTuple):
    """Let so much time (milliseconds) pass; ``note`` says what is waited for. It is answered with None."""

    milliseconds: int
    note: str


Step = Request | Wait
Flow = Generator[Step, Response | None, Answer]


class Resource(NamedTuple):
    """How the cluster serves a kind."""

    gvr: Gvr
    namespaced: bool


Report = Callable[[str, str, Mapping[str, Any]], None]
"""report(level, message, attributes): what Helm logs; level is DEBUG, INFO, WARN or ERROR."""


class Setting(NamedTuple):
    """What the flows know of the cluster: kinds by (apiVersion, kind), capabilities, time, chance and who acts.

    ``refresh`` is called when the cluster may serve more kinds than before, ``report`` with what Helm would log.
    """

    resources: Mapping[tuple[str, str], Resource]
    capabilities: Capabilities
    sources: Sources
    identity: Identity = ADMIN
    lookup: Lookup | None = None
    refresh: Callable[[], None] | None = None
    report: Report | None = None


class FlowError(ChartError):
    """A release could not be changed; ``str()`` is Helm's text."""


class NotFoundError(FlowError):
    """There is no such release, or no such revision of it."""


def log(setting: Setting, text: str, level: str = "DEBUG", **attributes: Any) -> None:
    """Report something in Helm's words."""
    if setting.report is not None:
        setting.report(level, text, attributes)


POLL: Final = 2000
"""Milliseconds between two looks at what is waited for."""


def ask(setting: Setting, verb: str, key: Key, **more: Any) -> Flow[Response]:
    """One Request and its Response, whatever it says."""
    response = yield Request(verb, key, identity=setting.identity, **more)
    if response is None:
        raise FlowError("no response")
    return response


def message(response: Response) -> str:
    """The text of a failure."""
    return str(response.body.get("message", "")) if isinstance(response.body, dict) else ""


def ensure(response: Response) -> Any:
    """The body of a response; FlowError when it is a failure."""
    if response.code >= 400:
        raise FlowError(message(response))
    return response.body
