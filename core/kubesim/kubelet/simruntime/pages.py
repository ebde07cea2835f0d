"""Files as web pages: what a server that has a root folder answers for a path."""

from collections.abc import Mapping
from typing import NamedTuple

from kubesim.kubelet.profile import Profile

_TYPES: Mapping[str, str] = {
    "html": "text/html", "htm": "text/html", "css": "text/css", "js": "application/javascript", "txt": "text/plain",
    "json": "application/json", "xml": "text/xml", "svg": "image/svg+xml", "png": "image/png", "jpg": "image/jpeg",
}  # fmt: skip
_FORBIDDEN = "<html>\n<head><title>403 Forbidden</title></head>\n<body>\n<h1>403 Forbidden</h1>\n</body>\n</html>\n"


class Page(NamedTuple):
    """An answer that comes from a file, or from the lack of one."""

    status: int
    type: str
    text: str
    path: str
    """The file."""


def page_of(profile: Profile, files: Mapping[str, str], path: str) -> Page | None:
    """The answer for a path; None when no file is meant by it."""
    name = profile.root + path + ("index.html" if path.endswith("/") else "")
    text = files.get(name)
    if text is not None:
        return Page(200, _TYPES.get(name.rpartition(".")[2], "application/octet-stream"), text, name)
    if path.endswith("/") and any(found.startswith(profile.root + path) for found in files):
        return Page(403, "text/html", _FORBIDDEN, name)
    if name not in profile.files:
        return None
    if path.endswith("/"):
        return Page(403, "text/html", _FORBIDDEN, name)
    return Page(404, "text/html", _FORBIDDEN.replace("403 Forbidden", "404 Not Found"), name)
