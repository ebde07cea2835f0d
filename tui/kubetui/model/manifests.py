"""The manifests that somebody applies from the screen: a file or a folder of them, with errors that name the place."""

from collections.abc import Sequence
from pathlib import Path

from kubesim.objects.wire import Tree
from kubetui.model.editing import EditError, parse_all

SUFFIXES = frozenset((".yaml", ".yml", ".json"))


def read(name: str) -> Sequence[Tree]:
    """The objects of a file, or of all manifests of a folder. Raises ValueError naming file, line and field."""
    if not name.strip():
        msg = "write the name of a file or a folder"
        raise ValueError(msg)
    path = Path(name.strip()).expanduser()
    files = sorted(each for each in path.iterdir() if each.suffix in SUFFIXES) if path.is_dir() else [path]
    found = [obj for file in files for obj in _of(file)]
    if not found:
        msg = f"{path}: no objects passed to apply"
        raise ValueError(msg)
    return found


def _of(file: Path) -> Sequence[Tree]:
    try:
        found = parse_all(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        msg = f"{file}: {error.strerror or error}"
        raise ValueError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{file}: not a text file in UTF-8"
        raise ValueError(msg) from error
    except EditError as error:
        msg = f"{file}: {error}"
        raise ValueError(msg) from error
    for number, obj in enumerate(found, 1):
        if not isinstance(obj, dict) or not isinstance(obj.get("metadata"), dict) or not obj.get("kind"):
            msg = f"{file}: object {number}: kind and metadata must be set"
            raise ValueError(msg)
    return found
