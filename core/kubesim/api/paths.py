"""HTTP requests as Requests and back: which verb, resource, namespace, name and subresource a method and path mean."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode

from kubesim.objects.wire import JSON, Gvr, Identity, Key, Request

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_METHODS = {
    "get": "GET",
    "list": "GET",
    "watch": "GET",
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
    "deletecollection": "DELETE",
}


class Target(NamedTuple):
    """What a path of the API names. ``watch`` is true under the old ``/watch/`` prefix."""

    key: Key
    subresource: str
    watch: bool


def target_of(path: str) -> Target | None:
    """What a path names, None when it is no path of a resource (``/version``, ``/apis/apps``)."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if parts[0] == "api" and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
        if not group:
            return None
    else:
        return None
    watch = rest[0] == "watch" and len(rest) > 1
    if watch:
        rest = rest[1:]
    namespace = ""
    # /namespaces/x/status is a subresource of the namespace, /namespaces/x/pods a collection in it.
    if rest[0] == "namespaces" and len(rest) > 2 and not (len(rest) == 3 and rest[2] in {"status", "finalize"}):
        namespace, rest = rest[1], rest[2:]
    name = rest[1] if len(rest) > 1 else ""
    return Target(Key(Gvr(group, version, rest[0]), namespace, name), "/".join(rest[2:]), watch)


def request_from_http(
    method: str, path: str, headers: Mapping[str, str], body: bytes | None, identity: Identity
) -> Request | None:
    """The Request that an HTTP request means, None when its path is no path of a resource.

    ``path`` includes the query. The body stays bytes: the server decodes it, so that its errors come in the real
    order, after those of path and verb.
    """
    route, _, text = path.partition("?")
    target = target_of(route)
    if target is None:
        return None
    query = dict(reversed(parse_qsl(text, keep_blank_values=True)))
    fields = {name.lower(): value for name, value in headers.items()}
    key = target.key
    return Request(
        _verb(method, target, query),
        key,
        target.subresource,
        body or None,
        query,
        identity._replace(agent=identity.agent or agent_of(fields.get("user-agent", ""))),
        content_type=fields.get("content-type", "" if method == "PATCH" else JSON),
        accept=fields.get("accept", JSON),
    )


def _verb(method: str, target: Target, query: Mapping[str, str]) -> str:
    name = target.key.name
    if method in {"GET", "HEAD"}:
        if target.watch:
            return "watch"
        # A watch flag on one object is ignored, as the real server does.
        if name:
            return "get"
        return "watch" if is_true(query.get("watch", "false")) else "list"
    if method == "DELETE" and not name:
        return "deletecollection"
    return _VERBS.get(method, method.lower())


def is_true(text: str) -> bool:
    """A boolean query parameter; whatever is not "false" or "0" is true."""
    return text.lower() not in {"false", "0"}


AGENT_LIMIT = 128
"""How many bytes the name of a field manager may have."""


def agent_of(user_agent: str) -> str:
    """The short name of a client: ``kubectl`` of ``kubectl/v1.37.0 (linux)``. # k8s: the default field manager."""
    printable = "".join(letter for letter in user_agent.split("/", 1)[0] if letter.isprintable())
    return printable.encode()[:AGENT_LIMIT].decode("utf-8", "ignore")


def path_of(request: Request) -> str:
    """The path and query of a Request."""
    key = request.key
    gvr = key.gvr
    parts = ["/apis", gvr.group, gvr.version] if gvr.group else ["/api", gvr.version]
    if key.namespace:
        parts += ["namespaces", quote(key.namespace, safe="")]
    parts.append(gvr.resource)
    if key.name:
        parts.append(quote(key.name, safe=""))
    if request.subresource:
        parts.append(request.subresource)
    query: dict[str, Any] = dict(request.query)
    if request.verb == "watch":
        query.setdefault("watch", "true")
    return "/".join(parts) + (f"?{urlencode(query)}" if query else "")


def method_of(request: Request) -> str:
    """The HTTP method of a Request."""
    return _METHODS[request.verb]
