"""Links in pages that came through the proxy: they lead through the proxy again.

# k8s: apimachinery/pkg/util/proxy/transport.go
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from kubesim.httpd.answers import Answer

_LINKS: Mapping[str, tuple[str, ...]] = {
    "a": ("href",), "applet": ("codebase",), "area": ("href",), "audio": ("src",), "base": ("href",),
    "blockquote": ("cite",), "body": ("background",), "button": ("formaction",), "command": ("icon",), "del": ("cite",),
    "embed": ("src",), "form": ("action",), "frame": ("longdesc", "src"), "head": ("profile",), "html": ("manifest",),
    "iframe": ("longdesc", "src"), "img": ("longdesc", "src", "usemap"), "input": ("src", "usemap", "formaction"),
    "ins": ("cite",), "link": ("href",), "object": ("classid", "codebase", "data", "usemap"), "q": ("cite",),
    "script": ("src",), "source": ("src",), "video": ("poster", "src"),
}  # fmt: skip
_TAG = re.compile(r"<([a-zA-Z][a-zA-Z0-9]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
_ATTRIBUTE = re.compile(r"([a-zA-Z][\w-]*)(\s*=\s*)(\"[^\"]*\"|'[^']*'|[^\s\"'>]+)")
LONGEST = 1024 * 1024
"""Longer pages are passed on as they are."""


def rewritten(answer: Answer, prefix: str) -> Answer:
    """The answer with its links, and where it sends on to, below ``prefix``."""
    headers = dict(answer.headers)
    if answer.code // 100 == 3 and "Location" in headers:
        headers["Location"] = link(headers["Location"], prefix)
        return answer._replace(headers=headers)
    kind = answer.content_type.partition(";")[0].strip()
    if kind != "text/html" or not isinstance(answer.body, bytes) or len(answer.body) > LONGEST:
        return answer
    text = answer.body.decode("utf-8", "surrogateescape")
    return answer._replace(body=_TAG.sub(_Page(prefix).tag, text).encode("utf-8", "surrogateescape"))


def link(address: str, prefix: str) -> str:
    """A link below ``prefix``; one to another host, or to what is beside the page, stays."""
    parts = urlsplit(address)
    if parts.netloc or parts.scheme or not parts.path.startswith("/"):
        return address
    return urlunsplit(parts._replace(path=prefix.rstrip("/") + parts.path))


class _Page:
    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._names: tuple[str, ...] = ()

    def tag(self, match: re.Match[str]) -> str:
        self._names = _LINKS.get(match[1].lower(), ())
        if not self._names:
            return match[0]
        return f"<{match[1]}{_ATTRIBUTE.sub(self._attribute, match[2])}>"

    def _attribute(self, match: re.Match[str]) -> str:
        if match[1].lower() not in self._names:
            return match[0]
        return f'{match[1]}{match[2]}"{link(match[3].strip(chr(34) + chr(39)), self._prefix)}"'
