"""The names in a definition: resource, kind, list, short names, categories."""

import re

from kubesim.kinds.fielderrors import invalid, required
from kubesim.objects.errors import Cause
from kubesim.objects.wire import Tree

_LABEL = "[a-z]([-a-z0-9]*[a-z0-9])?"
_SHAPE = re.compile(_LABEL)
_BAD = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    f"and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '{_LABEL}')"
)


def label_text(name: str) -> str:
    """What is wrong with a DNS label, "" for nothing. # k8s: apimachinery/util/validation IsDNS1035Label."""
    texts = ["must be no more than 63 characters"] if len(name) > 63 else []
    if not _SHAPE.fullmatch(name):
        texts.append(_BAD)
    return ",".join(texts)


def required_names(names: Tree) -> list[Cause]:
    """The names that a spec must have."""
    wanted = ("plural", "singular", "kind", "listKind")
    return [required(f"spec.names.{field}") for field in wanted if not names.get(field)]


def all_names(names: Tree, path: str) -> list[Cause]:
    """The rules of names, in a spec and in a status. # k8s: ValidateCustomResourceDefinitionNames."""
    causes = []
    for field in ("plural", "singular"):
        text = label_text(names.get(field) or "a")
        if text:
            causes.append(invalid(f"{path}.{field}", names[field], text))
    for field in ("kind", "listKind"):
        text = label_text((names.get(field) or "a").lower())
        if text:
            mixed = f"may have mixed case, but should otherwise match: {text}"
            causes.append(invalid(f"{path}.{field}", names[field], mixed))
    causes += _each(names.get("shortNames") or [], f"{path}.shortNames")
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        causes.append(invalid(f"{path}.listKind", names["listKind"], "kind and listKind may not be the same"))
    return causes + _each(names.get("categories") or [], f"{path}.categories")


def _each(found: list[str], path: str) -> list[Cause]:
    return [invalid(f"{path}[{number}]", name, text) for number, name in enumerate(found) if (text := label_text(name))]
