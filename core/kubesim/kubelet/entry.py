"""Reads one entry of the image catalogue (YAML as a mapping) into a Profile; an error names the field."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from kubesim.kubelet import profile as profiles
from kubesim.kubelet.profile import Curve, Missing, Needs, Profile, Route, Unhealthy

PROTOCOLS = ("http", "redis", "memcached", "postgres", "mysql", "amqp", "mongo", "echo", "none")


class CatalogueError(ValueError):
    """A catalogue that is wrong; the text begins with the path of the field."""


def _fail(path: str, why: str) -> CatalogueError:
    return CatalogueError(f"{path}: {why}")


def read(name: str, entry: Any, base: Profile, path: str) -> Profile:
    """The profile that an entry describes, over ``base``. Raises CatalogueError."""
    fields = mapping(entry, path)
    settings: dict[str, Any] = {"name": name}
    for key, value in fields.items():
        if key in {"match", "like"}:
            continue
        reader = _READERS.get(key)
        if reader is None:
            known = ", ".join(["like", "match", *sorted(_READERS)])
            raise _fail(f"{path}.{key}", f"unknown field; known are {known}")
        try:
            settings.update(reader(value, f"{path}.{key}"))
        except CatalogueError:
            raise
        except ValueError as error:
            raise _fail(f"{path}.{key}", str(error)) from error
    return replace(base, **settings)


# ---------------------------------------------------------------------- shapes
def mapping(value: Any, path: str) -> Mapping[str, Any]:
    """A mapping with text keys."""
    if not isinstance(value, Mapping):
        raise _fail(path, f"expected a mapping, not {value!r}")
    return value


def items(value: Any, path: str) -> list[Any]:
    """A list."""
    if not isinstance(value, list):
        raise _fail(path, f"expected a list, not {value!r}")
    return value


def texts(value: Any, path: str) -> tuple[str, ...]:
    """A list of texts, or one text."""
    if isinstance(value, str):
        return (value,)
    found = items(value, path)
    return tuple(_text(item, f"{path}[{position}]") for position, item in enumerate(found))


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise _fail(path, f"expected a text, not {value!r}")
    return value


def _integer(value: Any, path: str, low: int = 0, high: int = 2**31) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _fail(path, f"expected a whole number from {low} to {high}, not {value!r}")
    return value


def _flag(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise _fail(path, f"expected true or false, not {value!r}")
    return value


def _millis(value: Any, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise _fail(path, f"expected seconds, not {value!r}")
    return round(value * 1000)


def _only(fields: Mapping[str, Any], known: tuple[str, ...], path: str) -> None:
    for key in fields:
        if key not in known:
            raise _fail(f"{path}.{key}", f"unknown field; known are {', '.join(known)}")


def _curve(value: Any, path: str, amount: Callable[[object], int]) -> Curve:
    if not isinstance(value, list):
        return Curve((0,), (_amount(value, path, amount),))
    ages: list[int] = []
    amounts: list[int] = []
    for position, point in enumerate(value):
        where = f"{path}[{position}]"
        if not isinstance(point, list) or len(point) != 2:
            raise _fail(where, f"expected [seconds, amount], not {point!r}")
        age = _millis(point[0], f"{where}[0]")
        if ages and age <= ages[-1]:
            raise _fail(f"{where}[0]", "seconds must grow")
        ages.append(age)
        amounts.append(_amount(point[1], f"{where}[1]", amount))
    if not ages:
        raise _fail(path, "expected at least one point")
    return Curve(tuple(ages), tuple(amounts))


def _amount(value: Any, path: str, amount: Callable[[object], int]) -> int:
    try:
        return amount(value)
    except ValueError as error:
        raise _fail(path, str(error)) from error


# ---------------------------------------------------------------------- fields
def _read_size(value: Any, path: str) -> dict[str, Any]:
    return {"size": _amount(value, path, profiles.size)}


def _read_start(value: Any, path: str) -> dict[str, Any]:
    return {"start_ms": _millis(value, path)}


def _read_cpu(value: Any, path: str) -> dict[str, Any]:
    return {"cpu": _curve(value, path, profiles.cores)}


def _read_cpu_per_request(value: Any, path: str) -> dict[str, Any]:
    return {"cpu_per_request": _amount(value, path, profiles.cores)}


def _read_memory(value: Any, path: str) -> dict[str, Any]:
    return {"memory": _curve(value, path, profiles.size)}


def _read_ports(value: Any, path: str) -> dict[str, Any]:
    found = items(value, path)
    return {"ports": tuple(_integer(port, f"{path}[{place}]", 1, 65535) for place, port in enumerate(found))}


def _read_only_own_ports(value: Any, path: str) -> dict[str, Any]:
    return {"only_own_ports": _flag(value, path)}


def _read_protocol(value: Any, path: str) -> dict[str, Any]:
    if value not in PROTOCOLS:
        raise _fail(path, f"expected one of {', '.join(PROTOCOLS)}, not {value!r}")
    return {"protocol": value}


def _read_http(value: Any, path: str) -> dict[str, Any]:
    fields = mapping(value, path)
    _only(fields, ("server", "headers", "routes", "otherwise", "page"), path)
    found: dict[str, Any] = {}
    headers = [("Server", _text(fields["server"], f"{path}.server"))] if "server" in fields else []
    headers += _headers(fields.get("headers", {}), f"{path}.headers")
    if headers:
        found["headers"] = tuple(headers)
    routes = [
        _route(route, f"{path}.routes[{place}]")
        for place, route in enumerate(items(fields.get("routes", []), f"{path}.routes"))
    ]
    if "otherwise" in fields:
        routes.append(_route({"path": "", **mapping(fields["otherwise"], f"{path}.otherwise")}, f"{path}.otherwise"))
    found["routes"] = tuple(routes)
    found["page"] = _flag(fields.get("page", "otherwise" not in fields), f"{path}.page")
    return found


def _headers(value: Any, path: str) -> list[tuple[str, str]]:
    return [(key, _text(text, f"{path}.{key}")) for key, text in mapping(value, path).items()]


def _route(value: Any, path: str) -> Route:
    fields = mapping(value, path)
    _only(fields, ("path", "methods", "status", "type", "body", "headers"), path)
    if "path" not in fields:
        raise _fail(f"{path}.path", "required")
    return Route(
        _text(fields["path"], f"{path}.path"),
        texts(fields.get("methods", []), f"{path}.methods"),
        _integer(fields.get("status", 200), f"{path}.status", 100, 599),
        _text(fields.get("type", Route().type), f"{path}.type"),
        _text(fields.get("body", ""), f"{path}.body"),
        tuple(_headers(fields.get("headers", {}), f"{path}.headers")),
    )


def _read_logs(value: Any, path: str) -> dict[str, Any]:
    fields = mapping(value, path)
    _only(fields, ("start", "request", "periodic", "stop"), path)
    found: dict[str, Any] = {}
    if "start" in fields:
        found["start_log"] = texts(fields["start"], f"{path}.start")
    if "request" in fields:
        found["request_log"] = _text(fields["request"], f"{path}.request")
    if "stop" in fields:
        found["term_log"] = texts(fields["stop"], f"{path}.stop")
    if "periodic" in fields:
        where = f"{path}.periodic"
        periodic = mapping(fields["periodic"], where)
        _only(periodic, ("every", "line"), where)
        every = _millis(periodic.get("every"), f"{where}.every")
        if not every:
            raise _fail(f"{where}.every", "must be greater than 0")
        found["periodic_log"] = (every, _text(periodic.get("line"), f"{where}.line"))
    return found


def _read_exit(value: Any, path: str) -> dict[str, Any]:
    fields = mapping(value, path)
    _only(fields, ("after", "code"), path)
    return {
        "exit_after_ms": _millis(fields.get("after", 0), f"{path}.after"),
        "exit_code": _integer(fields.get("code", 0), f"{path}.code", 0, 255),
    }


def _read_stop(value: Any, path: str) -> dict[str, Any]:
    fields = mapping(value, path)
    _only(fields, ("after", "code", "ignored"), path)
    ignored = _flag(fields.get("ignored", False), f"{path}.ignored")
    return {
        "term_ms": -1 if ignored else _millis(fields.get("after", 0), f"{path}.after"),
        "term_code": _integer(fields.get("code", 0), f"{path}.code", 0, 255),
    }


def _read_unhealthy(value: Any, path: str) -> dict[str, Any]:
    found = []
    for place, item in enumerate(items(value, path)):
        where = f"{path}[{place}]"
        fields = mapping(item, where)
        _only(fields, ("path", "after", "for", "status"), where)
        span = _millis(fields["for"], f"{where}.for") if "for" in fields else None
        found.append(
            Unhealthy(
                _text(fields.get("path"), f"{where}.path"),
                _millis(fields.get("after", 0), f"{where}.after"),
                span,
                _integer(fields.get("status", 503), f"{where}.status", 100, 599),
            )
        )
    return {"unhealthy": tuple(found)}


def _read_needs(value: Any, path: str) -> dict[str, Any]:
    fields = mapping(value, path)
    _only(fields, ("env", "lines", "code"), path)
    return {
        "needs": Needs(
            texts(fields.get("env"), f"{path}.env"),
            texts(fields.get("lines", []), f"{path}.lines"),
            _integer(fields.get("code", 1), f"{path}.code", 0, 255),
        )
    }


def _read_shell(value: Any, path: str) -> dict[str, Any]:
    return {"shell": _flag(value, path)}


def _read_only_shell(value: Any, path: str) -> dict[str, Any]:
    return {"only_shell": _flag(value, path)}


def _read_flags(value: Any, path: str) -> dict[str, Any]:
    fields = mapping(value, path)
    _only(fields, ("memory", "cpu"), path)
    return {f"{key}_flag": _text(text, f"{path}.{key}") for key, text in fields.items()}


def _read_entrypoint(value: Any, path: str) -> dict[str, Any]:
    return {"entrypoint": texts(value, path)}


def _read_args(value: Any, path: str) -> dict[str, Any]:
    return {"arguments": texts(value, path)}


def _read_missing(value: Any, path: str) -> dict[str, Any]:
    if value is False:
        return {"missing": None}
    return {"missing": Missing(profiles.NOT_FOUND if value is True else _text(value, path))}


def _read_root(value: Any, path: str) -> dict[str, Any]:
    return {"root": _text(value, path).rstrip("/")}


def _read_files(value: Any, path: str) -> dict[str, Any]:
    return {"files": {str(name): _text(text, f"{path}.{name}") for name, text in mapping(value, path).items()}}


_READERS: Mapping[str, Callable[[Any, str], dict[str, Any]]] = {
    "size": _read_size,
    "start": _read_start,
    "cpu": _read_cpu,
    "cpuPerRequest": _read_cpu_per_request,
    "memory": _read_memory,
    "ports": _read_ports,
    "onlyOwnPorts": _read_only_own_ports,
    "protocol": _read_protocol,
    "http": _read_http,
    "logs": _read_logs,
    "exit": _read_exit,
    "stop": _read_stop,
    "unhealthy": _read_unhealthy,
    "needs": _read_needs,
    "shell": _read_shell,
    "onlyShell": _read_only_shell,
    "flags": _read_flags,
    "entrypoint": _read_entrypoint,
    "args": _read_args,
    "missing": _read_missing,
    "root": _read_root,
    "files": _read_files,
}
