"""Which storage class a claim or a volume has, and which one claims get that name none."""

from collections.abc import Iterable

from kubesim.objects import refs
from kubesim.objects.wire import Tree

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
OLD_CLASS = "volume.beta.kubernetes.io/storage-class"


def class_of(obj: Tree) -> str:
    """The name of the storage class of a claim or a volume, "" for none."""
    return str(refs.annotations(obj).get(OLD_CLASS) or obj["spec"].get("storageClassName") or "")


def has_class(claim: Tree) -> bool:
    """Whether a claim says which class it wants; "" says that it wants none."""
    return OLD_CLASS in refs.annotations(claim) or (claim.get("spec") or {}).get("storageClassName") is not None


def default_class(classes: Iterable[Tree]) -> str:
    """The name of the newest default storage class, "" when there is none."""
    marked = [each for each in classes if refs.annotations(each).get(DEFAULT_CLASS) == "true"]
    marked.sort(key=_creation)
    return str(marked[-1]["metadata"]["name"]) if marked else ""


def _creation(storage_class: Tree) -> tuple[str, str]:
    metadata = storage_class["metadata"]
    return metadata.get("creationTimestamp") or "", metadata["name"]
