"""Requests of trusted components: the frequent ones take the fast path, the others the pipeline without its checks."""

from collections.abc import Callable, Mapping
from typing import Protocol

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
from kubesim.objects.wire import (
    EMPTY,
    EVENTS,
    KEY,
    NAMESPACES,
    PODS,
    SUBRESOURCE,
    VERB,
    Asked,
    Gvr,
    Request,
    Response,
    Tree,
    request_of,
)
from kubesim.store.mvcc import Store


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


CONTROLLERS = "kube-controller-manager"


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
        self._frequent: dict[tuple[str, Gvr, str], Callable[[Asked], Tree]] = {
            ("create", PODS, ""): trusted.create_pod,
            ("create", PODS, "binding"): trusted.bind,
            ("update", PODS, "status"): trusted.update_status,
            ("create", EVENTS, ""): trusted.create_event,
        }
        """What components ask for pod by pod."""

    def answer(self, request: Request) -> Response:
        """Carry out a request. Its failures are Status responses; ComponentError only when checks are on."""
        try:
            body = self.perform(request)
        except ApiError as error:
            return error.response()
        return Response(201 if request.verb == "create" else 200, body)

    def perform(self, asked: Asked) -> Tree:
        """As ``answer``, but returns the body alone. Raises ApiError."""
        carry_out = self._frequent.get((asked[VERB], asked[KEY][0], asked[SUBRESOURCE]))
        if self._validate:
            return self._examined(request_of(asked), carry_out or self._carry_out)
        return carry_out(asked) if carry_out is not None else self._carry_out(asked)

    def _carry_out(self, asked: Asked) -> Tree:
        request = request_of(asked)
        strategy = self._server.scheme.find(request.key.gvr)
        verb, subresource = request.verb, request.subresource
        if strategy is None:
            return self._handled(request)
        if verb == "create" and not subresource:
            call = self._server.call(request, strategy, [])
            return self._pipeline.create(call, request.body, check=False)
        if verb == "update":
            if subresource == "status" and request.key.gvr == NAMESPACES:
                # k8s: all controllers have one field manager; who waits for a namespace to go reads what it noted
                return self._handled(request._replace(query={"fieldManager": CONTROLLERS}))
            if subresource == "status" and strategy.storage is None and not strategy.follows_status:
                return self._trusted.update_status(request)
            if subresource not in {"scale", "finalize"}:
                return self._update(request, strategy)
        elif verb == "patch" and subresource != "scale" and not isinstance(request.body, bytes):
            return self._patch(request, strategy)
        elif verb == "delete":
            return self._delete(request, strategy)
        return self._handled(request)

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
    def _examined(self, request: Request, carry_out: Callable[[Asked], Tree]) -> Tree:
        """Carry out the request, then check what it stored as if it had come from outside."""
        gvr, namespace, name = request.key
        strategy = self._server.scheme.find(gvr)
        before = self._store.get(gvr, namespace, name) if name else None
        after = carry_out(request)
        if strategy is None or request.verb == "delete":
            return after
        if after.get("kind") == strategy.kind and after is not before and "uid" in after["metadata"]:
            self._examine(strategy, after, before, request.subresource)
        return after

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
