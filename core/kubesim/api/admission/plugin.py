"""What an admission plugin beside the built-in rules is asked, and who is asked for which request."""

from typing import Any, NamedTuple

from kubesim.api.call import Call
from kubesim.api.webhooks import OUTSIDE
from kubesim.objects.wire import Gvr, Request, Tree
from kubesim.store.index import Index
from kubesim.store.mvcc import Store

CREATE, UPDATE, DELETE, CONNECT = "CREATE", "UPDATE", "DELETE", "CONNECT"


class Attributes(NamedTuple):
    """One request under review. # k8s: apiserver/pkg/admission Attributes."""

    operation: str
    gvr: Gvr
    kind: str
    subresource: str
    namespace: str
    name: str
    """"" while a generated name is not drawn yet."""
    obj: Tree | None
    """The object as it would be stored; None for a deletion."""
    old: Tree | None
    request: Request
    """What was sent: identity, query, cause."""
    dry_run: bool
    warnings: list[str]
    annotations: dict[str, str] | None = None
    """What the audit log is told, by name; None when nobody listens."""

    def annotate(self, name: str, text: str) -> None:
        """Tell the audit log."""
        if self.annotations is not None:
            self.annotations[name] = text

    @property
    def shown(self) -> str:
        """How a refusal calls the object."""
        metadata = (self.obj or self.old or {}).get("metadata") or {}
        name: str = self.name or metadata.get("name") or metadata.get("generateName") or ""
        return name


def attributes(call: Call, operation: str, obj: Tree | None, old: Tree | None) -> Attributes:
    """The request of a call as plugins see it."""
    strategy, request = call.strategy, call.request
    name = request.key.name or ((obj or old or {}).get("metadata") or {}).get("name") or ""
    namespace = request.key.namespace if strategy.namespaced else ""
    return Attributes(
        operation,
        strategy.gvr,
        strategy.kind,
        call.subresource,
        namespace,
        name,
        obj,
        old,
        request,
        call.options.dry_run,
        call.warnings,
        OUTSIDE.annotations,
    )


class Plugin:
    """One plugin. It costs nothing for requests that it does not concern."""

    watched: tuple[Gvr, ...] = ()
    """The tables that decide what it concerns."""

    def concerns(self, operation: str, gvr: Gvr, subresource: str, namespace: str) -> bool:
        """Whether it may have a say; the answer is kept until one of the watched tables is written."""
        raise NotImplementedError

    def mutate(self, asked: Attributes) -> Tree | None:
        """The object after the plugin's changes; the very same object for none. Raises ApiError."""
        return asked.obj

    def validate(self, asked: Attributes) -> None:
        """Refuse by raising ApiError."""


class Witness(Index):
    """Notes that one of the tables it is added to was written, at no cost for the others."""

    def __init__(self) -> None:
        super().__init__(_nothing)
        self.written = True

    def change(self, namespace: str, name: str, old: Tree | None, new: Tree | None) -> None:
        """Follow one write."""
        del namespace, name, old, new
        self.written = True


class SettingsWitness(Witness):
    """That of the plugins' tables: the store keeps one index of a class on each table."""


def _nothing(obj: Tree) -> str:
    del obj
    return ""


class Plugins:
    """The plugins of one server in their order."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._all: list[Plugin] = []
        self._watched: dict[Gvr, None] = {}
        self._settings = SettingsWitness()
        self._concerned: dict[tuple[str, Gvr, str, str], tuple[Plugin, ...]] = {}

    def add(self, plugin: Plugin) -> None:
        """Ask this one too, after the others."""
        self._all.append(plugin)
        for gvr in plugin.watched:
            if gvr not in self._watched:
                self._watched[gvr] = None
                self._store.add_index(gvr, self._settings)

    def concerned(self, operation: str, gvr: Gvr, subresource: str, namespace: str) -> tuple[Plugin, ...]:
        """Who may have a say about a request; mostly nobody."""
        if self._settings.written:
            self._settings.written = False
            self._concerned.clear()
        key = (operation, gvr, subresource, namespace)
        known = self._concerned.get(key)
        if known is None:
            known = tuple(each for each in self._all if each.concerns(operation, gvr, subresource, namespace))
            self._concerned[key] = known
        return known

    def mutate(self, call: Call, operation: str, obj: Tree | None, old: Tree | None = None) -> Any:
        """The object after everybody's changes. Raises ApiError."""
        strategy = call.strategy
        namespace = call.namespace if strategy.namespaced else ""
        plugins = self.concerned(operation, strategy.gvr, call.subresource, namespace)
        if not plugins:
            return obj
        asked = attributes(call, operation, obj, old)
        for plugin in plugins:
            asked = asked._replace(obj=plugin.mutate(asked))
        return asked.obj

    def validate(self, call: Call, operation: str, obj: Tree | None, old: Tree | None = None) -> None:
        """Ask everybody about the final object. Raises ApiError."""
        strategy = call.strategy
        namespace = call.namespace if strategy.namespaced else ""
        plugins = self.concerned(operation, strategy.gvr, call.subresource, namespace)
        if plugins:
            asked = attributes(call, operation, obj, old)
            for plugin in plugins:
                plugin.validate(asked)
