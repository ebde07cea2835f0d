"""Requests of trusted components: the frequent ones take the fast path, the others the pipeline without its checks."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from kubesim.api import metadata
from kubesim.api.call import Call
from kubesim.api.decoding import Schema, expected
from kubesim.api.deletion import Deletion, returns_deleted, success
from kubesim.api.negotiation import media_type
from kubesim.api.options import NO_DELETE_OPTIONS, delete_options
from kubesim.api.patching import Patcher
from kubesim.api.pipeline import Pipeline
from kubesim.api.scheme import Scheme
from kubesim.api.strategy import Strategy
from kubesim.api.trusted import Trusted
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import EMPTY, EVENTS, PODS, Gvr, Request, Response, Tree
from kubesim.store.mvcc import Store

_new = tuple.__new__
"""The plain constructor: a named tuple's own costs three times as much."""


class ComponentError(Exception):
    """A component wrote an object that the checks of outside requests would refuse; only raised when they are on."""


class Server(Protocol):
    """What this part needs of the whole."""

    scheme: Scheme

    def handle(self, request: Request) -> Response:
        """Answer with every check."""

    def call(self, request: Request, strategy: Strategy, warnings: list[str]) -> Call:
        """Prepare a call."""

    def noticed(self, call: Call, stored: Tree, *, created: bool) -> None:
        """An object was written by way of the pipeline."""


class Components:
    """Answers ``component`` requests."""

    def __init__(
        self,
        server: Server,
        store: Store,
        trusted: Trusted,
        pipeline: Pipeline,
        deletion: Deletion,
        patcher: Patcher,
        schema: Schema,
        *,
        validate: bool = False,
    ) -> None:
        self._server = server
        self._store = store
        self._trusted = trusted
        self._pipeline = pipeline
        self._deletion = deletion
        self._patcher = patcher
        self._schema = schema
        self._validate = validate
        self._known: dict[tuple[str, Gvr, str], tuple[Callable[[Request], Tree], int]] = {
            ("create", PODS, ""): (trusted.create_pod, 201),
            ("create", PODS, "binding"): (trusted.bind, 201),
            ("update", PODS, "status"): (trusted.update_status, 200),
            ("create", EVENTS, ""): (trusted.create_event, 201),
        }
        """What components ask for pod by pod, and the code of success."""
        self._frequent = {} if validate else self._known

    def answer(self, request: Request) -> Response:
        """Carry out a request. Its failures are Status responses; ComponentError only when checks are on."""
        try:
            known = self._frequent.get((request.verb, request.key.gvr, request.subresource))
            if known is not None:
                return _new(Response, (known[1], known[0](request), ()))
            if self._validate:
                return self._examined(request)
            return self._carried_out(request)
        except ApiError as error:
            return error.response()

    def _carried_out(self, request: Request) -> Response:
        known = self._known.get((request.verb, request.key.gvr, request.subresource))
        if known is not None:
            return Response(known[1], known[0](request))
        strategy = self._server.scheme.find(request.key.gvr)
        if strategy is None:
            return self._server.handle(request)
        if request.verb == "create":
            return Response(201, self._create(request, strategy))
        return self._change(request, strategy)

    def _create(self, request: Request, strategy: Strategy) -> Tree:
        if request.subresource:
            return self._handled(request)
        call = self._server.call(request, strategy, [])
        return self._pipeline.create(call, request.body, check=False)

    def _change(self, request: Request, strategy: Strategy) -> Response:
        verb, subresource = request.verb, request.subresource
        if verb == "update":
            if subresource == "status" and strategy.storage is None:
                return Response(200, self._trusted.update_status(request))
            if subresource not in {"scale", "finalize"}:
                return Response(200, self._update(request, strategy))
        elif verb == "patch" and subresource != "scale" and not isinstance(request.body, bytes):
            return Response(200, self._patch(request, strategy))
        elif verb == "delete":
            return Response(200, self._delete(request, strategy))
        return self._server.handle(request)

    def _handled(self, request: Request) -> Tree:
        response = self._server.handle(request)
        if response.code >= 400:
            raise ApiError(response.body)
        body: Tree = response.body
        return body

    def _update(self, request: Request, strategy: Strategy) -> Tree:
        call = self._server.call(request, strategy, [])
        stored = self._pipeline.current(call)
        updated = self._pipeline.update(call, request.body, stored, check=False)
        self._server.noticed(call, updated, created=False)
        return updated

    def _patch(self, request: Request, strategy: Strategy) -> Tree:
        call = self._server.call(request, strategy, [])
        self._patcher.check_type(call)
        stored = self._pipeline.current(call)
        old = strategy.from_storage(stored) if strategy.storage is not None else stored
        new = self._patcher.applied(media_type(request.content_type), old, request.body, expected(call))
        return self._pipeline.update(call, new, stored, patched=True, check=False)

    def _delete(self, request: Request, strategy: Strategy) -> Tree:
        call = self._server.call(request, strategy, [])
        body = request.body
        options = delete_options(EMPTY, body) if isinstance(body, Mapping) and body else NO_DELETE_OPTIONS
        outcome = self._deletion.delete(call, self._pipeline.current(call), options)
        if outcome.status_only or (outcome.gone and not returns_deleted(strategy)):
            return success(strategy, outcome.obj)
        return outcome.obj

    # ------------------------------------------------------------------ the test mode
    def _examined(self, request: Request) -> Response:
        """Carry out the request, then check what it stored as if it had come from outside."""
        gvr, namespace, name = request.key
        strategy = self._server.scheme.find(gvr)
        before = self._store.get(gvr, namespace, name) if name else None
        response = self._carried_out(request)
        if strategy is None:
            return response
        after: Any = response.body
        stored = isinstance(after, Mapping) and after.get("kind") == strategy.kind and request.verb != "delete"
        if stored and after is not before and "uid" in after["metadata"]:
            self._examine(strategy, after, before, request.subresource)
        return response

    def _examine(self, strategy: Strategy, after: Tree, before: Tree | None, subresource: str) -> None:
        gvr = strategy.gvr
        gvk = (gvr.group, gvr.version, strategy.kind)
        complaints: list[str] = []
        if self._schema.knows(gvk):
            decoded = self._schema.decode(gvk, after, "Strict")
            complaints += [*decoded.errors, *decoded.unknown]
        causes = metadata.validate(after, strategy.name_format, namespaced=strategy.namespaced)
        if before is None:
            causes += strategy.validate(after)
        else:
            causes += metadata.validate_update(after, before) + strategy.validate_update(after, before, subresource)
        complaints += [f"{cause.field}: {cause.message}" for cause in causes]
        if complaints:
            msg = f"{strategy.kind} {after['metadata']['name']}: {'; '.join(complaints)}"
            raise ComponentError(msg)
