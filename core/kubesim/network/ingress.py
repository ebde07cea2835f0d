"""Which Service an HTTP request to the cluster's front door goes to: hosts, paths and annotations of Ingresses; pure.

# k8s: networking.k8s.io/v1 Ingress, and ingress-nginx where the API leaves it to the controller
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kubesim.objects import refs
from kubesim.objects.wire import EMPTY, Tree

CONTROLLER = "k8s.io/ingress-nginx"
CLASS_ANNOTATION = "kubernetes.io/ingress.class"
PREFIX = "nginx.ingress.kubernetes.io/"
EXACT, BY_ELEMENT, ANYHOW = "Exact", "Prefix", "ImplementationSpecific"
PERMANENT_REDIRECT = 308
MAX_PATTERN = 512
_NESTED = re.compile(r"[+*}]\)?[+*{]")
"""Repetitions of repetitions, which could take exponential time."""

Place = tuple[str, str]


class Backend(NamedTuple):
    """A port of a Service, by number or name. ``service`` is "" for what is no Service."""

    namespace: str
    service: str
    port: int | str


class Route(NamedTuple):
    """One path of one host."""

    ingress: Place
    host: str
    """"" for every host."""
    path: str
    kind: str
    backend: Backend
    rewrite: str = ""
    pattern: bool = False
    redirect: bool = False
    """Whether plain HTTP is sent to HTTPS."""


class Decision(NamedTuple):
    """What is to be done with a request: pass it on, redirect it (``location``), or 404 when there is no route."""

    route: Route | None
    path: str = ""
    """The path that the backend sees."""
    location: str = ""


class Table(NamedTuple):
    """The routes of a controller: by host, in the order in which they are tried; and the Secrets of hosts."""

    hosts: Mapping[str, tuple[Route, ...]]
    secrets: Mapping[str, Place]
    fallback: Route | None = None


def is_served(ingress: Tree, classes: Mapping[str, Tree], controller: str = CONTROLLER) -> bool:
    """Whether a controller looks after an Ingress. One without a class is looked after too, as in kind."""
    name = class_of(ingress)
    if name is None:
        return True
    if (ingress.get("spec") or EMPTY).get("ingressClassName") is None:
        return name == "nginx"
    found = classes.get(name)
    return found is not None and (found.get("spec") or EMPTY).get("controller") == controller


def class_of(ingress: Tree) -> str | None:
    """The name of the class of an Ingress; None without one."""
    name = (ingress.get("spec") or EMPTY).get("ingressClassName")
    return name if name is not None else refs.annotations(ingress).get(CLASS_ANNOTATION)


# ---------------------------------------------------------------------- building
def table(ingresses: Iterable[Tree]) -> Table:
    """The routes of Ingresses; of two for one path the older one counts."""
    hosts: dict[str, dict[tuple[str, str], Route]] = {}
    secrets: dict[str, Place] = {}
    fallback: Route | None = None
    for ingress in sorted(ingresses, key=_age):
        spec, place = ingress["spec"], refs.place(ingress)
        for secured in spec.get("tls") or ():
            for host in secured.get("hosts") or ("",):
                secrets.setdefault(host.lower(), (place[0], str(secured.get("secretName") or "")))
        default = spec.get("defaultBackend")
        for route in _routes(ingress, secrets):
            hosts.setdefault(route.host, {}).setdefault((route.path, route.kind), route)
        if default is not None:
            last = Route(place, "", "/", BY_ELEMENT, _backend(default, place[0]))
            for rule in spec.get("rules") or ():
                host = (rule.get("host") or "").lower()
                hosts.setdefault(host, {}).setdefault(("/", BY_ELEMENT), last._replace(host=host))
            fallback = fallback or (None if spec.get("rules") else last)
    return Table({host: _ordered(found.values()) for host, found in hosts.items()}, secrets, fallback)


def _age(ingress: Tree) -> tuple[str, str, str]:
    return (str(ingress["metadata"].get("creationTimestamp") or ""), *refs.place(ingress))


def _routes(ingress: Tree, secrets: Mapping[str, Place]) -> Iterable[Route]:
    place, notes = refs.place(ingress), refs.annotations(ingress)
    rewrite = notes.get(f"{PREFIX}rewrite-target", "")
    pattern = bool(rewrite) or notes.get(f"{PREFIX}use-regex") == "true"
    for rule in ingress["spec"].get("rules") or ():
        host = (rule.get("host") or "").lower()
        secured = host in secrets and notes.get(f"{PREFIX}ssl-redirect") != "false"
        redirect = secured or notes.get(f"{PREFIX}force-ssl-redirect") == "true"
        for path in (rule.get("http") or EMPTY).get("paths") or ():
            kind = path.get("pathType") or ANYHOW
            backend = _backend(path["backend"], place[0])
            yield Route(place, host, path.get("path") or "/", kind, backend, rewrite, pattern, redirect)


def _backend(backend: Tree, namespace: str) -> Backend:
    service = backend.get("service") or EMPTY
    port = service.get("port") or EMPTY
    return Backend(namespace, str(service.get("name") or ""), port.get("number") or port.get("name") or 0)


def _ordered(routes: Iterable[Route]) -> tuple[Route, ...]:
    # k8s: the longest path wins, and of equal ones the exact one
    return tuple(sorted(routes, key=_rank))


def _rank(route: Route) -> tuple[int, int, str]:
    return -len(route.path.rstrip("/")), 0 if route.kind == EXACT else 1, route.path


# ---------------------------------------------------------------------- deciding
def decide(found: Table, host: str, path: str, *, secure: bool = False, query: str = "", port: int = 443) -> Decision:
    """What to do with a request. ``host`` is the Host header, ``port`` where HTTPS is served."""
    name = host.lower().partition(":")[0] if host.count(":") < 2 else host.lower()
    routes = server(found, name)
    route = next((each for each in routes if matches(each, path, regex=any(r.pattern for r in routes))), None)
    route = route or found.fallback
    if route is None:
        return Decision(None, path)
    if route.redirect and not secure:
        shown = name if port == 443 else f"{name}:{port}"
        return Decision(route, path, f"https://{shown}{path}{'?' + query if query else ''}")
    return Decision(route, rewritten(route, path))


def server(found: Table, host: str) -> tuple[Route, ...]:
    """The routes of the best host: itself, a wildcard for its first label, or those without a host."""
    exact = found.hosts.get(host)
    if exact is not None:
        return exact
    wildcard = found.hosts.get(f"*.{host.partition('.')[2]}") if "." in host else None
    return wildcard if wildcard is not None else found.hosts.get("", ())


def secret(found: Table, host: str) -> Place | None:
    """The Secret with the certificate of a host."""
    name = host.lower()
    return found.secrets.get(name) or found.secrets.get(f"*.{name.partition('.')[2]}") or found.secrets.get("")


def matches(route: Route, path: str, *, regex: bool = False) -> bool:
    """Whether a path of an Ingress matches the path of a request. # k8s: pathType; regex as ingress-nginx does."""
    if regex and route.kind != EXACT:
        pattern = _pattern(route.path)
        return pattern is not None and pattern.match(path) is not None
    if route.kind == EXACT:
        return path == route.path
    if route.kind == BY_ELEMENT:
        wanted = route.path.rstrip("/")
        return path == wanted or path.startswith(f"{wanted}/")
    return path.startswith(route.path)


def rewritten(route: Route, path: str) -> str:
    """The path that the backend sees."""
    if not route.rewrite:
        return path
    pattern = _pattern(route.path)
    match = pattern.match(path) if pattern is not None else None
    if match is None:
        return path
    groups = match.groups()
    text = re.sub(r"\$(\d)", lambda mark: _group(groups, int(mark[1])), route.rewrite)
    return text if text.startswith("/") else f"/{text}"


def _group(groups: tuple[str | None, ...], number: int) -> str:
    return (groups[number - 1] or "") if 0 < number <= len(groups) else ""


def _pattern(path: str) -> re.Pattern[str] | None:
    if len(path) > MAX_PATTERN or _NESTED.search(path):
        return None
    try:
        return re.compile(path, re.IGNORECASE)
    except re.error:
        return None
