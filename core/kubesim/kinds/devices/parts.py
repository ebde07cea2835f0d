"""Rules that claims, classes, slices and taint rules share: selectors, taints, configurations, names."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from kubesim.kinds.fielderrors import (
    all_invalid,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
    too_many,
)
from kubesim.kinds.formats import label, qualified, subdomain
from kubesim.objects.errors import Cause
from kubesim.objects.labelsyntax import value_errors
from kubesim.objects.wire import EMPTY, Tree

MOST_SELECTORS = MOST_REQUESTS = MOST_CONSTRAINTS = MOST_CONFIGS = 32
LONGEST_EXPRESSION = 10 * 1024
LONGEST_POOL_NAME = 253
LONGEST_PARAMETERS = 10 * 1024
LONGEST_ID = 32
EFFECTS = ("NoExecute", "NoSchedule", "None")
OPERATORS = ("Equal", "Exists")
_ID = re.compile("[A-Za-z_][A-Za-z0-9_]*")
BAD_ID = (
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters "
    "or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')"
)

Rule = Callable[[str, Any], list[Cause]]


def listed(path: str, items: Iterable[Any] | None, most: int, rule: Rule) -> list[Cause]:
    """Each item by the rule, and not too many of them."""
    entries = list(items or ())
    found = [cause for position, item in enumerate(entries) for cause in rule(f"{path}[{position}]", item)]
    return found + ([too_many(path, len(entries), most)] if len(entries) > most else [])


def unique(path: str, items: Iterable[Any] | None, field: str = "") -> list[Cause]:
    """No two items may have the same name, or be the same."""
    found: list[Cause] = []
    seen: dict[Any, None] = {}
    for position, item in enumerate(items or ()):
        key = item.get(field) if field else item
        if key in seen:
            found.append(duplicate(f"{path}[{position}]" + (f".{field}" if field else ""), key))
        seen[key] = None
    return found


def driver_name(path: str, name: str) -> list[Cause]:
    """The name of a driver. # k8s: core/validation ValidateCSIDriverName."""
    if not name:
        return [required(path)]
    found = [too_long(path, 63)] if len(name) > 63 else []
    return found + all_invalid(path, name, subdomain(name.lower()))


def pool_name(path: str, name: str) -> list[Cause]:
    """Subdomains with slashes between them."""
    if not name:
        return [required(path)]
    found = [too_long(path, LONGEST_POOL_NAME)] if len(name) > LONGEST_POOL_NAME else []
    return found + [cause for part in name.split("/") for cause in all_invalid(path, part, subdomain(part))]


def label_name(path: str, name: str) -> list[Cause]:
    """The name of a device or a request."""
    return all_invalid(path, name, label(name))


def class_name(path: str, name: str) -> list[Cause]:
    """The name of a DeviceClass."""
    return all_invalid(path, name, subdomain(name)) if name else [required(path)]


def attribute_name(path: str, name: str, *, full: bool = False) -> list[Cause]:
    """``name`` or ``driver.example.com/name``; only the second when it must be full."""
    if not name:
        return [required(path, "name required")]
    domain, slash, rest = name.partition("/")
    if not slash:
        found = _identifier(path, name)
        return [*found, invalid(path, name, "must include a domain")] if full else found
    found = driver_name(path, domain) if domain else [required(path, "the domain must not be empty")]
    return found + (_identifier(path, rest) if rest else [required(path, "the name must not be empty")])


def _identifier(path: str, text: str) -> list[Cause]:
    found = [too_long(path, LONGEST_ID)] if len(text) > LONGEST_ID else []
    if not _ID.fullmatch(text):
        found.append(Cause("FieldValueTypeInvalid", f'Invalid value: "{text}": {BAD_ID}', path))
    return found


# ---------------------------------------------------------------------- selectors and configurations
def selectors(path: str, items: Iterable[Tree] | None) -> list[Cause]:
    """CEL over devices."""
    return listed(path, items, MOST_SELECTORS, _selector)


def _selector(path: str, tree: Tree) -> list[Cause]:
    if tree.get("cel") is None:
        return [required(f"{path}.cel")]
    expression = tree["cel"].get("expression") or ""
    if len(expression.encode()) > LONGEST_EXPRESSION:
        return [too_long(f"{path}.cel.expression", LONGEST_EXPRESSION)]
    from kubesim.api.cel.devices import complaint  # noqa: PLC0415 - loaded by the first expression

    why = complaint(expression)
    return [invalid(f"{path}.cel.expression", expression, why)] if why else []


def configuration(path: str, tree: Tree) -> list[Cause]:
    """Parameters for one driver, which nobody else understands."""
    opaque = tree.get("opaque")
    if opaque is None:
        return [required(f"{path}.opaque")]
    found = driver_name(f"{path}.opaque.driver", opaque.get("driver") or "")
    parameters = opaque.get("parameters")
    if parameters is None:
        return [*found, required(f"{path}.opaque.parameters")]
    if not isinstance(parameters, dict):
        why = "parameters must be a valid JSON object"
        found.append(invalid(f"{path}.opaque.parameters", "<value omitted>", why))
    return found


# ---------------------------------------------------------------------- taints
def taint(path: str, tree: Tree) -> list[Cause]:
    """A taint of a device."""
    found = qualified(f"{path}.key", tree.get("key") or "")
    if tree.get("value"):
        found += all_invalid(f"{path}.value", tree["value"], value_errors(tree["value"]))
    effect = tree.get("effect") or ""
    if not effect:
        return [*found, required(f"{path}.effect")]
    return found + ([] if effect in EFFECTS else [not_supported(f"{path}.effect", effect, EFFECTS)])


def toleration(path: str, tree: Tree) -> list[Cause]:
    """A toleration of such taints."""
    found = qualified(f"{path}.key", tree["key"]) if tree.get("key") else []
    operator, value = tree.get("operator") or "", tree.get("value") or ""
    if operator == "Exists":
        if value:
            found.append(invalid(f"{path}.value", value, "must be empty for operator `Exists`"))
    elif operator == "Equal":
        found += all_invalid(f"{path}.value", value, value_errors(value))
    elif operator:
        found.append(not_supported(f"{path}.operator", operator, OPERATORS))
    else:
        found.append(required(f"{path}.operator"))
    effect = tree.get("effect") or ""
    return found + ([not_supported(f"{path}.effect", effect, EFFECTS)] if effect and effect not in EFFECTS else [])


def not_with(path: str, tree: Tree, fields: Iterable[str], why: str) -> list[Cause]:
    """None of these fields may be set."""
    return [forbidden(f"{path}.{name}", why) for name in fields if tree.get(name) is not None]


def spec_of(obj: Tree) -> Tree:
    """The spec, or nothing."""
    found: Tree = obj.get("spec") or EMPTY
    return found
