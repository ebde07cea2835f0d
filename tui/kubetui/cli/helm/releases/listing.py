"""``helm list`` and ``helm history``."""

from collections.abc import Sequence
from typing import Any, Final

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.release.flows import storage
from kubesim.helm.release.flows.naming import name_problem
from kubesim.helm.release.record import PENDING, Record
from kubesim.objects.selectors import parse_labels
from kubetui.cli.helm.flags import SWITCH, TEXT, Flag, Parsed
from kubetui.cli.helm.output import format_of, write
from kubetui.cli.helm.releases.arguments import CLUSTER_FLAGS, exact, integer, one_release
from kubetui.cli.helm.releases.printing import go_time, own_time, print_columns, print_tree
from kubetui.cli.helm.releases.session import connected

LIST_USAGE: Final = "list [flags]"
HISTORY_USAGE: Final = "history RELEASE_NAME [flags]"
LIST_FLAGS: Final = {
    **CLUSTER_FLAGS,
    "all-namespaces": Flag(SWITCH, "A"),
    "date": Flag(SWITCH, "d"),
    "deployed": Flag(SWITCH),
    "failed": Flag(SWITCH),
    "filter": Flag(TEXT, "f"),
    "max": Flag(TEXT, "m"),
    "no-headers": Flag(SWITCH),
    "offset": Flag(TEXT),
    "output": Flag(TEXT, "o"),
    "pending": Flag(SWITCH),
    "reverse": Flag(SWITCH, "r"),
    "selector": Flag(TEXT, "l"),
    "short": Flag(SWITCH, "q"),
    "superseded": Flag(SWITCH),
    "time-format": Flag(TEXT),
    "uninstalled": Flag(SWITCH),
    "uninstalling": Flag(SWITCH),
}
HISTORY_FLAGS: Final = {
    **CLUSTER_FLAGS,
    "max": Flag(TEXT),
    "output": Flag(TEXT, "o"),
    "show-rollback-revision": Flag(SWITCH),
}
_LIMIT: Final = 256
_STATES: Final = {
    "deployed": ("deployed",),
    "failed": ("failed",),
    "pending": PENDING,
    "superseded": ("superseded",),
    "uninstalled": ("uninstalled",),
    "uninstalling": ("uninstalling",),
}


def list_releases(parsed: Parsed) -> int:
    """Print the releases of a namespace, or of all; ChartError with Helm's text."""
    exact(parsed, "list", LIST_USAGE, 0)
    form = format_of(parsed)
    limit, offset = integer(parsed, "max", _LIMIT), integer(parsed, "offset", 0)
    session = connected(parsed)
    namespace = "" if parsed.on("all-namespaces") else session.namespace
    found = session.run(storage.records(session.setting(), namespace))
    chosen = _sorted(_chosen(found, parsed), parsed)
    chosen = chosen[offset : offset + (limit if limit > 0 else len(chosen))]
    if parsed.on("short"):
        names = [record.name for record in chosen]
        if form == "table":
            write("".join([f"{name}\n" for name in names]))
        else:
            print_tree(names, form)
        return 0
    _print_list(chosen, parsed, form)
    return 0


def _chosen(found: Sequence[Record], parsed: Parsed) -> list[Record]:
    pattern = parsed.text("filter")
    if pattern:
        from kubesim.helm.functions.regex import must_match

        must_match(pattern, "")
        found = [record for record in found if must_match(pattern, record.name)]
    states = [state for flag, named in _STATES.items() if parsed.on(flag) for state in named]
    if states != ["superseded"]:
        found = list({(record.namespace, record.name): record for record in found}.values())
    found = [record for record in found if not states or record.status in states]
    if parsed.text("selector"):
        try:
            selector = parse_labels(parsed.text("selector"))
        except ValueError as error:
            raise ChartError(str(error)) from None
        found = [record for record in found if selector.matches({**record.labels, **record.system_labels})]
    return list(found)


def _sorted(found: list[Record], parsed: Parsed) -> list[Record]:
    reverse = parsed.on("reverse")
    if parsed.on("date"):
        return sorted(found, key=lambda record: record.last_deployed // 1000, reverse=reverse)
    return sorted(found, key=lambda record: record.name, reverse=reverse)


def chart_name(record: Record) -> str:
    """``web-0.1.0``."""
    metadata = record.chart.get("metadata")
    if not metadata:
        return "MISSING"
    return f"{metadata.get('name', '')}-{metadata.get('version', '')}"


def app_version(record: Record) -> str:
    """The version of what the chart installs."""
    metadata = record.chart.get("metadata")
    return str(metadata.get("appVersion", "")) if metadata else "MISSING"


def _print_list(found: Sequence[Record], parsed: Parsed, form: str) -> None:
    rows = [
        {
            "name": record.name,
            "namespace": record.namespace,
            "revision": str(record.version),
            "updated": _updated(record, parsed.text("time-format")),
            "status": record.status,
            "chart": chart_name(record),
            "app_version": app_version(record),
        }
        for record in found
    ]
    if form != "table":
        print_tree(rows, form)
        return
    header = [] if parsed.on("no-headers") else [[*_HEADER]]
    table = [*header, *[list(row.values()) for row in rows]]
    if table:
        print_columns(table)
    else:
        write("\n")


_HEADER: Final = ("NAME", "NAMESPACE", "REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION")


def _updated(record: Record, layout: str) -> str:
    if not record.last_deployed:
        return "-"
    stamp = record.stamp("last_deployed")
    if not layout:
        return go_time(stamp)
    from kubesim.helm.functions.dates.layouts import format_time
    from kubesim.helm.functions.dates.parsing import parse_time

    return format_time(parse_time("2006-01-02T15:04:05Z07:00", stamp), layout)


def history(parsed: Parsed) -> int:
    """Print the revisions of a release; FlowError with Helm's text."""
    name = one_release(parsed, "history")
    form = format_of(parsed)
    limit = integer(parsed, "max", _LIMIT)
    session = connected(parsed)
    if name_problem(name):
        raise ChartError(f"release name is invalid: {name}")
    session.log.report("DEBUG", "getting history for release", {"release": name})
    found = session.run(storage.history(session.setting(), session.namespace, name))
    # k8s: as many as asked for, but one more than none
    _print_history(found[-limit:] if limit > 0 else found[len(found) :], parsed, form)
    return 0


def _print_history(found: Sequence[Record], parsed: Parsed, form: str) -> None:
    if form != "table":
        print_tree([_revision(record) for record in found], form)
        return
    extra = parsed.on("show-rollback-revision")
    rows = [["REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION", *(["ROLLBACK"] if extra else []), "DESCRIPTION"]]
    for record in found:
        back = [str(record.rollback_revision or "")] if extra else []
        updated = own_time(record.stamp("last_deployed"))
        head = [str(record.version), updated, record.status, chart_name(record), app_version(record)]
        rows.append([*head, *back, record.description])
    print_columns(rows)


def _revision(record: Record) -> dict[str, Any]:
    tree = {
        "revision": record.version,
        "updated": record.stamp("last_deployed"),
        "status": record.status,
        "chart": chart_name(record),
        "app_version": app_version(record),
        "rollback_revision": record.rollback_revision,
        "description": record.description,
    }
    return {key: value for key, value in tree.items() if value or key != "rollback_revision"}
