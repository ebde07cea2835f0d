"""Server-side apply of whole objects and of their status: create what is not there, merge into what is."""

from kubesim.api.apply.failures import unconvertible
from kubesim.api.apply.manager import Applied, FieldManager
from kubesim.api.apply.reading import configuration
from kubesim.api.call import Call
from kubesim.api.decoding import Decoder, Expected, expected, unhandled
from kubesim.api.metadata import match_name, match_namespace, metadata_of
from kubesim.api.pipeline import Pipeline
from kubesim.objects.errors import ApiError, bad_request, conflict, not_found
from kubesim.objects.wire import Tree
from kubesim.store.mvcc import Store

_YAML = "error converting YAML to JSON: yaml: unmarshal errors:"


class Applier:
    """Answers applies."""

    def __init__(self, store: Store, decoder: Decoder, fields: FieldManager, pipeline: Pipeline) -> None:
        self._store = store
        self._decoder = decoder
        self._fields = fields
        self._pipeline = pipeline

    def apply(self, call: Call) -> tuple[int, Tree]:
        """Create or change the object that the path names: 201 or 200 and the object. Raises ApiError."""
        strategy = call.strategy
        stored = self._store.get(call.table, call.namespace, call.name)
        if stored is None:
            if call.subresource:
                raise not_found(strategy.gvr, call.name)
            body, entries = self.merged(call, None, expected(call))
            uid = metadata_of(body).get("uid")
            if uid:
                why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
                raise conflict(strategy.gvr, call.name, why)
            return 201, self._pipeline.create(call, _without_revision(body), entries=entries)
        live = strategy.from_storage(stored) if strategy.storage is not None else stored
        body, entries = self.merged(call, live, expected(call))
        return 200, self._pipeline.update(call, body, stored, patched=True, entries=entries)

    def merged(self, call: Call, live: Tree | None, wanted: Expected) -> Applied:
        """What the body of the call makes of an object, decoded, and its managedFields. Raises ApiError."""
        config, repeated = configuration(call)
        tree, entries = self._fields.applied(call, config, live)
        if repeated:
            text = "\n  ".join([_YAML, *repeated])
            if call.options.field_validation == "Strict":
                raise bad_request(f"error strict decoding YAML: {text}")
            call.warnings.append(text)
        body = self._decoded(call, tree, config, wanted)
        match_namespace(body, call.namespace)
        match_name(body, call.name)
        return Applied(body, entries)

    def _decoded(self, call: Call, tree: Tree, config: Tree, wanted: Expected) -> Tree:
        try:
            return self._decoder.checked(call, tree, wanted, [], converter=True)
        except ApiError as error:
            prefix = str(unhandled(wanted.kind, wanted.version, wanted.kind, "").status["message"])
            problem = str(error.status["message"]).removeprefix(prefix)
            raise unconvertible(config, wanted.api_version, wanted.kind, problem) from None


def _without_revision(body: Tree) -> Tree:
    """# k8s: WipeObjectMetaSystemFields: an apply that creates may name a version."""
    metadata = {name: value for name, value in metadata_of(body).items() if name != "resourceVersion"}
    return {**body, "metadata": metadata}
