"""Everything that can be scraped from one server: its own metrics, and the ports of the components behind it."""

import ssl
from collections.abc import Callable
from typing import Any

from kubesim.api.access.attributes import Access
from kubesim.httpd.answers import Answer
from kubesim.httpd.identities import Authenticator
from kubesim.httpd.scraping import components
from kubesim.httpd.scraping.families import CONTENT_TYPE, render
from kubesim.httpd.scraping.ports import Component, Plain, Secure, component_at
from kubesim.httpd.scraping.requests import RequestCounts

METRICS, LEVELS = "/metrics", "/metrics/slis"


class Scrapes:
    """``authenticator`` gives who knows the callers at that moment, ``context`` the TLS of the server."""

    def __init__(self, access: Access, authenticator: Callable[[], Authenticator]) -> None:
        self.counts = RequestCounts()
        self.context: ssl.SSLContext | None = None
        self._access = access
        self._authenticator = authenticator

    def answer(self, cluster: Any, path: str) -> Answer | None:
        """The metrics of the API server; None for other paths."""
        if path == LEVELS:
            return Answer(200, render(components.service_levels()), CONTENT_TYPE)
        if path != METRICS:
            return None
        families = [*self.counts.families(), *components.process(), *components.api_server(cluster)]
        return Answer(200, render(families), CONTENT_TYPE)

    def secured(self, cluster: Any, namespace: str, pod: str, port: int) -> Any:
        """A connection to a port of the control plane that speaks TLS; None when it is no such port."""
        name = component_at(cluster, namespace, pod, port)
        if not name or self.context is None:
            return None
        return Secure(self._component(cluster, name), self.context)

    def proxied(self, cluster: Any, namespace: str, pod: str, port: int) -> Any:
        """The same as the API server's proxy opens it: within its TLS, without anybody's certificate."""
        name = component_at(cluster, namespace, pod, port)
        return Plain(self._component(cluster, name)) if name else None

    def _component(self, cluster: Any, name: str) -> Component:
        return Component(name, cluster, self._authenticator(), self._access)
