"""The servers that agnhost's subcommands start: on which ports they listen, by the flags that they are given."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

from kubesim.kubelet.profile import Profile, Route, Unhealthy
from kubesim.objects.wire import EMPTY

IMAGE = "agnhost"
"""The entry of the image catalogue."""
PROTOCOL = "agnhost"
"""The profile's protocol while one of its servers runs."""
PROGRAMS = frozenset({"/agnhost", "agnhost"})
NOT_FOUND = Route(status=404, body="404 page not found\n")
WHATEVER = Route()
LIVENESS = "liveness"
LIVENESS_MS = 10_000
"""How long ``liveness`` is well."""


class Role(NamedTuple):
    """A subcommand that serves."""

    name: str
    tcp: tuple[int, ...] = ()
    udp: tuple[int, ...] = ()


NETEXEC, HOSTNAME, FILES, GUESTBOOK = "netexec", "serve-hostname", "test-webserver", "guestbook"
NETTEST = "nettest"
GRPC = "grpc-health-checking"
PAUSE = "pause"
PORTER = "porter"
"""The subcommand, and the profile's protocol while it runs."""
_SERVED = ("SERVE_PORT_", "SERVE_TLS_PORT_")


def words_of(argv: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The subcommand and its flags by name, without dashes; "" when it is another program's line."""
    words = list(argv[1:] if argv and argv[0] in PROGRAMS else ())
    flags: dict[str, str] = {}
    name = ""
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            name = name or word
            continue
        flag, given, value = word.lstrip("-").partition("=")
        if not given and words and not words[0].startswith("-") and flag not in _SWITCHES:
            value = words.pop(0)
        flags[flag] = value
    return name, flags


def role_of(argv: Sequence[str]) -> Role | None:
    """What a command line starts; None when it is no server that is known here."""
    name, flags = words_of(argv)
    make = _ROLES.get(name)
    return make(flags) if make is not None else None


def pages_of(env: Mapping[str, str]) -> dict[int, str]:
    """What porter serves on each port: the values of the variables whose names end with the number."""
    found: dict[int, str] = {}
    for name, text in env.items():
        for prefix in _SERVED:
            port = name.removeprefix(prefix)
            if port != name and port.isdigit() and 0 < int(port) < 65536:
                found[int(port)] = text
    return found


def profiled(profile: Profile, argv: Sequence[str], env: Mapping[str, str] = EMPTY) -> Profile:
    """The profile of a container that runs one of the servers; others are as they were."""
    role = role_of(argv)
    if words_of(argv)[0] == PORTER:
        ports = tuple(pages_of(env))
        return replace(profile, ports=ports, only_own_ports=True, protocol=PORTER, routes=(WHATEVER,))
    if role is None:
        return replace(profile, start_log=("Paused",)) if words_of(argv)[0] == PAUSE else profile
    if role.name == LIVENESS:
        sick = Unhealthy("/healthz", LIVENESS_MS, None, 500)
        return replace(profile, ports=role.tcp, only_own_ports=True, routes=(WHATEVER,), unhealthy=(sick,))
    ports = tuple(dict.fromkeys((*role.tcp, *role.udp)))
    routes = profile.routes if role.name == NETEXEC else (WHATEVER,)
    root = "/" if role.name == FILES else ""
    return replace(profile, ports=ports, only_own_ports=True, protocol=PROTOCOL, routes=routes, root=root)


def redirected(argv: Sequence[str], target: str) -> str:
    """Where ``liveness`` sends who asks for this path with its query; "" when it sends nobody anywhere."""
    # k8s: agnhost liveness
    path, _, query = target.partition("?")
    if path != "/redirect" or words_of(argv)[0] != LIVENESS:
        return ""
    return unquote(parse_qs(query).get("loc", [""])[0])


def _port(flags: Mapping[str, str], name: str, otherwise: int) -> tuple[int, ...]:
    """A port that a flag gives; -1 switches it off."""
    text = flags.get(name, "")
    number = int(text) if text.lstrip("-").isdigit() else otherwise
    return (number,) if number > 0 else ()


def _netexec(flags: Mapping[str, str]) -> Role:
    return Role(NETEXEC, _port(flags, "http-port", 8080), _port(flags, "udp-port", 8081))


def _hostname(flags: Mapping[str, str]) -> Role:
    port = _port(flags, "port", 9376)
    udp, tcp = flags.get("udp", "false") in {"", "true"}, flags.get("tcp", "false") in {"", "true"}
    http = flags.get("http", "true") in {"", "true"}
    return Role(HOSTNAME, port if http or tcp else (), port if udp else ())


def _files(flags: Mapping[str, str]) -> Role:
    return Role(FILES, _port(flags, "port", 80))


def _liveness(flags: Mapping[str, str]) -> Role:
    del flags
    return Role(LIVENESS, (8080,))


def _guestbook(flags: Mapping[str, str]) -> Role:
    return Role(GUESTBOOK, _port(flags, "http-port", 80))


def _nettest(flags: Mapping[str, str]) -> Role:
    return Role(NETTEST, _port(flags, "port", 8080))


def _grpc(flags: Mapping[str, str]) -> Role:
    return Role(GRPC, _port(flags, "port", 5000) + _port(flags, "http-port", 8080))


_SWITCHES = frozenset({"tcp", "udp", "http", "close", "delay-shutdown-wait"})
"""Flags that may stand alone."""
_ROLES: Mapping[str, Callable[[Mapping[str, str]], Role]] = {
    NETEXEC: _netexec,
    HOSTNAME: _hostname,
    FILES: _files,
    GUESTBOOK: _guestbook,
    NETTEST: _nettest,
    LIVENESS: _liveness,
    GRPC: _grpc,
}
