"""Sends Requests over HTTP to the API server of a cluster, on one connection that is kept open."""

import http.client
import json
import os
import socket
import ssl
import tempfile
import weakref
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from kubesim.objects.wire import JSON, Gvr, Request, Response
from kubetui.client.remote.kubeconfig import Access

METHODS: Final = {
    "get": "GET",
    "list": "GET",
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
    "deletecollection": "DELETE",
}
TIMEOUT: Final = 32.0
"""Seconds that one answer may take."""


class UnreachableError(Exception):
    """The server cannot be spoken to; the text is client-go's."""


def path_of(request: Request) -> str:
    """The path of a request and its query."""
    gvr, namespace, name = request.key
    parts = [*_root(gvr)]
    if namespace:
        parts += ["namespaces", namespace]
    parts.append(gvr.resource)
    parts += [part for part in (name, request.subresource) if part]
    path = "/" + "/".join([quote(part, safe=":~") for part in parts])
    return f"{path}?{urlencode(request.query)}" if request.query else path


def _root(gvr: Gvr) -> list[str]:
    return ["apis", gvr.group, gvr.version] if gvr.group else ["api", gvr.version]


class RemoteClient:
    """A cluster behind HTTP. Not for several threads at once."""

    simulated = False

    def __init__(self, access: Access, agent: str = "kubetui") -> None:
        self.access = access
        self.name = access.context
        self._agent = agent
        self._parts = urlsplit(access.server)
        self._connection: http.client.HTTPConnection | None = None

    def send(self, request: Request) -> Response:
        """Carry out one request. Failures that the server tells are responses; raises UnreachableError."""
        method = METHODS[request.verb]
        body = None if request.body is None else json.dumps(request.body).encode("utf-8", "surrogateescape")
        headers = {"Accept": request.accept}
        if body is not None:
            headers["Content-Type"] = request.content_type
        return self.exchange(method, path_of(request), body, headers)

    def fetch(self, path: str, accept: str = JSON) -> Response:
        """GET a path."""
        return self.exchange("GET", path, None, {"Accept": accept})

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def exchange(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Response:
        """One HTTP exchange. Raises UnreachableError."""
        fresh = self._connection is None
        try:
            return self._exchange(method, path, body, headers)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
            self.close()
            if not fresh:
                # The server had closed a connection that was idle; nothing of this request was read.
                return self.exchange(method, path, body, headers)
            raise self._unreachable(method, path, f"{error}".strip() or "EOF") from None
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._unreachable(method, path, self._reason(error)) from None

    def _exchange(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Response:
        if self._connection is None:
            self._connection = self._opened()
        connection = self._connection
        connection.putrequest(method, self._parts.path.rstrip("/") + path)
        for name, value in [*headers.items(), *self._identity()]:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        data = answer.read()
        warnings = tuple(_warning(text) for text in answer.headers.get_all("Warning") or ())
        return Response(answer.status, _decoded(answer, data), warnings)

    def _opened(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        proxy = urlsplit(self.access.proxy) if self.access.proxy else None
        target = (proxy.hostname or "", proxy.port or 80) if proxy else (host, port)
        connection: http.client.HTTPConnection
        if self._parts.scheme == "https":
            context = context_of(self.access)
            name = self.access.server_name or host
            connection = _NamedConnection(target[0], target[1], context, name)
        else:
            connection = http.client.HTTPConnection(target[0], target[1], timeout=TIMEOUT)
        if proxy and self._parts.scheme == "https":
            connection.set_tunnel(host, port or 443)
        try:
            connection.connect()
        except OSError:
            connection.close()
            raise
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        weakref.finalize(self, connection.close)
        return connection

    def _identity(self) -> list[tuple[str, str]]:
        access = self.access
        found = [("User-Agent", self._agent)]
        if access.token:
            found.append(("Authorization", f"Bearer {access.token}"))
        elif access.username:
            pair = b64encode(f"{access.username}:{access.password}".encode()).decode()
            found.append(("Authorization", f"Basic {pair}"))
        if access.user:
            found.append(("Impersonate-User", access.user))
        return found + [("Impersonate-Group", group) for group in access.groups]

    def _unreachable(self, method: str, path: str, reason: str) -> UnreachableError:
        return UnreachableError(f'{method.capitalize()} "{self.access.server}{path}": {reason}')

    def _reason(self, error: Exception) -> str:
        host, port = self._parts.hostname or "", self._parts.port or (443 if self._parts.scheme == "https" else 80)
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"tls: failed to verify certificate: {self._distrust(error)}"
        if isinstance(error, ssl.SSLError):
            return f"tls: {error.reason or error}".lower().replace("_", " ")
        if isinstance(error, socket.gaierror):
            return f"dial tcp: lookup {host}: no such host"
        if isinstance(error, ConnectionRefusedError):
            address = "127.0.0.1" if host == "localhost" else host
            return f"dial tcp {address}:{port}: connect: connection refused"
        if isinstance(error, TimeoutError):
            return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        if isinstance(error, OSError) and error.strerror:
            return f"dial tcp {host}:{port}: connect: {error.strerror.lower()}"
        return str(error)

    def _distrust(self, error: ssl.SSLCertVerificationError) -> str:
        if error.verify_code in {62, 64}:
            names = ", ".join(self._names())
            return f"x509: certificate is valid for {names}, not {self.access.server_name or self._parts.hostname}"
        if error.verify_code == 10:
            return "x509: certificate has expired or is not yet valid"
        return "x509: certificate signed by unknown authority"

    def _names(self) -> list[str]:
        """The names in the server's certificate of the kind that was asked for."""
        from cryptography import x509  # noqa: PLC0415 (needed for one error text)

        text = ssl.get_server_certificate((self._parts.hostname or "", self._parts.port or 443), timeout=5)
        extensions = x509.load_pem_x509_certificate(text.encode()).extensions
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        asked = self.access.server_name or self._parts.hostname or ""
        if asked.replace(".", "").isdigit() or ":" in asked:
            return [str(address) for address in names.get_values_for_type(x509.IPAddress)]
        return names.get_values_for_type(x509.DNSName)


class _NamedConnection(http.client.HTTPSConnection):
    """An HTTPS connection whose server may be known by another name than its address."""

    def __init__(self, host: str, port: int | None, context: ssl.SSLContext, name: str) -> None:
        super().__init__(host, port, timeout=TIMEOUT, context=context)
        self._tls = context
        self._known_as = name

    def connect(self) -> None:
        """Open the connection and check who answers."""
        http.client.HTTPConnection.connect(self)
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._known_as)


def context_of(access: Access) -> ssl.SSLContext:
    """The TLS settings for a server. Raises UnreachableError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if access.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif access.authority:
        try:
            context.load_verify_locations(cadata=access.authority)
        except (ssl.SSLError, ValueError):
            text = "unable to load root certificates: unable to parse bytes as PEM block"
            raise UnreachableError(text) from None
    else:
        context.load_default_certs()
    if access.certificate:
        _load_pair(context, access)
    return context


def _load_pair(context: ssl.SSLContext, access: Access) -> None:
    # Python reads key pairs from files only; this one is ours alone and gone at once.
    handle, name = tempfile.mkstemp(prefix="kubetui-")
    try:
        with os.fdopen(handle, "w", encoding="ascii", errors="replace") as file:
            file.write(f"{access.certificate}\n{access.key}\n")
        context.load_cert_chain(name)
    except (ssl.SSLError, ValueError):
        raise UnreachableError("tls: failed to find any PEM data in certificate or key input") from None
    finally:
        os.unlink(name)


def _warning(header: str) -> str:
    """The text in a Warning header: ``299 - "text"``."""
    _, _, text = header.partition('"')
    return text.rpartition('"')[0].replace('\\"', '"') or header


def _decoded(answer: http.client.HTTPResponse, data: bytes) -> Any:
    if not (answer.headers.get("Content-Type") or "").startswith("application/json"):
        text = data.decode("utf-8", "surrogateescape")
        return text if answer.status < 400 else {"message": text.strip()}
    try:
        return json.loads(data)
    except ValueError:
        return {"message": data.decode("utf-8", "replace")}
