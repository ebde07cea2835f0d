"""The labels of namespaces: which level of pod security is enforced, audited and warned of, in which version.

# k8s: pod-security-admission/api/helpers.go
"""

import re
from typing import NamedTuple

from kubesim.objects.errors import Cause
from kubesim.objects.wire import EMPTY, Tree

PREFIX = "pod-security.kubernetes.io/"
PRIVILEGED, BASELINE, RESTRICTED = "privileged", "baseline", "restricted"
LEVELS = (PRIVILEGED, BASELINE, RESTRICTED)
LATEST = 1_000
"""The minor version of ``latest``."""
MODES = ("enforce", "audit", "warn")
_VERSION = re.compile(r"^v1\.([0-9]|[1-9][0-9]*)$")


class Level(NamedTuple):
    """A level in a version."""

    name: str = PRIVILEGED
    minor: int = LATEST

    def __str__(self) -> str:
        version = "latest" if self.minor == LATEST else f"v1.{self.minor}"
        return f"{self.name}:{version}"


class Policy(NamedTuple):
    """What a namespace asks for; ``causes`` say what is wrong with its labels."""

    enforce: Level
    audit: Level
    warn: Level
    causes: tuple[Cause, ...] = ()


def labels_of(namespace: Tree | None) -> Tree:
    """The labels of a namespace that are about pod security."""
    labels = ((namespace or EMPTY).get("metadata") or EMPTY).get("labels") or EMPTY
    return {name: value for name, value in labels.items() if name.startswith(PREFIX)}


def policy_of(labels: Tree) -> Policy:
    """The policy that labels ask for. # k8s: PolicyToEvaluate."""
    causes: list[Cause] = []
    found: dict[str, Level] = {}
    for mode in MODES:
        key = PREFIX + mode
        name = str(labels.get(key, PRIVILEGED))
        if name not in LEVELS:
            text = f'Invalid value: "{name}": must be one of privileged, baseline, restricted'
            causes.append(Cause("FieldValueInvalid", text, f"metadata.labels[{key}]"))
            # A mistake must not open what was to be closed.
            name = RESTRICTED if mode == "enforce" else PRIVILEGED
        found[mode] = Level(name, _minor(labels, f"{key}-version", causes))
    if PREFIX + "warn" not in labels and PREFIX + "warn-version" not in labels:
        found["warn"] = _implied(labels, found)
    return Policy(found["enforce"], found["audit"], found["warn"], tuple(causes))


def _implied(labels: Tree, found: dict[str, Level]) -> Level:
    """What is enforced is warned of as well, so that makers of pods hear of it."""
    enforced = found["enforce"]
    return enforced if PREFIX + "enforce" in labels else found["warn"]


def _minor(labels: Tree, key: str, causes: list[Cause]) -> int:
    text = str(labels.get(key, "latest"))
    if text == "latest":
        return LATEST
    match = _VERSION.match(text)
    if match is None:
        said = f'Invalid value: "{text}": must be "latest" or "v1.x"'
        causes.append(Cause("FieldValueInvalid", said, f"metadata.labels[{key}]"))
        return LATEST
    return int(match[1])
