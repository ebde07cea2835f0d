"""The way of a request through the gateway: who asks, as whom, may they, is there room, which flow is it of."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import web

from kubesim.api.access.attributes import MASTERS
from kubesim.api.access.flowcontrol import Flow
from kubesim.api.failures import not_acceptable
from kubesim.httpd.answers import TEXT, Answer
from kubesim.httpd.identities import Access, Attributes, Decision, check, impersonated
from kubesim.objects.errors import bad_request
from kubesim.objects.selectors import parse_fields
from kubesim.objects.wire import EMPTY, NAMESPACES, Identity, Request

if TYPE_CHECKING:
    from kubesim.httpd.server import Server

READS, WRITES = 400, 200
"""How many requests that read, and that write, may be under way. # k8s: --max-requests-inflight and -mutating-"""
TOO_MANY = Answer(429, b"Too many requests, please try again later.\n", TEXT, {"Retry-After": "1"})
ACCEPT_LIMIT = 4096
"""The longest Accept header in letters."""
_READING = frozenset({"get", "list", "watch"})
_LONG_PARTS = frozenset({"attach", "exec", "log", "portforward", "proxy"})
_STREAMED = frozenset({"exec", "attach", "portforward", "proxy"})
_HTTP_VERBS = {"GET": "get", "HEAD": "get"}


class Caller(NamedTuple):
    """Who sent the request, and as whom it is carried out."""

    authenticated: Identity
    identity: Identity


class Limits:
    """Counts the short requests that are under way."""

    def __init__(self, reads: int = READS, writes: int = WRITES) -> None:
        self._room = {True: reads, False: writes}

    def enter(self, identity: Identity, wanted: Attributes) -> "Place | None":
        """A place for a request, None when there is no room. Whoever gets one has to leave it."""
        if MASTERS in identity.groups or wanted.verb == "watch" or wanted.subresource in _LONG_PARTS:
            return Place(self, None)
        reads = wanted.verb in _READING
        if self._room[reads] <= 0:
            return None
        self._room[reads] -= 1
        return Place(self, reads)

    def leave(self, *, reads: bool) -> None:
        """A request is over."""
        self._room[reads] += 1


class Place:
    """A place among the requests under way. Use it in a ``with`` statement."""

    def __init__(self, limits: Limits, reads: bool | None) -> None:
        self._limits = limits
        self._reads = reads

    def __enter__(self) -> None:
        """See Limits."""

    def __exit__(self, *details: object) -> None:
        if self._reads is not None:
            self._limits.leave(reads=self._reads)


class ClusterAccess:
    """The authorizers of whatever cluster is served at that moment."""

    def __init__(self, server: "Server") -> None:
        self._server = server

    def decide(self, identity: Identity, wanted: Attributes) -> Decision:
        """See Access."""
        decision: Decision = self._server.cluster.api.authorizer.decide(identity, wanted)
        return decision

    def rules(self, identity: Identity, namespace: str) -> Any:
        """See Access."""
        return self._server.cluster.api.authorizer.rules(identity, namespace)


class Gate:
    """Admits requests to one server."""

    def __init__(self, server: "Server", access: Access, limits: Limits) -> None:
        self._server = server
        self.access = access
        self.limits = limits

    def caller(self, http: web.BaseRequest, path: str) -> Caller:
        """Who sent it, by certificate or token, and as whom. Raises Unauthorized, BadRequest and Forbidden."""
        authenticated = self._server.authenticator.identify(http.headers, certificate_of(http), path)
        return Caller(authenticated, impersonated(self.access, authenticated, http.headers))

    def admit(self, identity: Identity, wanted: Attributes) -> Decision:
        """Why it is allowed. Raises Forbidden."""
        return check(self.access, identity, wanted)

    def flow(self, identity: Identity, wanted: Attributes) -> Flow | None:
        """Where the request belongs."""
        found: Flow | None = self._server.cluster.api.flows.classify(identity, wanted)
        return found


def check_headers(http: web.BaseRequest) -> None:
    """Refuse headers that are no text, and an Accept beyond all measure. Raises ApiError.

    # differs: Go passes on any bytes; here they would end up in objects, which are text.
    """
    # A token that is no text is simply not known, which is said in another place.
    values = b"".join([value for name, value in http.raw_headers if name.lower() != b"authorization"])
    if not values.isascii():
        try:
            values.decode()
        except UnicodeDecodeError:
            raise bad_request("the headers are not valid UTF-8") from None
    if len(http.headers.get("Accept", "")) > ACCEPT_LIMIT:
        raise not_acceptable()


def certificate_of(http: web.BaseRequest) -> Mapping[str, Any] | None:
    """What TLS says about the client, with the certificate itself as ``raw``; None without one."""
    transport = http.transport
    known = None if transport is None else transport.get_extra_info("peercert")
    if not known or transport is None:
        return None
    tls = transport.get_extra_info("ssl_object")
    raw = None if tls is None else tls.getpeercert(True)
    return {**known, "raw": raw}


def of_path(method: str, path: str) -> Attributes:
    """What a request wants that is for no resource."""
    return Attributes(_HTTP_VERBS.get(method, method.lower()), path=path)


def of_request(method: str, request: Request) -> Attributes:
    """What a request for a resource wants. # k8s: apiserver/pkg/endpoints/request/requestinfo.go."""
    key, verb = request.key, request.verb
    part = request.subresource.partition("/")[0]
    if part in _STREAMED:
        verb = "get" if method == "GET" else "create"
    namespace, name = key.namespace, key.name
    if key.gvr == NAMESPACES and name:
        # k8s: a namespace is itself in that namespace.
        namespace = name
    fields = EMPTY
    if verb in {"list", "watch"} and "fieldSelector" in request.query:
        fields = _equalities(request.query["fieldSelector"])
        name = name or fields.get("metadata.name", "")
    return Attributes(verb, key.gvr, part, namespace, name, "", fields)


def _equalities(text: str) -> Mapping[str, str]:
    try:
        terms = parse_fields(text).terms
    except ValueError:
        return EMPTY
    return {term.field: term.value for term in terms if not term.negated}
