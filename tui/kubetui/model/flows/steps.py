"""The steps of a flow: what it yields, what it ends with, and how an undo is carried out."""

from collections.abc import Generator
from typing import Any, NamedTuple

from kubesim.objects.wire import EMPTY, Gvr, Key, Request, Response, Tree

BACKGROUND: Tree = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
AT_ONCE: Tree = {**BACKGROUND, "gracePeriodSeconds": 0}

RETRY_MS = 1000
RETRIES = 60


class Wait(NamedTuple):
    """Let this much of the cluster's time pass."""

    ms: int


class Progress(NamedTuple):
    """A line to show at once, as kubectl prints it."""

    text: str


class Undo(NamedTuple):
    """What takes an action back: ``text`` names it, ``requests`` are sent one after the other."""

    text: str
    requests: tuple[Request, ...]


class Done(NamedTuple):
    """The end of a flow. A failure has ``failed`` set and the server's message as its text."""

    message: str
    undo: Undo | None = None
    failed: bool = False


Step = Request | Wait | Progress
Flow = Generator[Step, Any, Done]
"""Yields steps; a Request is answered with its Response, the others with None."""


def failure(response: Response) -> str:
    """The server's message of a failed request."""
    body = response.body
    text = body.get("message") if isinstance(body, dict) else None
    return str(text or f"the server answered {response.code}")


def is_failure(response: Response) -> bool:
    """Whether the request failed."""
    return response.code >= 400


def refused(response: Response, undo: Undo | None = None) -> Done:
    """The end of a flow whose request failed."""
    return Done(failure(response), undo, failed=True)


def named(gvr: Gvr, name: str) -> str:
    """An object as kubectl names it in its messages: ``deployment.apps/web``, ``node/wk-1``."""
    return f"{singular(gvr)}/{name}"


def singular(gvr: Gvr) -> str:
    """The resource in the singular with its group: ``deployment.apps``."""
    word = gvr.resource
    if word.endswith("ies"):
        word = word[:-3] + "y"
    elif word.endswith(("sses", "ches", "xes")):
        word = word[:-2]
    elif word.endswith("s") and word != "endpoints":
        word = word[:-1]
    return f"{word}.{gvr.group}" if gvr.group else word


def undo_flow(undo: Undo) -> Flow:
    """Carry out an undo; while an old object of the same name is still going away, wait for it."""
    for request in undo.requests:
        response = yield request
        attempts = 0
        while response.code == 409 and request.verb == "create" and attempts < RETRIES:
            yield Wait(RETRY_MS)
            attempts += 1
            response = yield request
        if is_failure(response) and not (request.verb == "delete" and response.code == 404):
            return refused(response)
    return Done(f"undone: {undo.text}")


def get(key: Key, subresource: str = "") -> Request:
    """The request that reads an object."""
    return Request("get", key, subresource)


def note(text: str, query: Any = EMPTY) -> dict[str, Any]:
    """The part of a request that tells the journal what the person wanted."""
    return {"note": text, "query": query}
