"""kube-apiserver: answers requests. ``handle`` checks everything, ``component`` trusts, ``watch`` gives a cursor."""

from collections.abc import Callable, Iterable
from typing import Any

from kubesim.api import lists, scale, tables
from kubesim.api.access.authorizer import Authorizer
from kubesim.api.access.flowcontrol import FlowControl
from kubesim.api.access.guard import AccessGuard
from kubesim.api.admission.chain import Admission
from kubesim.api.admission.connecting import options_of
from kubesim.api.admission.extension import Base, plugins_of
from kubesim.api.admission.hooks.answers import Mailbox
from kubesim.api.admission.ingress import DefaultIngressClass
from kubesim.api.admission.limits import LimitRanger
from kubesim.api.admission.plugin import CONNECT
from kubesim.api.admission.policies.typechecking import TypeChecker
from kubesim.api.admission.quota import QuotaAdmission
from kubesim.api.admission.storage import ClaimResize
from kubesim.api.apply.applying import Applier
from kubesim.api.apply.manager import FieldManager
from kubesim.api.binding import Binder
from kubesim.api.call import Call
from kubesim.api.components import Components
from kubesim.api.componentstatuses import COMPONENTSTATUSES, ComponentStatuses
from kubesim.api.custom.registry import Registry
from kubesim.api.decoding import Decoder, Schema, expected
from kubesim.api.deletion import Deletion, returns_deleted, success
from kubesim.api.expiry import EventExpiry
from kubesim.api.failures import bad_revision, internal, no_such_method, no_such_resource, plain, too_large_revision
from kubesim.api.metadata import match_name, match_namespace
from kubesim.api.negotiation import Representation, negotiate
from kubesim.api.options import WriteOptions, delete_options, list_options, revision_of, write_options
from kubesim.api.patching import Patcher
from kubesim.api.pipeline import Pipeline
from kubesim.api.scale import scale_of
from kubesim.api.scheme import Scheme, table_of
from kubesim.api.strategy import Context, Strategy
from kubesim.api.subresources import CREATED, STREAMS, Subresources
from kubesim.api.trusted import Trusted
from kubesim.api.watch import Cursor
from kubesim.api.webhooks import OUTSIDE
from kubesim.api.writer import Writer
from kubesim.kernel.chance import Chance
from kubesim.kernel.journal import Journal
from kubesim.kernel.loop import Loop
from kubesim.objects.errors import ApiError, bad_request, not_found
from kubesim.objects.refs import place
from kubesim.objects.wire import APPLY_PATCH, EVENTS, Asked, Gvr, Request, Response, Tree, request_of
from kubesim.store.mvcc import Store

_NO_OPTIONS = WriteOptions(False, "Ignore", "", False)
_WRITES = {"create", "update", "patch"}
_PART_VERBS = {"get", "update", "patch"}


class ApiServer:
    """One server over one store. Reads and writes go through here and nowhere else."""

    def __init__(
        self,
        store: Store,
        loop: Loop,
        chance: Chance,
        journal: Journal,
        strategies: Iterable[Strategy],
        schema: Schema,
        *,
        validate_components: bool = False,
    ) -> None:
        self.scheme = Scheme(strategies)
        self._store = store
        self._loop = loop
        self.writer = writer = Writer(store, loop, journal)
        admission = Admission(store, chance)
        self.authorizer = Authorizer(store)
        self.flows = FlowControl(store)
        admission.plugins.add(AccessGuard(self.authorizer))
        self.hooks = Mailbox(loop, chance)
        self.type_checker = TypeChecker(self.scheme, schema)
        own = (DefaultIngressClass(store), ClaimResize(store), LimitRanger(store))
        extended = plugins_of(Base(store, self.scheme, schema, self.authorizer, self.hooks))
        for plugin in (*own, *extended, QuotaAdmission(store, loop, writer)):
            admission.plugins.add(plugin)
        binder = Binder(store, loop)
        self._decoder = Decoder(self.scheme, schema)
        self._patcher = Patcher(self._decoder)
        self._fields = fields = FieldManager(self.scheme, schema)
        self._pipeline = Pipeline(store, loop, chance, writer, admission, schema, fields)
        self._applier = Applier(store, self._decoder, fields, self._pipeline)
        self._deletion = Deletion(loop, writer, self._pipeline, admission)
        self._lists = lists.Lists(store, self.scheme, journal, loop)
        self._expiry = EventExpiry(store, loop, writer)
        self.health = ComponentStatuses()
        self._subresources = Subresources(
            store,
            writer,
            self._decoder,
            self._patcher,
            self._pipeline,
            self._deletion,
            binder,
            fields,
            self._applier,
        )
        trusted = Trusted(
            self.scheme,
            store,
            loop,
            chance,
            writer,
            self._pipeline,
            admission,
            binder,
            self._expiry,
            self._created,
        )
        self._components = Components(
            self,
            store,
            trusted,
            self._pipeline,
            self._deletion,
            self._patcher,
            schema,
            validate=validate_components,
        )
        self._definitions = Registry(self.scheme, store, loop, writer, self)
        self.component: Callable[[Request], Response] = self._components.answer
        """Carry out a request of a trusted component: its body is valid and is not checked again."""
        self.perform: Callable[[Asked], Tree] = self._components.perform
        """As ``component``, but returns the body alone, and raises ApiError."""

    # ------------------------------------------------------------------ the door
    def handle(self, request: Request) -> Response:
        """Answer a request of anyone, with every check. Never raises."""
        warnings: list[str] = []
        before, OUTSIDE.simulated = OUTSIDE.simulated, self.hooks.simulated
        try:
            code, body = self._answer(request, warnings)
        except ApiError as error:
            return error.response(tuple(warnings))
        except Exception as error:  # a defect of the simulator must not take the cluster down
            return internal(f"{type(error).__name__}: {error}").response(tuple(warnings))
        finally:
            OUTSIDE.simulated = before
        return Response(code, body, tuple(warnings))

    def watch(self, request: Request) -> Cursor:
        """Follow a resource, a namespace or one object. Raises ApiError."""
        strategy = self._resolve(request)
        form = negotiate(request.accept)
        query = dict(request.query)
        if request.key.name:
            given = query.get("fieldSelector")
            term = f"metadata.name={request.key.name}"
            query["fieldSelector"] = f"{given},{term}" if given else term
        options = list_options(query, watch=True)
        if options.fields is not None:
            self.scheme.check_fields(strategy, options.fields)
        if form.form == "Table":
            tables.check_include(options.include_object)
        simulated = self.hooks.simulated
        return Cursor(self._store, self._loop, strategy, request.key.namespace, options, form, simulated)

    def connect(self, request: Request) -> None:
        """Ask the admission plugins about a stream that is going to begin. Raises ApiError."""
        strategy = self.scheme.resolve(request.key.gvr)
        options = options_of(strategy.gvr, request.subresource, request.query)
        if options is None:
            return
        part = request.subresource.partition("/")[0]
        call = self.call(request._replace(subresource=part), strategy, [])
        self._pipeline.ask(call, CONNECT, options)

    def strategy(self, gvr: Gvr) -> Strategy:
        """The rules of a resource. Raises NotFound when it is not served."""
        return self.scheme.resolve(gvr)

    def resources(self) -> list[Strategy]:
        """Every served resource in order of group, version and name."""
        return self.scheme.all()

    # ------------------------------------------------------------------ routing
    def _resolve(self, request: Request) -> Strategy:
        strategy = self.scheme.resolve(request.key.gvr)
        subresource = request.subresource
        if subresource and subresource not in strategy.subresources:
            raise not_found(strategy.gvr, request.key.name) if strategy.custom else no_such_resource()
        self._check_verb(request, strategy)
        return strategy

    def _check_verb(self, request: Request, strategy: Strategy) -> None:
        verb, key = request.verb, request.key
        if request.subresource:
            # Tokens are made by the gateway, which has the keys; nothing is read or changed under that name.
            created = request.subresource in CREATED or request.subresource == "token"
            allowed = {"create"} if created else _PART_VERBS
            if request.subresource == "finalize":
                allowed = {"update"}
            if verb not in allowed or not key.name:
                raise no_such_method()
            return
        if verb not in strategy.verbs:
            raise no_such_method()
        single = verb in {"get", "update", "patch", "delete"}
        if verb != "watch" and single != bool(key.name):
            raise no_such_method()
        # Only lists and watches span all namespaces.
        if strategy.namespaced and not key.namespace and verb not in {"list", "watch"}:
            raise no_such_resource() if key.name else no_such_method()

    def _answer(self, request: Request, warnings: list[str]) -> tuple[int, Tree]:
        strategy = self._resolve(request)
        form = negotiate(request.accept)
        if strategy.deprecation:
            warnings.append(strategy.deprecation)
        if request.verb == "watch":
            raise bad_request("a watch is a stream, which this door does not serve")
        if request.verb == "list":
            return 200, self._list(request, strategy, form)
        if request.verb == "deletecollection":
            return 200, self._delete_collection(request, strategy, form, warnings)
        call = self.call(request, strategy, warnings)
        code, obj = _VERBS[request.verb](self, call)
        if obj.get("kind") in {"Status", "Scale"} and obj["kind"] != strategy.kind:
            if obj["kind"] == "Scale" and form.form == "Table":
                obj = tables.present(scale.STRATEGY, obj, form, self._loop.now, request.query.get("includeObject", ""))
            return code, obj
        if strategy.storage is not None and (strategy.custom or obj.get("apiVersion") != strategy.gvr.api_version):
            obj = strategy.from_storage(obj)
        include = request.query.get("includeObject", "")
        return code, tables.present(strategy, obj, form, self._loop.now, include)

    def call(self, request: Request, strategy: Strategy, warnings: list[str]) -> Call:
        """The request with its options and rules. Raises Invalid."""
        verb = request.verb
        options = write_options(request.query, verb) if verb in _WRITES else _NO_OPTIONS
        context = Context(self._loop.now, self._loop.stamp(), request.identity.user, request.identity)
        return Call(request, strategy, table_of(strategy), options, context, warnings)

    def owned(self, request: Request, body: Tree) -> list[Tree]:
        """The managedFields of an object that is answered and not kept: a review."""
        call = self.call(request, self.scheme.resolve(request.key.gvr), [])
        return list(self._fields.created(call, (body, self._fields.written(call, body)), None) or ())

    def _created(self, asked: Asked) -> Tree:
        """A component's creation by way of the whole pipeline, without the checks of its body."""
        request = request_of(asked)
        call = self.call(request, self.scheme.resolve(request.key.gvr), [])
        return self._pipeline.create(call, request.body, check=False)

    # ------------------------------------------------------------------ verbs
    def _get(self, call: Call) -> tuple[int, Tree]:
        asked = revision_of(call.request.query.get("resourceVersion", ""), _bad_revision)
        if asked > self._store.revision:
            raise too_large_revision(asked, self._store.revision)
        if call.strategy.gvr == COMPONENTSTATUSES:
            return 200, self.health.get(call.name)
        found = self._pipeline.current(call)
        if call.subresource == "scale":
            seen = call.strategy.from_storage(found) if call.strategy.custom else found
            return 200, scale_of(seen, call.strategy.scale_paths)
        if call.subresource in STREAMS:
            raise bad_request(f"{call.subresource} of pods is a stream, which this door does not serve")
        return 200, found

    def _list(self, request: Request, strategy: Strategy, form: Representation) -> Tree:
        options = list_options(request.query, watch=False)
        if form.form == "Table":
            tables.check_include(options.include_object)
        if strategy.gvr == COMPONENTSTATUSES:
            shown = self.health.list(strategy, options)
            return tables.present_list(strategy, shown, {}, form, self._loop.now, options.include_object)
        page = self._lists.page(strategy, request.key.namespace, options)
        items = page.items
        if strategy.storage is not None:
            items = strategy.many_from_storage(items)
        return tables.present_list(strategy, items, page.metadata, form, self._loop.now, options.include_object)

    def _create(self, call: Call) -> tuple[int, Tree]:
        if call.subresource or call.strategy.kind == "Binding":
            return 201, self._subresources.create(call)
        body = self._decoder.body(call, expected(call))
        stored = self._pipeline.create(call, body)
        self.noticed(call, stored, created=True)
        return 201, stored

    def _update(self, call: Call) -> tuple[int, Tree]:
        if call.subresource == "scale":
            return 200, self._subresources.write_scale(call)
        if call.subresource == "finalize":
            return 200, self._subresources.finalize(call)
        body = self._decoder.body(call, expected(call))
        match_name(body, call.name)
        match_namespace(body, call.namespace)
        stored = self._store.get(call.table, call.namespace, call.name)
        if stored is None:
            if call.subresource or not call.strategy.allow_create_on_update:
                raise not_found(call.strategy.gvr, call.name)
            return 201, self._pipeline.create(call, body)
        updated = self._pipeline.update(call, body, stored)
        self.noticed(call, updated, created=False)
        return 200, updated

    def _patch(self, call: Call) -> tuple[int, Tree]:
        kind = self._patcher.check_type(call)
        if call.subresource == "scale":
            return 200, self._subresources.write_scale(call)
        if kind == APPLY_PATCH:
            code, stored = self._applier.apply(call)
            self.noticed(call, stored, created=code == 201)
            return code, stored
        stored = self._pipeline.current(call)
        strategy = call.strategy
        old = strategy.from_storage(stored) if strategy.storage is not None else stored
        new = self._patcher.patched(call, old, expected(call))
        updated = self._pipeline.update(call, new, stored, patched=True)
        self.noticed(call, updated, created=False)
        return 200, updated

    def _delete(self, call: Call) -> tuple[int, Tree]:
        options = delete_options(call.request.query, self._decoder.options_body(call))
        if options.dry_run:
            call = call._replace(options=_NO_OPTIONS._replace(dry_run=True))
        current = self._pipeline.current(call)
        if call.strategy.custom:
            # What a webhook has to say about the object must be known before it changes.
            call.strategy.from_storage(current)
        outcome = self._deletion.delete(call, current, options)
        if outcome.status_only or (outcome.gone and not returns_deleted(call.strategy)):
            return 200, success(call.strategy, outcome.obj)
        return 200, outcome.obj

    def _delete_collection(
        self, request: Request, strategy: Strategy, form: Representation, warnings: list[str]
    ) -> Tree:
        options = list_options(request.query, watch=False)
        call = self.call(request, strategy, warnings)
        chosen = delete_options(request.query, self._decoder.options_body(call))
        if chosen.dry_run:
            call = call._replace(options=_NO_OPTIONS._replace(dry_run=True))
        page = self._lists.page(strategy, request.key.namespace, options)
        if strategy.custom:
            strategy.many_from_storage(page.items)
        self._deletion.ask(call, page.items)
        deleted = [self._deletion.delete(call, stored, chosen).obj for stored in page.items]
        return tables.present_list(strategy, deleted, page.metadata, form, self._loop.now)

    def noticed(self, call: Call, stored: Tree, *, created: bool) -> None:
        """An object was written by way of the pipeline: Events start their time to live."""
        if call.table != EVENTS or call.options.dry_run:
            return
        namespace, name = place(stored)
        if created:
            self._expiry.created(namespace, name)
        else:
            self._expiry.renewed(namespace, name)


def _bad_revision(text: str) -> ApiError:
    return plain(bad_revision(text))


_Verb = Callable[[ApiServer, Call], tuple[int, Any]]
_VERBS: dict[str, _Verb] = {
    "get": ApiServer._get,
    "create": ApiServer._create,
    "update": ApiServer._update,
    "patch": ApiServer._patch,
    "delete": ApiServer._delete,
}
