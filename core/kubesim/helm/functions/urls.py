"""URLs as Go's net/url reads and writes them."""

import re
from dataclasses import dataclass
from typing import Any, Final

from kubesim.helm.functions.faults import kind_of
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.quoting import quote
from kubesim.helm.template.signatures import MAP, STRING, Function, function
from kubesim.helm.template.values import decode, encode

_SCHEME: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
_SAFE: Final = {
    "path": _UNRESERVED | frozenset(b"$&+,/:;=@"),
    "user": _UNRESERVED | frozenset(b"$&+,;="),
    "host": _UNRESERVED | frozenset(b"!$&'()*+,;=:[]<>\""),
    "fragment": _UNRESERVED | frozenset(b"$&+,/:;=?@!()*"),
}


@dataclass(slots=True)
class Url:
    """The parts of a URL, decoded; ``raw_path`` is the path as written when its encoding is not the usual one."""

    scheme: str = ""
    opaque: str = ""
    user: str | None = None
    password: str | None = None
    host: str = ""
    path: str = ""
    raw_path: str = ""
    query: str = ""
    fragment: str = ""
    raw_fragment: str = ""
    omit_host: bool = False
    empty_query: bool = False


def escape(text: str, mode: str) -> str:
    """Percent-encode what is not safe in that part of a URL."""
    safe = _SAFE[mode]
    return "".join([chr(byte) if byte in safe else f"%{byte:02X}" for byte in encode(text)])


def unescape(text: str, mode: str) -> str:
    """Decode percent-encoding; GoError has Go's text."""
    for match in re.finditer("%", text):
        digits = text[match.start() + 1 : match.start() + 3]
        if not re.fullmatch("[0-9a-fA-F]{2}", digits):
            raise GoError(f"invalid URL escape {quote(text[match.start() : match.start() + 3])}")
        if mode == "host" and digits[0] not in "89abcdefABCDEF" and text[match.start() : match.start() + 3] != "%25":
            raise GoError(f"invalid URL escape {quote(text[match.start() : match.start() + 3])}")
    if mode == "host":
        wrong = next((one for one in text if one < "\x80" and ord(one) not in _SAFE["host"] and one != "%"), None)
        if wrong is not None:
            raise GoError(f"invalid character {quote(wrong)} in host name")
    return decode(re.sub(rb"%([0-9a-fA-F]{2})", lambda found: bytes([int(found.group(1), 16)]), encode(text)))


def parse(text: str) -> Url:
    """url.Parse; GoError has its text."""
    try:
        return _parse(text)
    except GoError as error:
        raise GoError(f"parse {quote(text)}: {error}") from None


def _parse(text: str) -> Url:
    rest, _, fragment = text.partition("#")
    if any(letter < " " or letter == "\x7f" for letter in rest):
        raise GoError("net/url: invalid control character in URL")
    url = Url(fragment=unescape(fragment, "fragment"))
    if escape(url.fragment, "fragment") != fragment:
        url.raw_fragment = fragment
    if rest == "*":
        url.path = "*"
        return url
    rest = _scheme(url, rest)
    if rest.endswith("?") and rest.count("?") == 1:
        url.empty_query, rest = True, rest[:-1]
    else:
        rest, _, url.query = rest.partition("?")
    if url.scheme and not rest.startswith("/"):
        url.opaque = rest
        return url
    if not rest.startswith("/") and ":" in rest.partition("/")[0]:
        raise GoError("first path segment in URL cannot contain colon")
    _hierarchy(url, rest)
    return url


def _hierarchy(url: Url, rest: str) -> None:
    if rest.startswith("//") and (url.scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        rest = slash + path
        _authority(url, authority)
    elif url.scheme and rest.startswith("/"):
        url.omit_host = True
    url.path = unescape(rest, "path")
    if escape(url.path, "path") != rest:
        url.raw_path = rest


def _scheme(url: Url, text: str) -> str:
    if text.startswith(":"):
        raise GoError("missing protocol scheme")
    match = _SCHEME.match(text)
    if match is None:
        return text
    url.scheme = match.group(1).lower()
    return text[match.end() :]


def _authority(url: Url, text: str) -> None:
    userinfo, at, host = text.rpartition("@")
    if at:
        if not re.fullmatch(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*", userinfo):
            raise GoError("net/url: invalid userinfo")
        name, colon, password = userinfo.partition(":")
        url.user = unescape(name, "user")
        url.password = unescape(password, "user") if colon else None
    port = host.rpartition(":")[2] if ":" in host and not host.endswith("]") else ""
    if host.startswith("[") and "]" not in host:
        raise GoError("missing ']' in host")
    if port and not port.isdigit():
        raise GoError(f"invalid port {quote(':' + port)} after host")
    url.host = unescape(host, "host")


def hostname(url: Url) -> str:
    """The host without port and brackets."""
    host = url.host
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, colon, port = host.rpartition(":")
    return name if colon and (port.isdigit() or not port) else host


def userinfo(url: Url) -> str:
    """User and password as written in a URL; empty when there is none."""
    if url.user is None:
        return ""
    return escape(url.user, "user") + ("" if url.password is None else f":{escape(url.password, 'user')}")


def write(url: Url) -> str:
    """url.URL.String."""
    out = f"{url.scheme}:" if url.scheme else ""
    if url.opaque:
        out += url.opaque
    else:
        out = _write_hierarchy(url, out)
    if url.empty_query or url.query:
        out += f"?{url.query}"
    if url.fragment:
        out += f"#{url.raw_fragment or _escaped_fragment(url)}"
    return out


def _write_hierarchy(url: Url, out: str) -> str:
    if url.scheme or url.host or url.user is not None:
        if url.host or url.path or url.user is not None:
            out += "" if url.omit_host and not url.host and url.user is None else "//"
        if url.user is not None:
            out += f"{userinfo(url)}@"
        out += escape(url.host, "host")
    path = url.raw_path or _escaped_path(url.path)
    if path and not path.startswith("/") and url.host:
        out += "/"
    if not out and ":" in path.partition("/")[0]:
        out += "./"
    return out + path


def _escaped_path(path: str) -> str:
    return path if path == "*" else escape(path, "path")


def _escaped_fragment(url: Url) -> str:
    return escape(url.fragment, "fragment")


def url_parse(text: str) -> dict[str, Any]:
    """The parts of a URL."""
    try:
        url = parse(text)
    except GoError as error:
        raise GoError(f"unable to parse url: {error}") from None
    return {
        "scheme": url.scheme,
        "host": url.host,
        "hostname": hostname(url),
        "path": url.path,
        "query": url.query,
        "opaque": url.opaque,
        "fragment": url.fragment,
        "userinfo": userinfo(url),
    }


def _part(parts: dict[str, Any], key: str) -> str:
    if key not in parts:
        return ""
    value = parts[key]
    if not isinstance(value, str):
        raise GoError(f"unable to parse {key} key, must be of type string, but {kind_of(value)} found")
    return value


def url_join(parts: dict[str, Any]) -> str:
    """A URL out of its parts."""
    url = Url(
        scheme=_part(parts, "scheme"),
        host=_part(parts, "host"),
        path=_part(parts, "path"),
        query=_part(parts, "query"),
        opaque=_part(parts, "opaque"),
        fragment=_part(parts, "fragment"),
    )
    user = _part(parts, "userinfo")
    if user:
        try:
            other = parse(f"proto://{user}@host")
        except GoError as error:
            raise GoError(f"unable to parse userinfo in dict: {error}") from None
        url.user, url.password = other.user, other.password
    return write(url)


FUNCTIONS: tuple[Function, ...] = (
    function("urlParse", url_parse, STRING),
    function("urlJoin", url_join, MAP),
)
