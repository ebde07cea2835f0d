"""HTTP to repositories and registries: one request at a time, with TLS, limits, a deadline and checked redirects."""

import socket
import ssl
import time
from http.client import HTTPException, HTTPResponse
from typing import Final, NamedTuple
from urllib.error import URLError
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request

from kubesim.helm.capabilities import HelmVersion
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.repository.registry.exchange import Credentials, HttpReply, HttpRequest
from kubesim.helm.template.quoting import quote

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 10
_PIECE: Final = 1 << 16


class Security(NamedTuple):
    """How the other side proves who it is, and how this side does."""

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    insecure_skip_tls_verify: bool = False


class Transport:
    """Sends requests with one set of TLS settings; ``timeout`` is in seconds and covers a request as a whole."""

    # The standard library is enough: requests come one after another in a program that then ends, and the redirects
    # and the errors have to be Helm's own in any case.

    def __init__(self, security: Security = Security(), timeout: float = 120.0) -> None:  # noqa: B008 (a value)
        self.security = security
        self.timeout = timeout
        self._context: ssl.SSLContext | None = None

    def send(self, request: HttpRequest) -> HttpReply:
        """The reply after all redirects; ChartError with Go's text when there is none."""
        deadline = time.monotonic() + self.timeout
        current, shown, count = request, request.url, 0
        while True:
            reply = self._once(current, shown, deadline)
            location = reply.headers.get("location", "")
            if reply.status not in _REDIRECTS or not location:
                return reply
            shown = masked(location)
            count += 1
            if count >= _MOST_REDIRECTS:
                raise _failure(request.method, shown, f"stopped after {_MOST_REDIRECTS} redirects")
            current = _redirected(request, current, reply.status, location)

    def _once(self, request: HttpRequest, shown: str, deadline: float) -> HttpReply:
        url, headers = _without_userinfo(request)
        scheme = urlsplit(url).scheme
        if scheme not in {"http", "https"}:
            raise _failure(request.method, shown, f"unsupported protocol scheme {quote(scheme)}")
        outgoing = Request(url, request.body or None, headers, method=request.method)
        try:
            response = self._opened(outgoing, deadline)
            with response:
                return self._read(request, response, shown, deadline)
        except (OSError, HTTPException, ValueError) as error:
            raise _failure(request.method, shown, explain(error, url)) from None

    def _opened(self, request: Request, deadline: float) -> HTTPResponse:
        if self._context is None:
            self._context = tls_context(self.security)
        opener = OpenerDirector()
        opener.add_handler(HTTPHandler())
        opener.add_handler(HTTPSHandler(context=self._context))
        if not _is_loopback(urlsplit(request.full_url).hostname or ""):
            # k8s: Go net/http ProxyFromEnvironment; this machine is never asked by way of a proxy
            opener.add_handler(ProxyHandler())
        left = max(deadline - time.monotonic(), 0.001)
        response = opener.open(request, timeout=left)
        if not isinstance(response, HTTPResponse):
            raise URLError("no answer")
        return response

    def _read(self, request: HttpRequest, response: HTTPResponse, shown: str, deadline: float) -> HttpReply:
        headers = {name.lower(): value for name, value in response.getheaders()}
        length = headers.get("content-length", "")
        pieces: list[bytes] = []
        size = int(length) if length.isdigit() and request.method != "HEAD" else 0
        if response.status >= 400:
            # Of an error only the text matters.
            return HttpReply(response.status, headers, response.read(_PIECE), response.reason)
        while size <= request.limit:
            if time.monotonic() > deadline:
                raise _failure(
                    request.method,
                    shown,
                    "context deadline exceeded (Client.Timeout or context cancellation while reading body)",
                )
            piece = response.read1(_PIECE)
            if not piece:
                body = b"".join(pieces)
                if length.isdigit() and request.method != "HEAD" and len(body) < int(length):
                    raise _failure(request.method, shown, "unexpected EOF")
                return HttpReply(response.status, headers, body, response.reason)
            pieces.append(piece)
            size = max(size, sum(map(len, pieces)))
        raise ChartError(f"failed to fetch {shown} : it is larger than the {request.limit} bytes that are allowed")


def tls_context(security: Security) -> ssl.SSLContext:
    """The TLS settings; ChartError with Helm's text for files that cannot be used."""
    context = ssl.create_default_context()
    if security.ca_file:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(cafile=security.ca_file)
        except ssl.SSLError:
            raise _tls_problem(f"failed to append certificates from file: {quote(security.ca_file)}") from None
        except OSError as error:
            problem = f"open {security.ca_file}: {_reason(error)}"
            raise _tls_problem(f"can't read CA file: {quote(security.ca_file)}: {problem}") from None
    if security.cert_file and security.key_file:
        _check_readable("cert", security.cert_file)
        _check_readable("key", security.key_file)
        try:
            context.load_cert_chain(security.cert_file, security.key_file)
        except (ssl.SSLError, OSError):
            names = f"{quote(security.cert_file)} and {quote(security.key_file)}"
            raise _tls_problem(f"unable to load cert from key pair {names}") from None
    if security.insecure_skip_tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _check_readable(kind: str, path: str) -> None:
    try:
        with open(path, "rb"):
            return
    except OSError as error:
        problem = f"open {path}: {_reason(error)}"
        raise _tls_problem(f"can't read {kind} file: {quote(path)}: {problem}") from None


def _tls_problem(text: str) -> ChartError:
    return ChartError(f"can't create TLS config for client: {text}")


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _without_userinfo(request: HttpRequest) -> tuple[str, dict[str, str]]:
    """The URL without name and password; they become a header unless there is one already."""
    parts = urlsplit(request.url)
    headers = {"User-Agent": f"Helm/{HelmVersion().version.removeprefix('v')}", **request.headers}
    if "@" not in parts.netloc:
        return request.url, headers
    userinfo, _, host = parts.netloc.rpartition("@")
    name, _, password = userinfo.partition(":")
    headers.setdefault("Authorization", Credentials(unquote(name), unquote(password)).basic)
    return urlunsplit(parts._replace(netloc=host)), headers


def _redirected(first: HttpRequest, current: HttpRequest, status: int, location: str) -> HttpRequest:
    url = urljoin(current.url, location)
    headers = dict(current.headers)
    if not _is_within(urlsplit(url).hostname or "", urlsplit(first.url).hostname or ""):
        # k8s: Go net/http shouldCopyHeaderOnRedirect; what is secret stays with the host it was meant for
        headers.pop("Authorization", None)
    if status in {307, 308} or current.method in {"GET", "HEAD"}:
        return current._replace(url=url, headers=headers)
    return current._replace(url=url, headers=headers, method="GET", body=b"")


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


def _is_within(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def masked(url: str) -> str:
    """A URL for people to read: without its password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    userinfo, at, host = parts.netloc.rpartition("@")
    name, colon, _ = userinfo.partition(":")
    return urlunsplit(parts._replace(netloc=f"{name}:***@{host}")) if at and colon else url


def _failure(method: str, url: str, problem: str) -> ChartError:
    return ChartError(f"{method[:1]}{method[1:].lower()} {quote(masked(url))}: {problem}")


def explain(error: Exception, url: str) -> str:
    """What went wrong, as Go's net/http says it."""
    cause = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
    if isinstance(cause, ssl.SSLError):
        return _explain_tls(cause)
    host = urlsplit(url).hostname or ""
    if isinstance(cause, TimeoutError):
        return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    if isinstance(cause, socket.gaierror):
        return f"dial tcp: lookup {host}: no such host"
    if isinstance(cause, HTTPException):
        return "EOF" if type(cause).__name__ in {"RemoteDisconnected", "BadStatusLine"} else f"net/http: {cause}"
    if isinstance(cause, ConnectionResetError):
        return "read: connection reset by peer"
    if isinstance(cause, OSError) and cause.errno:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return f"dial tcp {host}:{port}: connect: {_reason(cause)}"
    return str(cause)


def _explain_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        message = error.verify_message
        if "expired" in message or "not yet valid" in message:
            return "tls: failed to verify certificate: x509: certificate has expired or is not yet valid"
        if "mismatch" in message:
            return f"tls: failed to verify certificate: x509: {message}"
        return "tls: failed to verify certificate: x509: certificate signed by unknown authority"
    if error.reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"}:
        return "http: server gave HTTP response to HTTPS client"
    return f"remote error: tls: {(error.reason or str(error)).lower().replace('_', ' ')}"
