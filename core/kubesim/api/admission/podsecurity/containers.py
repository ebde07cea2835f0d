"""What the checks of pod security need of pods: their containers, and lists of names in sentences."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from kubesim.objects.wire import EMPTY, Tree


def containers(spec: Tree) -> Iterator[Tree]:
    """All containers of a pod: init, ordinary, ephemeral."""
    for part in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(part) or ()


def security(of: Tree, *path: str) -> Any:
    """A field below ``securityContext`` of a pod's spec or of a container; None when it is not there."""
    found: Any = of.get("securityContext")
    for name in path:
        if not isinstance(found, dict):
            return None
        found = found.get(name)
    return found


def names(found: Iterable[Tree]) -> list[str]:
    """The names of containers or volumes."""
    return [str(each.get("name") or "") for each in found]


def quoted(items: Iterable[str]) -> str:
    """``"a", "b"``."""
    return ", ".join(f'"{item}"' for item in items)


def plural(one: str, many: str, count: int) -> str:
    """The word for so many."""
    return one if count == 1 else many


def those(found: Sequence[str]) -> str:
    """``container "a"`` or ``containers "a", "b"``."""
    return f"{plural('container', 'containers', len(found))} {quoted(found)}"


def is_windows(spec: Tree) -> bool:
    """Whether a pod says that it is for Windows."""
    return (spec.get("os") or EMPTY).get("name") == "windows"


def has_own_users(spec: Tree) -> bool:
    """Whether a pod has a user namespace of its own. # k8s: relaxPolicyForUserNamespacePod."""
    return spec.get("hostUsers") is False
