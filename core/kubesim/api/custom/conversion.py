"""Objects between the versions of their definition: another apiVersion, or whatever a webhook makes of them.

# k8s: apiextensions-apiserver/pkg/apiserver/conversion
"""

from collections.abc import Sequence
from typing import Any

from kubesim.api.custom.definition import storage_version, versions
from kubesim.api.custom.pruning import Pruner
from kubesim.api.webhooks import WEBHOOKS, ConversionCall
from kubesim.objects.wire import EMPTY, Tree


class Conversion:
    """What a definition says of conversions, and the schemas that stored objects are pruned by."""

    def __init__(self, definition: Tree) -> None:
        spec = definition["spec"]
        self._group = spec["group"]
        self._schemas = {version.name: version.schema for version in versions(definition)}
        self._rules = {name: has_rules(schema) for name, schema in self._schemas.items()}
        self._stored = storage_version(definition)
        given = spec.get("conversion") or EMPTY
        self._webhook: Tree | None = given.get("webhook") if given.get("strategy") == "Webhook" else None
        self._name = f"{spec['names']['plural']}.{spec['group']}"

    def has_rules(self, version: str) -> bool:
        """Whether the schema of a version has x-kubernetes-validations."""
        return self._rules[version]

    def pruned(self, obj: Tree, pruner: Pruner) -> Tree:
        """The object without what the schema of its own version does not know."""
        schema = self._schemas.get(obj["apiVersion"].rpartition("/")[2])
        found: Tree = obj if schema is None else pruner.root(obj, schema, [])
        return found

    def converted(self, obj: Tree, version: str) -> Tree:
        """The object in another version. Raises ApiError when a webhook fails."""
        wanted = f"{self._group}/{version}"
        if obj.get("apiVersion") == wanted:
            return obj
        if self._webhook is None:
            return {**obj, "apiVersion": wanted}
        return WEBHOOKS.converted(ConversionCall(self._name, self._webhook, wanted), [obj])[0]

    def prepare(self, objects: Sequence[Tree], version: str) -> None:
        """Ask a webhook about many objects at once; ``converted`` knows the answers then."""
        wanted = f"{self._group}/{version}"
        others = [obj for obj in objects if obj.get("apiVersion") != wanted]
        if self._webhook is not None and others:
            WEBHOOKS.converted(ConversionCall(self._name, self._webhook, wanted), others)


def has_rules(schema: Any) -> bool:
    """Whether there is an x-kubernetes-validations anywhere in a schema."""
    if not isinstance(schema, dict):
        return False
    if schema.get("x-kubernetes-validations"):
        return True
    below = [*(schema.get("properties") or EMPTY).values(), schema.get("items"), schema.get("additionalProperties")]
    return any(has_rules(part) for part in below)
