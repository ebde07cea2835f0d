"""Answers the HTTP requests of one container: the catalogue's routes, or a page that says who answers."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from kubesim.kernel.loop import Loop
from kubesim.kubelet.profile import Route
from kubesim.kubelet.runtime import Facts
from kubesim.kubelet.simruntime import pages, templates
from kubesim.kubelet.simruntime.http import HttpReply, HttpRequest
from kubesim.kubelet.simruntime.process import SimProcess
from kubesim.kubelet.simruntime.timeline import format_date
from kubesim.objects.times import format_time

CLIENT = "10.244.0.1"


class Site:
    """The pages of one process on one port."""

    def __init__(self, loop: Loop, process: SimProcess, facts: Facts, port: int, env: Mapping[str, str]) -> None:
        self._loop = loop
        self._process = process
        self._facts = facts
        self._port = port
        self._env = env
        """What came from ConfigMaps and Secrets, the values of the latter masked."""

    def answer(self, request: HttpRequest) -> HttpReply:
        """Answer one request and log it."""
        now = self._loop.now
        profile = self._process.program.profile
        path = urlsplit(request.target).path or "/"
        sick = self._sickness(path, now)
        if sick:
            route: Route | None = Route(path, (), sick, body="unhealthy\n")
        else:
            route = templates.route_of(profile, path, request.method)
        values = self._values(request, path)
        extra: tuple[tuple[str, str], ...]
        page = pages.page_of(profile, self._process.files_at(now), path) if profile.root and not sick else None
        if page is not None:
            status, kind, extra = page.status, page.type, ()
            filled = templates.fill(page.text, values, now) if page.path in profile.files else page.text
            body = filled.encode("utf-8", "surrogateescape")
        elif route is None:
            status, kind, body = 200, "application/json", self._page(request, path)
            extra = ()
        else:
            status, kind, extra = route.status, route.type, route.headers
            body = templates.fill(route.body, values, now).encode()
        headers = (
            ("Date", format_date("%a, %d %b %Y %H:%M:%S GMT", now)),
            ("Content-Type", kind),
            *profile.headers,
            *extra,
        )
        values |= {"status": str(status), "size": str(len(body)), "millis": "1"}
        self._process.note(now, templates.fill(profile.request_log, values, now))
        return HttpReply(status, headers, body)

    def _sickness(self, path: str, now: int) -> int:
        age = now - self._process.started_ms
        for sick in self._process.program.profile.unhealthy:
            if (
                sick.path == path
                and age >= sick.after_ms
                and (sick.for_ms is None or age < sick.after_ms + sick.for_ms)
            ):
                return sick.status
        return 0

    def _values(self, request: HttpRequest, path: str) -> dict[str, str]:
        query = urlsplit(request.target).query
        return templates.values_of(self._facts, self._process.program) | {
            "method": request.method,
            "path": path,
            "client": CLIENT,
            "agent": request.header("user-agent") or "-",
            "query_msg": (parse_qs(query).get("msg") or [""])[0],
            "request_headers": "\n".join(f"{name}: {value}" for name, value in request.headers),
        }

    def _page(self, request: HttpRequest, path: str) -> bytes:
        facts, process = self._facts, self._process
        page: dict[str, Any] = {
            "pod": facts.pod,
            "namespace": facts.namespace,
            "node": facts.node,
            "ip": facts.ip,
            "hostIP": facts.host_ip,
            "container": facts.container,
            "image": facts.image,
            "port": self._port,
            "startedAt": format_time(process.started_ms),
            "now": format_time(self._loop.now),
            "requests": process.requests + 1,
            "method": request.method,
            "path": path,
            "query": parse_qs(urlsplit(request.target).query),
            "headers": dict(request.headers),
            "env": dict(self._env),
        }
        if request.body:
            page["body"] = request.body[:4096].decode("utf-8", "replace")
        return orjson.dumps(page, option=orjson.OPT_INDENT_2) + b"\n"
