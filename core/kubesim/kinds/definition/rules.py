"""The rules in x-kubernetes-validations of a definition: do they compile, and are they affordable."""

from kubesim.api.custom.conversion import has_rules
from kubesim.objects.errors import Cause
from kubesim.objects.wire import Tree


def rule_causes(schema: Tree, path: str) -> list[Cause]:
    """What is wrong with the rules of a schema; the expression language is loaded only when there are any."""
    if not has_rules(schema):
        return []
    from kubesim.api.custom.compiling import compile_causes  # noqa: PLC0415

    return compile_causes(schema, path)
