"""What the pipeline asks of a kind: names, defaults, preparation, validation, selectable fields, printed columns."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from kubesim.api.scalepaths import ScalePaths
from kubesim.objects.errors import Cause
from kubesim.objects.wire import EMPTY, Gvr, Identity, Tree

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


class Column(NamedTuple):
    """One column of a server-printed table. ``priority`` 1 is shown in wide output only."""

    name: str
    type: str = "string"
    format: str = ""
    description: str = ""
    priority: int = 0


class Context(NamedTuple):
    """What a hook may know beside the object: the present and the caller."""

    now: int
    stamp: str
    user: str
    identity: Identity | None = None


class Strategy:
    """The rules of one kind. Every hook is pure (returns a tree, never mutates) unless its text says otherwise.

    Hooks must return the very object they were given when they change nothing: identity is the change test.
    # k8s: apiserver/pkg/registry/rest
    """

    gvr: Gvr
    kind: str
    singular: str = ""
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[str, ...] = ()
    storage: Gvr | None = None
    """Where the objects are kept, when another version of the resource is the stored one."""
    allow_create_on_update: bool = False
    allow_unconditional_update: bool = True
    default_propagation: str = "Background"
    """What happens to dependents unless a deletion says otherwise: Background, Orphan or Unsupported."""
    has_generation: bool = True
    has_owners: bool = True
    """Whether metadata.managedFields tells who set which field."""
    name_format: str = "subdomain"
    """What metadata.name must be: a ``subdomain`` or ``label`` (RFC 1123), or any ``segment`` of a URL path."""
    follows_status: bool = False
    """Whether ``begin`` is to hear of status updates of components, too."""
    custom: bool = False
    """Whether a CustomResourceDefinition made this kind."""
    scale_paths: ScalePaths | None = None
    """Where the replicas are, for kinds whose definition says so."""
    deprecation: str = ""
    """The Warning header that every request for this resource gets, when the resource is deprecated."""
    columns: tuple[Column, ...] = (
        Column("Name", format="name"),
        Column("Age"),
    )

    def decode(self, tree: Tree, strictness: str) -> tuple[Tree, list[str]] | None:
        """A body pruned, and complaints about what went, for kinds with a schema of their own. Raises ApiError."""
        del tree, strictness
        return None

    def substance(self, obj: Tree) -> Any:
        """The part of an object whose changes its generation counts."""
        return obj.get("spec", EMPTY)

    def default(self, obj: Tree) -> Tree:
        """Fill in the defaults (SetDefaults_* of the kind)."""
        return obj

    def to_storage(self, obj: Tree) -> Tree:
        """Convert a complete object of this version, apiVersion included, to the stored one (see ``storage``)."""
        return obj

    def from_storage(self, obj: Tree) -> Tree:
        """Convert a stored object to this version."""
        return obj

    def many_from_storage(self, objects: list[Tree]) -> list[Tree]:
        """As ``from_storage`` for a whole list."""
        return [self.from_storage(obj) for obj in objects]

    def prepare_create(self, obj: Tree, context: Context) -> Tree:
        """Drop what a creator may not set (status), set what the server sets (generation 1, phase)."""
        del context
        return obj

    def prepare_update(self, new: Tree, old: Tree, context: Context, subresource: str = "") -> Tree:
        """Keep what this update may not change: the status on a plain update, all but the status on a status update."""
        del old, context, subresource
        return new

    def validate(self, obj: Tree) -> list[Cause]:
        """Every rule broken by a new object, beyond schema and metadata (those are checked for all kinds alike)."""
        del obj
        return []

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """Every rule broken by a change, the rules of ``validate`` included where Kubernetes does so."""
        del old, subresource
        return self.validate(new)

    def warnings(self, new: Tree, old: Tree | None) -> list[str]:
        """Warning headers that deserve to be sent."""
        del new, old
        return []

    def internal(self, obj: Tree) -> Tree:
        """The object whose metadata are shown without the rest: without the annotations that stand for fields."""
        return obj

    def fields(self, obj: Tree) -> Mapping[str, str]:
        """The selectable fields beside metadata.name and metadata.namespace.

        Must also answer for an object without spec and status: the keys of that answer are what selectors may name.
        """
        del obj
        return {}

    def graceful(self, obj: Tree, grace_seconds: int | None) -> int:
        """How many seconds a deletion of this object waits; 0 deletes at once."""
        del obj, grace_seconds
        return 0

    def begin(self, new: Tree, old: Tree | None) -> Tree:
        """Allocate what the object needs (addresses, ports). May change the strategy's own state; raises ApiError."""
        del old
        return new

    def deleted(self, obj: Tree) -> None:
        """Release what ``begin`` allocated. Changes the strategy's own state."""

    def row(self, obj: Tree, now: int) -> list[Any]:
        """The cells of the object, one for each of ``columns``; ``now`` in milliseconds since 1970."""
        del now
        return [obj["metadata"]["name"], obj["metadata"].get("creationTimestamp")]

    def row_conditions(self, obj: Tree) -> list[Tree]:
        """The ``conditions`` of the object's table row; empty for almost every kind."""
        del obj
        return []
