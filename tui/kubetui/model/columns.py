"""What columns a table shows and in which order: the server's own, and a few that the explorer makes from facts."""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from kubesim.objects.times import human_duration, parse_time
from kubesim.objects.wire import NODES, PODS, SERVICES, Gvr, Key, Tree
from kubetui.client.port import Column
from kubetui.model.usage import Facts


class Bar(NamedTuple):
    """A cell that is drawn as a bar: the part of a whole that is used, and a text behind it."""

    fraction: float
    text: str

    def __str__(self) -> str:
        return self.text


Cell = str | Bar
Maker = Callable[[Key, Tree, Facts], Cell]


class ViewColumn(NamedTuple):
    """One column of a view: the server's cell number ``source``, or made by ``make``."""

    title: str
    source: int = -1
    make: Maker | None = None
    right: bool = False
    wide: bool = False
    elastic: bool = False
    """Gives way first when there is too little room."""
    age: bool = False
    bar: bool = False
    when: str = ""
    """Only shown when there is something of this kind: ``traffic`` or ``local``."""


Layout = tuple[ViewColumn, ...]

_ELASTIC = frozenset({
    "name", "message", "labels", "selector", "images", "object", "reason", "node", "ports", "containers", "external-ip",
    "annotations", "nominated node", "from", "target", "reference", "status", "readiness gates",
})  # fmt: skip
_AGES = frozenset({"age", "last seen", "first seen", "last schedule", "duration"})
_NUMBERS = frozenset(
    {"restarts", "up-to-date", "available", "desired", "current", "ready", "data", "secrets", "completions"}
)
_PROMOTED = {"pods": ("IP", "Node"), "deployments": (), "nodes": ("Internal-IP",)}
_HIDDEN = {"pods": ("Readiness Gates",)}


def layout(
    gvr: Gvr, columns: Sequence[Column], *, namespaced: bool, all_namespaces: bool, facts: Facts | None = None
) -> Layout:
    """The columns of a browser: the server's, the namespace in front, ages last, the explorer's own in between."""
    found: list[ViewColumn] = []
    if namespaced and all_namespaces:
        found.append(ViewColumn("NAMESPACE", make=_namespace, elastic=True))
    ages: list[ViewColumn] = []
    for number, column in enumerate(columns):
        made = _server_column(gvr, number, column)
        (ages if made.title == "AGE" else found).append(made)
    return (*found, *present(_OWN.get(gvr.resource, ()), facts), *ages)


def present(columns: Layout, facts: Facts | None) -> Layout:
    """Those of the columns that have something to show."""
    return tuple(
        column for column in columns if not column.when or (facts is not None and bool(getattr(facts, column.when)))
    )


def _server_column(gvr: Gvr, number: int, column: Column) -> ViewColumn:
    lower = column.name.lower()
    wide = column.priority > 0 and column.name not in _PROMOTED.get(gvr.resource, ())
    return ViewColumn(
        column.name.upper(),
        number,
        right=column.type in {"integer", "number"} or lower in _NUMBERS,
        wide=wide or column.name in _HIDDEN.get(gvr.resource, ()),
        elastic=lower in _ELASTIC,
        age=lower in _AGES,
    )


def home_layout(gvr: Gvr, columns: Sequence[Column], *, all_namespaces: bool, facts: Facts | None = None) -> Layout:
    """The short form that the home screen shows."""
    by_name = {column.name: number for number, column in enumerate(columns)}

    def server(title: str, name: str, **settings: Any) -> ViewColumn:
        return ViewColumn(title, by_name.get(name, -1), **settings)

    name = ViewColumn("NS/NAME", make=_place, elastic=True) if all_namespaces else server("NAME", "Name", elastic=True)
    age = server("AGE", "Age", right=True, age=True)
    if gvr == NODES:
        return (
            server("NAME", "Name", elastic=True),
            server("STATUS", "Status"),
            ViewColumn("PODS", make=_pods, right=True),
            ViewColumn("CPU-REQ", make=_cpu, bar=True),
            ViewColumn("MEM-REQ", make=_memory, bar=True),
            server("ROLES", "Roles", wide=True),
            server("VERSION", "Version", wide=True),
            server("AGE", "Age", right=True, age=True, wide=True),
        )
    if gvr == PODS:
        return (
            name,
            server("READY", "Ready", right=True),
            server("STATUS", "Status", elastic=True),
            ViewColumn("RST", make=_restarts, right=True),
            server("IP", "IP", wide=True),
            *_LIVE,
            ViewColumn("NODE", make=_node, elastic=True),
            age,
        )
    if gvr == SERVICES:
        return (
            name,
            server("TYPE", "Type"),
            server("CLUSTER-IP", "Cluster-IP"),
            server("EXTERNAL-IP", "External-IP", wide=True),
            ViewColumn("PORTS", make=_ports, elastic=True),
            ViewColumn("EP", make=_endpoints, right=True),
            *present((ViewColumn("LOAD", make=_load, right=True, when="traffic"),), facts),
            ViewColumn("PF", make=_forward),
            server("AGE", "Age", right=True, age=True, wide=True),
        )
    return layout(gvr, columns, namespaced=True, all_namespaces=all_namespaces)


# ---------------------------------------------------------------------- cells that the explorer makes
def _namespace(key: Key, obj: Tree, facts: Facts) -> Cell:
    del obj, facts
    return key.namespace


def _place(key: Key, obj: Tree, facts: Facts) -> Cell:
    del obj, facts
    return f"{key.namespace}/{key.name}" if key.namespace else key.name


def _pods(key: Key, obj: Tree, facts: Facts) -> Cell:
    del obj
    return str(facts.load(key.name).pods)


def _cpu(key: Key, obj: Tree, facts: Facts) -> Cell:
    del obj
    node = facts.nodes.get(key.name)
    return _share(facts.load(key.name).cpu_milli, node.allocatable.cpu_milli if node else 0)


def _memory(key: Key, obj: Tree, facts: Facts) -> Cell:
    del obj
    node = facts.nodes.get(key.name)
    return _share(facts.load(key.name).memory, node.allocatable.memory if node else 0)


def _share(used: int, whole: int) -> Bar:
    fraction = used / whole if whole else 0.0
    return Bar(fraction, f"{fraction:.0%}")


def _restarts(key: Key, obj: Tree, facts: Facts) -> Cell:
    del key, facts
    statuses = (obj.get("status") or {}).get("containerStatuses") or ()
    return str(sum(status.get("restartCount", 0) for status in statuses))


def _node(key: Key, obj: Tree, facts: Facts) -> Cell:
    del key, facts
    return str((obj.get("spec") or {}).get("nodeName") or "-")


def _ports(key: Key, obj: Tree, facts: Facts) -> Cell:
    del key, facts
    spec = obj.get("spec") or {}
    shown = []
    for port in spec.get("ports") or ():
        text = str(port.get("port", ""))
        target = port.get("targetPort", port.get("port"))
        if port.get("nodePort"):
            text += f":{port['nodePort']}"
        elif target != port.get("port"):
            text += f"→{target}"
        protocol = port.get("protocol", "TCP")
        shown.append(text if protocol == "TCP" else f"{text}/{protocol}")
    return ",".join(shown)


def _endpoints(key: Key, obj: Tree, facts: Facts) -> Cell:
    if (obj.get("spec") or {}).get("type") == "ExternalName":
        return "-"
    found = facts.endpoints(key.namespace, key.name)
    return f"{found.ready}/{found.total}"


def _forward(key: Key, obj: Tree, facts: Facts) -> Cell:
    del obj
    return facts.forwards.get(key, "")


def _rate(key: Key, obj: Tree, facts: Facts) -> Cell:
    del obj
    found = facts.traffic.get((key.namespace, key.name))
    return "" if found is None else f"{found.rate:.0f}/s"


def _latency(key: Key, obj: Tree, facts: Facts) -> Cell:
    del obj
    found = facts.traffic.get((key.namespace, key.name))
    return "" if found is None or not found.latency else f"{found.latency * 1000:.0f}ms"


def _errors(key: Key, obj: Tree, facts: Facts) -> Cell:
    del obj
    found = facts.traffic.get((key.namespace, key.name))
    return "" if found is None else f"{found.errors / found.rate if found.rate else 0:.0%}"


def _load(key: Key, obj: Tree, facts: Facts) -> Cell:
    found = facts.traffic.get((key.namespace, key.name))
    if found is None:
        return ""
    failing = f" {_errors(key, obj, facts)} err" if found.errors else ""
    return f"{_rate(key, obj, facts)} {_latency(key, obj, facts)}{failing}".strip()


def _local(key: Key, obj: Tree, facts: Facts) -> Cell:
    del obj
    return facts.local.get(key, "")


def _cpu_use(key: Key, obj: Tree, facts: Facts) -> Cell:
    del obj
    found = facts.usage(key)
    return "" if found is None else f"{found.cpu_milli}m"


def _memory_use(key: Key, obj: Tree, facts: Facts) -> Cell:
    del obj
    found = facts.usage(key)
    return "" if found is None else f"{found.memory_bytes / 2**20:.0f}Mi"


_LIVE = (
    ViewColumn("CPU", make=_cpu_use, right=True, wide=True),
    ViewColumn("MEM", make=_memory_use, right=True, wide=True),
)
"""What a pod really uses at the moment."""

_OWN: dict[str, Layout] = {
    "nodes": (
        ViewColumn("PODS", make=_pods, right=True),
        ViewColumn("CPU-REQ", make=_cpu, bar=True),
        ViewColumn("MEM-REQ", make=_memory, bar=True),
    ),
    "services": (
        ViewColumn("ENDPOINTS", make=_endpoints, right=True),
        ViewColumn("RPS", make=_rate, right=True, when="traffic"),
        ViewColumn("LATENCY", make=_latency, right=True, when="traffic"),
        ViewColumn("ERR", make=_errors, right=True, when="traffic"),
        ViewColumn("LOCAL", make=_local, elastic=True, when="local"),
        ViewColumn("PF", make=_forward),
    ),
    "ingresses": (ViewColumn("LOCAL", make=_local, elastic=True, when="local"),),
    "pods": (*_LIVE, ViewColumn("PF", make=_forward)),
}


# ---------------------------------------------------------------------- text and order of cells
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_AGE = re.compile(r"(?:(\d+)y)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$")
_AMOUNT = re.compile(r"-?\d+(?:\.\d+)?")


def text(cell: Any, column: ViewColumn, now: int) -> Cell:
    """A server cell as the screen shows it: times become ages, nothing becomes ``<none>``'s short form."""
    if isinstance(cell, str):
        if column.age and _TIME.match(cell):
            return human_duration(now - parse_time(cell))
        return cell.replace("\n", " ") if "\n" in cell else cell
    if cell is None:
        return ""
    return cell if isinstance(cell, Bar) else str(cell)


SortValue = tuple[int, float, str]


def sort_value(cell: Cell, column: ViewColumn) -> SortValue:
    """What a cell sorts by: numbers by size, ages by length, the rest as text."""
    if isinstance(cell, Bar):
        return (0, cell.fraction, "")
    if column.age:
        found = _AGE.match(cell)
        if found is not None and cell:
            years, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
            return (0, (((years * 365 + days) * 24 + hours) * 60 + minutes) * 60.0 + seconds, "")
    if column.right:
        number = _AMOUNT.match(cell)
        if number is not None:
            return (0, float(number.group()), cell)
    return (1, 0.0, cell)
