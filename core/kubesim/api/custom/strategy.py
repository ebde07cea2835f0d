"""The rules of one version of a custom resource, made from its definition."""

from collections.abc import Mapping
from typing import Any

from kubesim.api.custom import jsonpath, pruning, validating
from kubesim.api.custom.conversion import Conversion
from kubesim.api.custom.definition import Version, holds, storage_version, table, versions
from kubesim.api.custom.metadata import coerced
from kubesim.api.custom.printing import cells, columns
from kubesim.api.custom.versions import rank
from kubesim.api.failures import method_refused
from kubesim.api.scalepaths import ScalePaths
from kubesim.api.strategy import Context, Strategy
from kubesim.objects.errors import Cause, bad_request, invalid
from kubesim.objects.wire import EMPTY, Gvr, Tree

KNOWN_LIMIT = 512
_UNSAID = frozenset({"metadata", "kind", "apiVersion"})


class CustomStrategy(Strategy):
    """One served version. # k8s: apiextensions-apiserver/pkg/registry/customresource/strategy.go."""

    custom = True
    default_propagation = "Background"

    def __init__(self, definition: Tree, version: Version) -> None:
        spec, names = definition["spec"], (definition.get("status") or EMPTY).get("acceptedNames") or EMPTY
        self.gvr = Gvr(spec["group"], version.name, names["plural"])
        self.kind = names["kind"]
        self.singular = names.get("singular") or ""
        self.list_kind = names.get("listKind") or f"{self.kind}List"
        self.namespaced = spec.get("scope") == "Namespaced"
        self.short_names = tuple(names.get("shortNames") or ())
        self.categories = tuple(names.get("categories") or ())
        self.subresources = (*(("status",) if version.status else ()), *(("scale",) if version.scale else ()))
        self.storage = table(definition)
        self.storage_version = storage_version(definition)
        self.openapi = version.schema
        self.has_status = version.status
        self.columns = columns(version)
        self.selectable = tuple((path.lstrip("."), jsonpath.fields(path) or ()) for path in version.selectable)
        self.scale_paths = ScalePaths.of(version.scale) if version.scale is not None else None
        self.deprecation = _deprecation(self.gvr, self.kind, version, definition)
        self.terminating = holds(definition, "Terminating")
        self._paths = tuple(column["jsonPath"] for column in version.columns)
        self._defaults = pruning.has_defaults(version.schema)
        self._pruner = pruning.Pruner(coerced)
        self._conversion = Conversion(definition)
        self._read: dict[int, tuple[Tree, Tree]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_read": {}}

    # ------------------------------------------------------------------ bodies
    def decode(self, tree: Tree, strictness: str) -> tuple[Tree, list[str]]:
        """The body without what the schema does not know, and the complaints about that. Raises ApiError."""
        self._expect(tree)
        unknown: list[str] = []
        body = tree
        if "metadata" in tree:
            metadata = coerced(tree["metadata"], "metadata", unknown)
            body = tree if metadata is tree["metadata"] else {**tree, "metadata": metadata}
        pruned: Tree = self._pruner.root(body, self.openapi, unknown)
        return pruned, [] if strictness == "Ignore" else [f'unknown field "{path}"' for path in sorted(unknown)]

    def _expect(self, tree: Tree) -> None:
        given = tree.get("apiVersion") or ""
        if given and given != self.gvr.api_version:
            raise bad_request(
                f"the API version in the data ({given}) does not match the expected API version "
                f"({self.gvr.api_version})"
            )
        kind = tree.get("kind") or self.kind
        if kind != self.kind:
            metadata = tree.get("metadata")
            name = metadata.get("name") if isinstance(metadata, Mapping) else ""
            cause = Cause("FieldValueInvalid", f'Invalid value: "{kind}": must be {self.kind}', "kind")
            raise invalid(self.gvr.group, kind, name or "", [cause])

    def default(self, obj: Tree) -> Tree:
        """The defaults of the schema; nulls that cannot be go."""
        if self._defaults:
            obj = pruning.defaulted(obj, self.openapi)
        found: Tree = pruning.without_nulls(obj, self.openapi)
        return found

    # ------------------------------------------------------------------ storage
    def to_storage(self, obj: Tree) -> Tree:
        """The object in the stored version."""
        found = self._conversion.converted(obj, self.storage_version)
        if found is not obj:
            # The answer will show it in this version again: a webhook is asked before anything is written.
            self._conversion.converted(self._conversion.pruned(found, self._pruner), self.gvr.version)
        return found

    def from_storage(self, obj: Tree) -> Tree:
        """The object in this version, pruned and defaulted by its present schema."""
        known = self._read.get(id(obj))
        if known is not None:
            return known[1]
        return self._from_pruned(obj, self._conversion.pruned(obj, self._pruner))

    def _from_pruned(self, obj: Tree, source: Tree) -> Tree:
        found = self._conversion.converted(source, self.gvr.version)
        if len(self._read) >= KNOWN_LIMIT:
            self._read.clear()
        found = self.default(self._pruner.root(found, self.openapi, []))
        self._read[id(obj)] = obj, found
        return found

    def many_from_storage(self, objects: list[Tree]) -> list[Tree]:
        """As ``from_storage``; a webhook is asked about all of them at once."""
        sources = [self._conversion.pruned(obj, self._pruner) for obj in objects]
        self._conversion.prepare(sources, self.gvr.version)
        return [self._from_pruned(obj, source) for obj, source in zip(objects, sources, strict=True)]

    # ------------------------------------------------------------------ writes
    def prepare_create(self, obj: Tree, context: Context) -> Tree:
        """A new object has no status of its creator's. Raises MethodNotAllowed when the definition is going."""
        del context
        if self.terminating:
            raise method_refused("create not allowed while custom resource definition is terminating")
        if not self.has_status or "status" not in obj:
            return obj
        return {name: value for name, value in obj.items() if name != "status"}

    def prepare_update(self, new: Tree, old: Tree, context: Context, subresource: str = "") -> Tree:
        """A plain update keeps the status; an update of the status changes nothing else."""
        del context
        if subresource == "status":
            kept = {name: value for name, value in old.items() if name not in {"metadata", "status"}}
            metadata = _but_managers(old["metadata"], new["metadata"])
            status = {"status": new["status"]} if "status" in new else {}
            return {**kept, "metadata": metadata, **status}
        if not self.has_status or subresource:
            return new
        if new.get("status", self) is old.get("status", self):
            return new
        kept = {name: value for name, value in new.items() if name != "status"}
        return {**kept, "status": old["status"]} if "status" in old else kept

    def substance(self, obj: Tree) -> Any:
        """Everything but the metadata, and the status when it is written on its own."""
        left_out = _UNSAID | {"status"} if self.has_status else _UNSAID
        return {name: value for name, value in obj.items() if name not in left_out}

    # ------------------------------------------------------------------ validation
    def validate(self, obj: Tree) -> list[Cause]:
        """Schema, embedded metadata, lists, rules."""
        return self._checked(obj, validating.NOTHING)

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """As ``validate``, for what changed. A status is checked alone."""
        if subresource == "status":
            causes = self._checked(new, old)
            return [cause for cause in causes if _is_about_status(cause)]
        return self._checked(new, old)

    def _checked(self, new: Tree, old: Any) -> list[Cause]:
        validator = validating.Validator()
        validator.check(new, self.openapi, "", old)
        causes = validator.causes
        if self.scale_paths is not None:
            causes += self.scale_paths.causes(new)
        causes += validating.duplicates(new, self.openapi)
        if self._conversion.has_rules(self.gvr.version):
            # The expression language is loaded when there is a rule.
            from kubesim.api.custom import rules  # noqa: PLC0415

            if any(cause.reason in rules.BLOCKING for cause in causes):
                return [*causes, rules.UNCHECKED]
            causes += rules.broken(new, old, self.openapi)
        return causes

    # ------------------------------------------------------------------ reading
    def fields(self, obj: Tree) -> Mapping[str, str]:
        """The selectable fields, which are those of this version, whichever the object is stored in."""
        # Which fields there are is asked with an object that is nothing yet.
        if self.selectable and obj.get("apiVersion", self.gvr.api_version) != self.gvr.api_version:
            obj = self.from_storage(obj)
        return {name: _text(jsonpath.value_at(names, obj)) for name, names in self.selectable}

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Name and the printer columns."""
        return [obj["metadata"]["name"], *cells(self.columns[1:], self._paths, obj, now)]


def _deprecation(gvr: Gvr, kind: str, version: Version, definition: Tree) -> str:
    """# k8s: customresource_handler.go: defaultDeprecationWarning."""
    if not version.deprecated:
        return ""
    if version.warning is not None:
        return version.warning
    text = f"{gvr.api_version} {kind} is deprecated"
    others = sorted((each.name for each in versions(definition) if each.served and not each.deprecated), key=rank)
    better = next((name for name in others if rank(name) < rank(version.name)), "")
    return f"{text}; use {gvr.group}/{better} {kind}" if better else text


def _but_managers(old: Tree, new: Tree) -> Tree:
    """The old metadata with the managers of the new."""
    kept = {name: value for name, value in old.items() if name != "managedFields"}
    return {**kept, "managedFields": new["managedFields"]} if "managedFields" in new else kept


def _is_about_status(cause: Cause) -> bool:
    return cause.field == "status" or cause.field.startswith(("status.", "status[", "<nil>"))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else jsonpath.printed(value)
