"""The secure ports of the controller manager and the scheduler: HTTP within TLS, for those who may read metrics."""

import ssl
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from kubesim.httpd.answers import Answer, encode, refused, text
from kubesim.httpd.identities import Access, Attributes, Authenticator, check
from kubesim.httpd.scraping import components
from kubesim.httpd.scraping.families import CONTENT_TYPE, Family, render
from kubesim.kubelet.simruntime.http import HttpConnection, HttpReply, HttpRequest
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import PODS

NAMESPACE = "kube-system"
PORTS: Mapping[str, int] = {"kube-controller-manager": 10257, "kube-scheduler": 10259}
_FAMILIES: Mapping[str, Callable[[Any, bool], list[Family]]] = {
    "kube-controller-manager": components.manager,
    "kube-scheduler": components.scheduler,
}
_HEALTH = ("/healthz", "/livez", "/readyz")
_PIECE = 65_536


class Component(NamedTuple):
    """One process of the control plane, as its port shows it."""

    name: str
    cluster: Any
    authenticator: Authenticator
    access: Access

    def page(self, path: str, headers: Mapping[str, str], certificate: Any) -> Answer:
        """What a GET gets. Health is told to everyone. # k8s: --authorization-always-allow-paths."""
        if path in _HEALTH:
            return text("ok")
        try:
            identity = self.authenticator.identify(headers, certificate, _HEALTH[0])
            check(self.access, identity, Attributes("get", path=path))
        except ApiError as error:
            return refused(error)
        if path != "/metrics":
            return text("404 page not found\n", 404)
        leads = self.name not in self.cluster.control_plane.down()
        families = [*components.process(), *_FAMILIES[self.name](self.cluster, leads)]
        return Answer(200, render(families), CONTENT_TYPE)


def component_at(cluster: Any, namespace: str, pod: str, port: int) -> str:
    """Which component listens on a port of a pod with TLS, "" for none."""
    if namespace != NAMESPACE or port not in PORTS.values():
        return ""
    found = cluster.store.get(PODS, namespace, pod)
    labels = {} if found is None else found["metadata"].get("labels") or {}
    name = str(labels.get("component", "")) if labels.get("tier") == "control-plane" else ""
    return name if PORTS.get(name) == port else ""


class Plain:
    """A connection without a certificate, as the API server's proxy makes it: it tells nobody who asks."""

    def __init__(self, component: Component) -> None:
        self._component = component
        self.certificate: Any = None
        self._http = HttpConnection(self._answer)

    @property
    def closed(self) -> bool:
        """Whether nothing more comes."""
        return self._http.closed

    def feed(self, data: bytes) -> bytes:
        """What is answered."""
        return self._http.feed(data)

    def _answer(self, request: HttpRequest) -> HttpReply:
        headers = {name.title(): value for name, value in request.headers}
        found = self._component.page(request.target.partition("?")[0], headers, self.certificate)
        if request.method not in {"GET", "HEAD"}:
            found = text("405 method not allowed\n", 405)
        body = encode(found.body, found.content_type)
        return HttpReply(found.code, (("Content-Type", found.content_type),), body)


class Secure:
    """The same within TLS. Clients may show a certificate of the cluster's authority."""

    def __init__(self, component: Component, context: ssl.SSLContext) -> None:
        self._inner = Plain(component)
        self._received, self._sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._received, self._sent, server_side=True)
        self._greeted = False
        self.closed = False

    def feed(self, data: bytes) -> bytes:
        """What is sent back for these bytes."""
        self._received.write(data)
        try:
            if not self._greeted:
                self._tls.do_handshake()
                self._greeted = True
                self._inner.certificate = _certificate(self._tls)
            while piece := self._tls.read(_PIECE):
                answer = self._inner.feed(piece)
                if answer:
                    self._tls.write(answer)
                self.closed = self._inner.closed
        except ssl.SSLWantReadError:
            return self._sent.read()
        except (ssl.SSLError, OSError):
            self.closed = True
            return self._sent.read()
        self.closed = True
        return self._sent.read()


def _certificate(tls: ssl.SSLObject) -> dict[str, Any] | None:
    known = tls.getpeercert()
    return {**known, "raw": tls.getpeercert(binary_form=True)} if known else None
