"""Calls out of the cluster that a request waits for: what is asked, the documents, and where the answers come from.

The server itself has no sockets. A request that needs an answer which is not there yet ends with ``Awaited``;
whoever carried it in fetches the answer and carries the request in again, with all the answers so far.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import orjson

from kubesim.api.failures import plain
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import EMPTY, Tree

TIMEOUT_SECONDS = 30
"""How long a conversion may take. # k8s: apiextensions-apiserver/pkg/apiserver/conversion/webhook_converter.go"""
UID = "{uid}"
"""Stands for the uid of a review, which whoever sends it makes up."""


class OutsideCall(NamedTuple):
    """One POST to the ``url`` or ``service`` of a clientConfig; ``UID`` in the body is to be replaced."""

    config: Tree
    body: Tree
    timeout_seconds: int = TIMEOUT_SECONDS
    identity: str = ""
    """Names the question, when that takes less than the body."""

    @property
    def key(self) -> str:
        """The same for the same question, also when it is asked a second time by the same request.

        What the server makes up anew each time is left out: uids, times, generated names.
        """
        if self.identity:
            return self.identity
        return orjson.dumps([self.config, _lasting(self.body)], option=orjson.OPT_SORT_KEYS).decode()


def _lasting(value: Any) -> Any:
    if isinstance(value, list):
        return [_lasting(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    passing = _PASSING | {"name"} if value.get("generateName") else _PASSING
    return {name: _lasting(item) for name, item in value.items() if name not in passing}


_PASSING = frozenset({"uid", "creationTimestamp", "deletionTimestamp", "time", "lastTransitionTime"})


class Answer(NamedTuple):
    """What came back: a JSON document, or in ``error`` why there is none, as Go's HTTP client would say it."""

    body: Any = None
    error: str = ""


class Awaited(BaseException):
    """A request cannot go on before these calls are answered. Not an error: nothing has been written."""

    def __init__(self, *calls: OutsideCall) -> None:
        super().__init__(*calls)
        self.calls = calls

    @property
    def call(self) -> OutsideCall:
        """The first of them."""
        return self.calls[0]


class Outside:
    """The answers that the request under way may count on."""

    def __init__(self) -> None:
        self._answers: Mapping[str, Answer] | None = None
        self._first: dict[str, Any] = {}
        self.annotations: dict[str, str] | None = None
        """What plugins tell the audit log about the request under way."""
        self.simulated: Callable[[OutsideCall], Answer | None] | None = None
        """Who answers for webhooks in pods of the cluster that is asked at present."""

    @property
    def is_answering(self) -> bool:
        """Whether the request under way can be carried in again."""
        return self._answers is not None

    @contextmanager
    def answering(
        self,
        answers: Mapping[str, Answer],
        first: dict[str, Any] | None = None,
        notes: dict[str, str] | None = None,
    ) -> Iterator[None]:
        """Within, ``ask`` answers from these, and raises Awaited for any other question."""
        before = self._answers, self._first, self.annotations
        self._answers, self._first, self.annotations = answers, {} if first is None else first, notes
        try:
            yield
        finally:
            self._answers, self._first, self.annotations = before

    def first(self, key: str, value: Any) -> Any:
        """The value that was given when the request came here for the first time: later ones may be drawn anew."""
        return value if self._answers is None else self._first.setdefault(key, value)

    def ask(self, call: OutsideCall) -> Answer:
        """The answer to a call. Raises Awaited when there is none yet."""
        if self._answers is None:
            found = None if self.simulated is None else self.simulated(call)
            return found or Answer(error="webhooks are only called for requests over HTTP")
        found = self._answers.get(call.key)
        if found is None:
            raise Awaited(call)
        return found


OUTSIDE = Outside()
"""Of this process: requests are answered one at a time."""


# ---------------------------------------------------------------------- conversion
class ConversionCall(NamedTuple):
    """A conversion: ``name`` of the definition, the ``webhook`` part of its conversion, and the wanted apiVersion."""

    name: str
    webhook: Tree
    wanted: str


def conversion_review(call: ConversionCall, objects: Sequence[Tree]) -> Tree:
    """The ConversionReview to send."""
    version = next(iter(call.webhook.get("conversionReviewVersions") or ()), "v1")
    return {
        "kind": "ConversionReview",
        "apiVersion": f"apiextensions.k8s.io/{version}",
        "request": {"uid": UID, "desiredAPIVersion": call.wanted, "objects": list(objects)},
    }


class Conversions:
    """Converts by webhook. Objects that were converted together are known one by one for the rest of the request."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._known: dict[tuple[int, str], tuple[Tree, Tree]] = {}

    def converted(self, call: ConversionCall, objects: Sequence[Tree]) -> list[Tree]:
        """The objects in the wanted version. Raises ApiError."""
        known = [self._known.get((id(obj), call.wanted)) for obj in objects]
        if all(known):
            return [pair[1] for pair in known if pair is not None]
        review = conversion_review(call, objects)
        config = call.webhook.get("clientConfig") or EMPTY
        answer = self._outside.ask(OutsideCall(config, review, identity=_identity(call, objects)))
        found = _converted(call, objects, answer)
        if len(self._known) + len(found) > _KNOWN:
            self._known.clear()
        for obj, new in zip(objects, found, strict=True):
            # The object is kept, so that its identity is not given to another one.
            self._known[id(obj), call.wanted] = obj, new
        return found


def _identity(call: ConversionCall, objects: Sequence[Tree]) -> str:
    """The same for objects that become the same: of the metadata, only labels and annotations are converted."""
    told = [{**obj, "metadata": _converted_metadata(obj.get("metadata") or EMPTY)} for obj in objects]
    return orjson.dumps([*call, told], option=orjson.OPT_SORT_KEYS).decode()


def _converted_metadata(metadata: Tree) -> dict[str, Any]:
    names = ("namespace", "labels", "annotations") + (() if metadata.get("generateName") else ("name",))
    return {name: metadata[name] for name in names if metadata.get(name)}


_KNOWN = 4096
WEBHOOKS = Conversions(OUTSIDE)


def _converted(call: ConversionCall, objects: Sequence[Tree], answer: Answer) -> list[Tree]:
    """# k8s: webhook_converter.go: getConvertedObjectsFromResponse, validateConvertedObject."""
    if answer.error:
        source = str(objects[0].get("apiVersion"))
        kind = objects[0].get("kind")
        raise _failed(f"conversion webhook for {source}, Kind={kind} failed: {answer.error}")
    what = f"conversion webhook for {call.name}"
    response = answer.body.get("response") if isinstance(answer.body, dict) else None
    if not isinstance(response, dict):
        raise _failed(f"{what} failed: the response of the webhook holds no response")
    result = response.get("result") or EMPTY
    if result.get("status") != "Success":
        text = result.get("message") or f"response status was {result.get('status') or ''!r}"
        raise _failed(f"{what} failed: {text}")
    found = response.get("convertedObjects") or []
    if len(found) != len(objects):
        raise _failed(f"{what} returned {len(found)} objects, expected {len(objects)}")
    return [_restored(call, obj, new) for obj, new in zip(objects, found, strict=True)]


def _restored(call: ConversionCall, obj: Tree, new: Any) -> Tree:
    what = f"conversion webhook for {call.name} returned invalid converted object"
    if not isinstance(new, dict) or new.get("apiVersion") != call.wanted:
        raise _failed(f"{what}: invalid groupVersion, expected {call.wanted}")
    if new.get("kind") != obj.get("kind"):
        raise _failed(f"{what}: invalid kind, expected {obj.get('kind')}")
    old, given = obj.get("metadata") or EMPTY, new.get("metadata") or EMPTY
    for field in ("namespace",) if old.get("generateName") else ("name", "namespace"):
        if old.get(field) != given.get(field):
            raise _failed(f"{what}: metadata.{field}: Invalid value: must not be changed")
    # k8s: restoreObjectMeta: nothing but labels and annotations may change.
    metadata = {name: value for name, value in old.items() if name not in {"labels", "annotations"}}
    metadata.update({name: given[name] for name in ("labels", "annotations") if given.get(name)})
    return {**new, "metadata": metadata}


def _failed(text: str) -> ApiError:
    return plain(text)
