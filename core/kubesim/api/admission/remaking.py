"""Objects that webhooks or policies changed: read by the schema and completed with defaults, as any other body is."""

from kubesim.api.admission.matching import Seen
from kubesim.api.admission.plugin import Attributes
from kubesim.api.apply.kinds import Shapes
from kubesim.api.apply.merging import merge
from kubesim.api.apply.versions import shape_of_kind
from kubesim.api.decoding import Schema
from kubesim.api.failures import internal
from kubesim.api.scale import rescaled
from kubesim.api.scheme import Scheme
from kubesim.api.strategy import Strategy
from kubesim.objects.wire import Tree


class Remaker:
    """Brings changed objects back into the request. # k8s: the end of callAttrMutatingHook."""

    def __init__(self, scheme: Scheme, schema: Schema) -> None:
        self._scheme = scheme
        self._schema = schema
        self._shapes = Shapes(schema)

    def applied(self, asked: Attributes, seen: Seen, current: Tree, config: Tree) -> Tree:
        """An object with a configuration merged into it as server-side apply does. Raises ValueError."""
        strategy = self._scheme.find(seen.gvr)
        if strategy is None or asked.subresource not in {"", "status"}:
            return {**current, **config}
        merged: Tree = merge(shape_of_kind(self._shapes, strategy), current, config)
        return merged

    def remade(self, asked: Attributes, seen: Seen, before: Tree, patched: Tree) -> Tree:
        """The object of the request from a changed one in the version that matched. Raises ApiError."""
        own = self._scheme.find(asked.gvr)
        if own is None or asked.obj is None:
            return patched
        if asked.subresource == "scale" and before is not asked.obj:
            return rescaled(patched, asked.obj, own.scale_paths)
        if before is asked.obj or asked.subresource not in {"", "status"}:
            return self._completed(own, patched) if asked.subresource in {"", "status"} else patched
        other = self._scheme.find(seen.gvr)
        if other is None:
            return self._completed(own, patched)
        changed = self._completed(other, patched)
        stored = other.to_storage(changed) if other.storage is not None else changed
        return own.from_storage(stored) if own.storage is not None else stored

    def _completed(self, strategy: Strategy, tree: Tree) -> Tree:
        if strategy.custom:
            found = strategy.decode(tree, "Ignore")
            return strategy.default(tree if found is None else found[0])
        gvk = (strategy.gvr.group, strategy.gvr.version, strategy.kind)
        if self._schema.knows(gvk):
            decoded = self._schema.decode(gvk, tree, "Ignore")
            if decoded.errors:
                raise internal(decoded.errors[0])
            tree = decoded.tree
        return strategy.default(tree)
