"""agnhost's porter: serves the values of environment variables on the ports that their names end with.

# k8s: agnhost porter
"""

from collections.abc import Mapping

import orjson

from kubesim.kernel.loop import Loop
from kubesim.kubelet.simruntime.agnhost.roles import pages_of, words_of
from kubesim.kubelet.simruntime.http import HttpReply, HttpRequest
from kubesim.kubelet.simruntime.process import SimProcess
from kubesim.kubelet.simruntime.timeline import format_date

_TAGS = ("<a", "<!doctype html", "<html", "<head", "<script", "<h1", "<div", "<p", "<body")
"""Some of the beginnings that make Go take a text for HTML."""


class PorterSite:
    """The answers on one port."""

    def __init__(self, loop: Loop, process: SimProcess, env: Mapping[str, str], port: int) -> None:
        self._loop = loop
        self._process = process
        self._text = pages_of(env).get(port, "")
        flag = words_of(process.program.argv)[1].get("json-response", "false")
        self._as_json = flag in {"", "true"}

    def answer(self, request: HttpRequest) -> HttpReply:
        """The same text whatever is asked."""
        now = self._loop.now
        self._process.note(now, "")
        if self._as_json:
            kind, body = "application/json", orjson.dumps({"Method": request.method, "Body": self._text})
        else:
            kind, body = _kind(self._text), self._text.encode()
        headers = (("Date", format_date("%a, %d %b %Y %H:%M:%S GMT", now)), ("Content-Type", kind))
        return HttpReply(200, headers, body)


def _kind(text: str) -> str:
    # k8s: net/http DetectContentType
    begins = text.lstrip().lower()
    html = any(begins.startswith((f"{tag} ", f"{tag}>")) for tag in _TAGS)
    return f"text/{'html' if html else 'plain'}; charset=utf-8"
