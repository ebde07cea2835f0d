"""The catalogue of images: which profile an image runs as; built in, and extended by a cluster's own entries."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any

import yaml

from kubesim.kubelet import entry as entries
from kubesim.kubelet import images, registries
from kubesim.kubelet.entry import CatalogueError
from kubesim.kubelet.profile import Profile
from kubesim.kubelet.registries import OPEN

__all__ = ["Catalogue", "CatalogueError"]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CACHE_SIZE = 4096


@cache
def _built_in() -> Mapping[str, Any]:
    text = resources.files("kubesim").joinpath("data/images.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = yaml.load(text, Loader=_LOADER)
    return loaded


class Catalogue:
    """Profiles by pattern. A pattern is a full repository or reference with shell wildcards; the first match wins."""

    def __init__(self, profiles: Mapping[str, Profile], patterns: list[tuple[str, str]]) -> None:
        self._profiles = dict(profiles)
        self._patterns = patterns
        self._found: dict[str, Profile] = {}
        self.registries = OPEN

    @classmethod
    def load(
        cls, extra: Mapping[str, Any] | None = None, path: str = "images", private: Mapping[str, Any] | None = None
    ) -> "Catalogue":
        """The built-in entries, with those of ``extra`` over and before them, and registries that ask for a login.

        ``extra`` maps names to entries; ``path`` is where it stands, for errors. Raises CatalogueError.
        """
        profiles: dict[str, Profile] = {}
        patterns: list[tuple[str, str]] = []
        for name, entry in _built_in().items():
            patterns += _add(profiles, name, entry, f"images.{name}")
        if extra:
            own: list[tuple[str, str]] = []
            for name, entry in entries.mapping(extra, path).items():
                own += _add(profiles, str(name), entry, f"{path}.{name}")
            patterns = own + patterns
        made = cls(profiles, patterns)
        if private:
            made.registries = registries.parse(private)
        return made

    def profile(self, reference: images.Reference) -> Profile:
        """What this image does; images that no entry knows run the entry ``default``."""
        full = reference.full
        found = self._found.get(full)
        if found is None:
            if len(self._found) >= _CACHE_SIZE:
                self._found.clear()
            found = self._found[full] = self._search(reference)
        return found

    def _search(self, reference: images.Reference) -> Profile:
        for pattern, name in self._patterns:
            if _matches(reference.repository, pattern) or _matches(reference.full, pattern):
                return self._profiles[name]
        return self._profiles["default"]

    def names(self) -> list[str]:
        """The names of all entries."""
        return list(self._profiles)


def _matches(text: str, pattern: str) -> bool:
    # Compiling all patterns takes longer than all else at the start: most are plain, or fail at their first part.
    if "[" in pattern or "?" in pattern:
        return fnmatchcase(text, pattern)
    parts = pattern.split("*")
    if len(parts) == 1:
        return text == pattern
    if not all(part in text for part in parts):
        return False
    return fnmatchcase(text, pattern)


def _add(profiles: dict[str, Profile], name: str, entry: Any, path: str) -> list[tuple[str, str]]:
    fields = entries.mapping(entry, path)
    # An entry that neither says what it matches nor changes a known one is named after its image.
    matched = [] if name in profiles or name == "default" else [name]
    base = profiles.get(name) or profiles.get("default") or Profile("default")
    if "like" in fields:
        if fields["like"] not in profiles:
            raise CatalogueError(f"{path}.like: there is no entry {fields['like']!r} before this one")
        base = profiles[fields["like"]]
    profiles[name] = entries.read(name, fields, base, path)
    return [(_normal(pattern), name) for pattern in entries.texts(fields.get("match", matched), f"{path}.match")]


def _normal(pattern: str) -> str:
    """A pattern as the full references are written: ``nginx`` is ``docker.io/library/nginx``."""
    if "*" in pattern or "?" in pattern or "[" in pattern:
        return pattern
    try:
        reference = images.parse(pattern)
    except images.ImageNameError:
        return pattern
    tagged = ":" in pattern.rsplit("/", 1)[-1] or "@" in pattern
    return reference.full if tagged else reference.repository
