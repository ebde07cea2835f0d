"""agnhost's guestbook: a front end, a primary that keeps the entries, and replicas that know them too.

# k8s: test/images/agnhost/guestbook
"""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

import orjson

PRIMARY, REPLICA = "agnhost-primary", "agnhost-replica"
"""The Services that the front end asks, whatever they are called elsewhere."""
BACKEND_PORT = "6379"
Ask = Callable[[str, int, str], tuple[str, str]]
"""Asks an HTTP server by host, port and path: the answer and "", or "" and the error."""


def answer(
    path: str, query: Mapping[str, str], flags: Mapping[str, str], entries: dict[str, str], ask: Ask
) -> tuple[int, str]:
    """Status and text of one request to a server that was started with these flags and has these entries."""
    key, value = query.get("key", ""), query.get("value", "")
    if path == "/set":
        entries[key] = value
        return 200, _json(message="Updated")
    if path == "/get":
        primary = flags.get("replicaof") or flags.get("slaveof")
        # differs: a replica asks its primary when it is read, instead of being told at each write.
        return _passed(ask(primary, _port(flags), f"get?{urlencode({'key': key})}")) if primary else _got(entries, key)
    if path != "/guestbook":
        return 404, "404 page not found\n"
    if query.get("cmd") == "set":
        return _passed(ask(PRIMARY, _port(flags), f"set?{urlencode({'key': key, 'value': value})}"))
    return _passed(ask(REPLICA, _port(flags), f"get?{urlencode({'key': key})}"))


def _got(entries: Mapping[str, str], key: str) -> tuple[int, str]:
    return 200, _json(data=entries.get(key, ""))


def _passed(asked: tuple[str, str]) -> tuple[int, str]:
    said, error = asked
    return (500, f"{error}\n") if error else (200, said)


def _port(flags: Mapping[str, str]) -> int:
    text = flags.get("backend-port", BACKEND_PORT)
    return int(text) if text.isdigit() and len(text) < 6 else 0


def _json(**fields: str) -> str:
    return orjson.dumps(fields).decode()
