"""The registry of what is served: strategies by resource and by kind, their tables and selectable fields."""

from collections.abc import Iterable
from typing import Any

from kubesim.api.failures import no_such_resource
from kubesim.api.strategy import Strategy
from kubesim.objects.errors import bad_request
from kubesim.objects.selectors import FieldSelector
from kubesim.objects.wire import Gvr, Tree

_BARE: Tree = {"metadata": {"name": "", "namespace": ""}, "spec": {}, "status": {}}


class Scheme:
    """All served resources."""

    def __init__(self, strategies: Iterable[Strategy]) -> None:
        self._by_gvr: dict[Gvr, Strategy] = {}
        self._by_kind: dict[tuple[str, str], Strategy] = {}
        self._tables: dict[Gvr, Strategy] = {}
        self._fields: dict[Gvr, frozenset[str]] = {}
        for strategy in strategies:
            self.add(strategy)

    def add(self, strategy: Strategy) -> None:
        """Serve one more resource, or another strategy for a served one."""
        self._by_gvr[strategy.gvr] = strategy
        self._by_kind[strategy.gvr.api_version, strategy.kind] = strategy
        self._fields.pop(strategy.gvr, None)

    def add_table(self, gvr: Gvr, strategy: Strategy) -> None:
        """Let components name a resource by its table too; it is not served under that name."""
        self._tables[gvr] = strategy

    def remove(self, gvr: Gvr) -> None:
        """Serve a resource no longer."""
        self._tables.pop(gvr, None)
        strategy = self._by_gvr.pop(gvr, None)
        if strategy is not None:
            self._by_kind.pop((gvr.api_version, strategy.kind), None)
            self._fields.pop(gvr, None)

    def find(self, gvr: Gvr) -> Strategy | None:
        """The strategy of a resource, or None."""
        return self._by_gvr.get(gvr) or self._tables.get(gvr)

    def resolve(self, gvr: Gvr) -> Strategy:
        """The strategy of a resource. Raises NotFound."""
        strategy = self._by_gvr.get(gvr)
        if strategy is None:
            raise no_such_resource()
        return strategy

    def of_kind(self, api_version: str, kind: str) -> Strategy | None:
        """The strategy that serves objects of this kind, or None."""
        return self._by_kind.get((api_version, kind))

    def all(self) -> list[Strategy]:
        """Every strategy in order of group, version and resource."""
        return [self._by_gvr[gvr] for gvr in sorted(self._by_gvr)]

    def check_fields(self, strategy: Strategy, selector: FieldSelector) -> None:
        """Raise BadRequest when the selector names a field that this kind cannot be selected by."""
        known = self._fields.get(strategy.gvr)
        if known is None:
            known = self._fields[strategy.gvr] = frozenset(strategy.fields(_BARE))
        for term in selector.terms:
            if term.field in known or term.field in {"metadata.name", "metadata.namespace"}:
                continue
            if strategy.custom or known - {"metadata.name", "metadata.namespace"}:
                raise bad_request(f"field label not supported: {term.field}")
            text = f'"{term.field}" is not a known field selector: only "metadata.name", "metadata.namespace"'
            raise bad_request(text)


def table_of(strategy: Strategy) -> Gvr:
    """The resource under which the objects are stored."""
    return strategy.storage or strategy.gvr


def fields_of(strategy: Strategy, obj: Tree) -> dict[str, str]:
    """All selectable fields of an object."""
    metadata = obj["metadata"]
    fields: dict[str, Any] = {"metadata.name": metadata["name"], "metadata.namespace": metadata.get("namespace", "")}
    fields.update(strategy.fields(obj))
    return fields
