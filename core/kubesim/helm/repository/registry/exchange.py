"""What plans say and hear: HTTP requests and replies as values, and how a registry's challenge is answered."""

import base64
import json
import re
from collections.abc import Generator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.template.quoting import quote

SMALL: Final = 4 * 1024 * 1024
"""Bytes that answers may have which are no charts."""
_CHALLENGE: Final = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,"]*))')


class HttpRequest(NamedTuple):
    """One request; ``limit`` is how many bytes the reply's body may have."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""
    limit: int = SMALL


class HttpReply(NamedTuple):
    """The reply; header names are in lower case, ``reason`` is the text of the status line."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    reason: str = ""


class Credentials(NamedTuple):
    """A name and password, or a token that stands for an identity."""

    username: str = ""
    password: str = ""
    identity_token: str = ""

    def __repr__(self) -> str:
        """Without what is secret."""
        return f"Credentials(username={self.username!r})"

    @property
    def basic(self) -> str:
        """The header for basic authentication."""
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode('ascii')}"


NOBODY: Final = Credentials()
Plan = Generator[HttpRequest, HttpReply, Any]


class ReplyError(ChartError):
    """A registry's refusal; ``status`` is that of the HTTP reply."""

    def __init__(self, request: HttpRequest, reply: HttpReply) -> None:
        self.status = reply.status
        super().__init__(f"{request.method} {quote(request.url)}: response status code {reply.status}: {_told(reply)}")


def _told(reply: HttpReply) -> str:
    """What the body says is wrong, as Helm's library writes it, or what the status means."""
    from http import HTTPStatus  # noqa: PLC0415 (only errors need it)

    try:
        found = json.loads(reply.body).get("errors") or []
        texts = [_one_error(error) for error in found]
    except (ValueError, AttributeError, TypeError, RecursionError):
        texts = []
    if texts:
        return "; ".join(texts)
    try:
        return HTTPStatus(reply.status).phrase
    except ValueError:
        return ""


def _one_error(error: Mapping[str, Any]) -> str:
    code = str(error["code"]).lower().replace("_", " ")
    detail = error.get("detail")
    text = f"{code}: {error.get('message', '')}"
    return text if detail is None else f"{text}: {_go_text(detail)}"


def _go_text(detail: Any) -> str:
    from kubesim.helm.template.formatting.printer import sprint  # noqa: PLC0415 (only errors need it)

    return sprint(detail)


class Conversation:
    """Requests to one registry; a challenge is answered once and the answer is kept for what follows."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self.authorization = ""
        self.scope = ""
        """What tokens are asked for, when that is more than the challenge says."""

    def ask(self, request: HttpRequest) -> Generator[HttpRequest, HttpReply, HttpReply]:
        """Send a request, with credentials where the registry wants them; ChartError when it still does not."""
        reply = yield self._signed(request)
        if reply.status != 401:
            return reply
        scheme, parameters = parse_challenge(reply.headers.get("www-authenticate", ""))
        if scheme == "basic":
            if not self.credentials.username:
                raise ChartError(f"{request.method} {quote(request.url)}: basic credential not found")
            self.authorization = self.credentials.basic
        elif scheme == "bearer":
            try:
                token = yield from self._token(parameters)
            except ChartError as error:
                raise ChartError(f"{request.method} {quote(request.url)}: {error}") from None
            self.authorization = f"Bearer {token}"
        else:
            return reply
        return (yield self._signed(request))

    def _signed(self, request: HttpRequest) -> HttpRequest:
        if not self.authorization:
            return request
        return request._replace(headers={**request.headers, "Authorization": self.authorization})

    def _token(self, parameters: Mapping[str, str]) -> Generator[HttpRequest, HttpReply, str]:
        """A token for what the challenge names."""
        realm = parameters.get("realm", "")
        scope = self.scope or parameters.get("scope", "")
        wanted = {"scope": scope, "service": parameters.get("service", "")}
        wanted = {name: text for name, text in wanted.items() if text}
        if self.credentials.identity_token:
            fields = {"grant_type": "refresh_token", "refresh_token": self.credentials.identity_token, **wanted}
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            request = HttpRequest("POST", realm, form, urlencode({**fields, "client_id": "oras-go"}).encode())
        else:
            url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(wanted)}" if wanted else realm
            headers = {"Authorization": self.credentials.basic} if self.credentials.username else {}
            request = HttpRequest("GET", url, headers)
        reply = yield request
        if reply.status != 200:
            raise ReplyError(request, reply)
        try:
            tree = json.loads(reply.body)
            token = tree.get("access_token") or tree.get("token")
        except (ValueError, AttributeError, RecursionError):
            token = ""
        if not token:
            raise ChartError(f"{request.method} {quote(request.url)}: empty token returned")
        return str(token)


def parse_challenge(header: str) -> tuple[str, dict[str, str]]:
    """The scheme and the parameters of a WWW-Authenticate header."""
    scheme, _, rest = header.strip().partition(" ")
    return scheme.lower(), {name.lower(): one or two for name, one, two in _CHALLENGE.findall(rest)}
