"""Image references, and the images of one node: its cache and its queue of pulls, one after the other."""

import re
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from kubesim.objects import units

if TYPE_CHECKING:
    from kubesim.kubelet.registries import Login

_DOMAIN = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?))*(?::[0-9]+)?"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"^(?:(?P<domain>{_DOMAIN})/)?(?P<path>{_PART}(?:/{_PART})*)(?::(?P<tag>\w[\w.-]{{0,127}}))?"
    r"(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$"
)
PRESENT_PULL_MS = 400
"""A pull of an image that is there: only its manifest is looked up."""


class ImageNameError(ValueError):
    """A text that is no image reference."""


class Reference(NamedTuple):
    """An image's full name, as the container runtime keeps it."""

    repository: str
    tag: str
    digest: str

    @property
    def full(self) -> str:
        """``docker.io/library/nginx:1.27``."""
        return f"{self.repository}@{self.digest}" if self.digest else f"{self.repository}:{self.tag}"

    @property
    def identifier(self) -> str:
        """The image's ID in a container status: repository and digest (made from the name, always the same)."""
        return f"{self.repository}@{self.digest or 'sha256:' + sha256(self.full.encode()).hexdigest()}"


@lru_cache(maxsize=1024)
def parse(text: str) -> Reference:
    """Normalise a reference. Raises ImageNameError with the kubelet's text. # k8s: parsers.ParseImageName."""
    match = _REFERENCE.match(text)
    if match is None or not text:
        why = "repository name must be lowercase" if _REFERENCE.match(text.lower()) else "invalid reference format"
        if why != "invalid reference format":
            why = f"invalid reference format: {why}"
        raise ImageNameError(f'couldn\'t parse image name "{text}": {why}')
    domain, path = match["domain"] or "", match["path"]
    if domain and "." not in domain and ":" not in domain and domain != "localhost" and domain == domain.lower():
        domain, path = "", f"{domain}/{path}"
    domain = domain or "docker.io"
    if domain in {"docker.io", "index.docker.io"}:
        domain = "docker.io"
        path = path if "/" in path else f"library/{path}"
    return Reference(f"{domain}/{path}", match["tag"] or ("" if match["digest"] else "latest"), match["digest"] or "")


class Pull(NamedTuple):
    """One pull in the queue of a node."""

    asked_ms: int
    begins_ms: int
    ends_ms: int
    size: int

    def describe(self, image: str) -> str:
        """The text of the Pulled event."""
        took = duration(self.ends_ms - self.begins_ms)
        waiting = duration(self.ends_ms - self.asked_ms)
        text = f'Successfully pulled image "{image}" in {took} ({waiting} including waiting).'
        return f"{text} Image size: {self.size} bytes."


def duration(millis: int) -> str:
    """A duration as Go prints it: ``1.5s``, ``2m3s``, ``340ms``."""
    return units.format_duration(millis * 1_000_000)


class ImageStore:
    """The images that a node has, and its pulls. # k8s: kubelet serializeImagePulls."""

    def __init__(self, bandwidth: int, latency_ms: int) -> None:
        self.bandwidth = bandwidth
        """Bytes a second."""
        self.latency_ms = latency_ms
        self.present: dict[str, int] = {}
        """Size in bytes by full name, in order of arrival."""
        self.arrived: dict[str, int] = {}
        """When an image was pulled; those that were there from the beginning are not listed."""
        self.pulled_by: dict[str, tuple[Login, ...]] = {}
        """The logins with which an image was pulled from a registry that asks for one."""
        self._free_at = 0

    def pull(self, full: str, size: int, now: int) -> Pull:
        """Queue a pull behind the others of the node."""
        begins = max(now, self._free_at)
        took = PRESENT_PULL_MS if full in self.present else self.latency_ms + size * 1000 // self.bandwidth
        self._free_at = begins + took
        return Pull(now, begins, begins + took, size)

    def remove(self, full: str) -> int:
        """Remove an image; the bytes that it took."""
        self.arrived.pop(full, None)
        self.pulled_by.pop(full, None)
        return self.present.pop(full, 0)

    def restart(self) -> None:
        """Forget the queue: the kubelet that kept it is gone."""
        self._free_at = 0
