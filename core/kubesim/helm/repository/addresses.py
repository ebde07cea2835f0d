"""Addresses of repositories and charts: what a relative URL leads to, and whether two URLs are the same place."""

import posixpath

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.functions.urls import Url, parse, write
from kubesim.helm.template.errors import GoError

OCI: str = "oci://"


def is_oci(text: str) -> bool:
    """Whether an address is one of a registry."""
    return text.startswith(OCI)


def index_address(repository: str) -> str:
    """Where a repository's index is; ChartError with Helm's text."""
    return resolve(repository, "index.yaml")


def resolve(repository: str, address: str) -> str:
    """An address as an index gives it, made absolute; ChartError with Helm's text."""
    # k8s: helm pkg/repo ResolveReferenceURL; the query of the repository's URL goes along
    target = _parsed(address)
    if target.scheme:
        return address
    place = _parsed(repository)
    if target.host:
        place = Url(scheme=place.scheme, host=target.host, path=target.path, query=place.query)
        return write(place)
    folder = place.path.removesuffix("/") + "/"
    path = target.path if target.path.startswith("/") else folder + target.path
    place.path, place.raw_path = _without_dots(path), ""
    place.opaque, place.fragment = "", ""
    return write(place)


def _parsed(text: str) -> Url:
    try:
        return parse(text)
    except GoError as error:
        raise ChartError(f"failed to parse {text} as URL: {error}") from None


def _without_dots(path: str) -> str:
    kept: list[str] = []
    parts = path.split("/")
    for place, part in enumerate(parts):
        if part == "..":
            if len(kept) > 1:
                kept.pop()
            if place == len(parts) - 1:
                kept.append("")
        elif part != ".":
            kept.append(part)
        elif place == len(parts) - 1:
            kept.append("")
    return "/".join(kept)


def joined(base: str, *parts: str) -> str:
    """A URL with parts of a path behind it."""
    # k8s: helm internal/urlutil URLJoin
    url = parse(base)
    url.path, url.raw_path = posixpath.normpath(posixpath.join(url.path or "/", *parts)), ""
    if not base:
        return posixpath.normpath(posixpath.join("", *parts)) if any(parts) else ""
    return write(url)


def same_place(one: str, two: str) -> bool:
    """Whether two URLs differ in nothing but a slash at the end or the port that is usual anyway."""
    # k8s: helm internal/urlutil Equal
    try:
        left, right = parse(one), parse(two)
    except GoError:
        return posixpath.normpath(one) == posixpath.normpath(two)
    return _canonical(left) == _canonical(right)


def _canonical(url: Url) -> str:
    # The path of a repository without one counts as a slash.
    url.path, url.raw_path = posixpath.normpath(url.path or "/"), ""
    for scheme, port in (("http", ":80"), ("https", ":443")):
        if url.scheme == scheme:
            url.host = url.host.removesuffix(port)
    return write(url)


def last_part(address: str) -> str:
    """The name of the file that a URL leads to."""
    return posixpath.basename(parse(address).path)


def same_host(one: str, two: str) -> bool:
    """Whether two URLs have scheme, host and port in common."""
    left, right = parse(one), parse(two)
    return (left.scheme, left.host) == (right.scheme, right.host)
