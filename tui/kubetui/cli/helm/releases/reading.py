"""``helm status`` and ``helm get``."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from kubesim.helm.engine import standard_library
from kubesim.helm.release.flows import queries, storage
from kubesim.helm.release.flows.naming import name_problem
from kubesim.helm.release.flows.objects import Target, targets
from kubesim.helm.release.flows.steps import Flow, FlowError, Setting, ask, log
from kubesim.helm.release.record import Record
from kubesim.helm.template.execute.context import Context
from kubesim.helm.yaml.writer import to_yaml
from kubesim.objects.wire import PODS, TABLE, Key
from kubetui.cli.helm.flags import SWITCH, TEXT, Flag, Parsed
from kubetui.cli.helm.groups import group
from kubetui.cli.helm.inputs import sources
from kubetui.cli.helm.output import format_of, write
from kubetui.cli.helm.releases.arguments import CLUSTER_FLAGS, integer, one_release
from kubetui.cli.helm.releases.printing import TablePrinter, print_tree, summary, values_text
from kubetui.cli.helm.releases.session import Session, connected

STATUS_USAGE: Final = "status RELEASE_NAME [flags]"
GET_USAGE: Final = "get [command]"
GET_ALL_USAGE: Final = "get all RELEASE_NAME [flags]"
GET_VALUES_USAGE: Final = "get values RELEASE_NAME [flags]"
GET_MANIFEST_USAGE: Final = "get manifest RELEASE_NAME [flags]"
GET_NOTES_USAGE: Final = "get notes RELEASE_NAME [flags]"
GET_HOOKS_USAGE: Final = "get hooks RELEASE_NAME [flags]"
GET_METADATA_USAGE: Final = "get metadata RELEASE_NAME [flags]"
REVISION_FLAGS: Final = {**CLUSTER_FLAGS, "revision": Flag(TEXT)}
STATUS_FLAGS: Final = {**REVISION_FLAGS, "output": Flag(TEXT, "o")}
GET_ALL_FLAGS: Final = {**REVISION_FLAGS, "template": Flag(TEXT)}
GET_VALUES_FLAGS: Final = {**STATUS_FLAGS, "all": Flag(SWITCH, "a")}
Tree = dict[str, Any]
_SELECTING: Final = ("ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job")
_RELATED: Final = "v1/Pod(related)"


def _read(parsed: Parsed, command: str) -> tuple[Session, Record]:
    name = one_release(parsed, command)
    version = integer(parsed, "revision", 0)
    session = connected(parsed)
    if name_problem(name):
        raise FlowError(f"releaseContent: Release name is invalid: {name}")
    return session, session.run(storage.revision(session.setting(), session.namespace, name, version))


# ---------------------------------------------------------------------- status
def status(parsed: Parsed) -> int:
    """Print a release and its objects; FlowError with Helm's text."""
    form = format_of(parsed)
    session, record = _read(parsed, "status")
    found = session.run(_resources(session.setting(), record, table=form == "table"))
    if form == "table":
        write(summary(record, resources=_tables(found)))
        return 0
    tree = record.to_tree()
    info = {**tree["info"], "resources": found} if found else tree["info"]
    print_tree({**{key: value for key, value in tree.items() if key != "chart"}, "info": info}, form)
    return 0


def _resources(setting: Setting, record: Record, *, table: bool) -> Flow[dict[str, list[Tree]]]:
    """The live objects of a release by version and kind, and the pods they select; as tables or as they are."""
    more: Tree = {"accept": f"{TABLE},application/json", "query": {"includeObject": "Object"}} if table else {}
    found: dict[str, list[Tree]] = {}
    selectors: list[Tree] = []
    for target in targets(setting, record.manifest, record.namespace):
        response = yield from ask(setting, "get", target.key, **more)
        if response.code >= 400:
            continue
        kind = f"{target.key.gvr.version}/{target.kind}"
        found.setdefault(kind, []).append(response.body)
        place = {"namespace": target.key.namespace, "name": target.key.name, "kind": target.kind}
        log(setting, "get relation pod of object", **place)
        selector = _selector(target, response.body, table=table)
        if selector and selector not in selectors:
            selectors.append(selector)
            pods = yield from _pods(setting, target.key.namespace, selector, more, table=table)
            found.setdefault(_RELATED, []).extend(pods)
    return found


def _selector(target: Target, body: Tree, *, table: bool) -> Tree:
    live = body["rows"][0].get("object") or {} if table and body.get("rows") else body
    selector = (live.get("spec") or {}).get("selector") or {}
    if target.kind == "ReplicationController":
        return dict(selector)
    return dict(selector.get("matchLabels") or {}) if target.kind in _SELECTING else {}


def _pods(setting: Setting, namespace: str, selector: Tree, more: Tree, *, table: bool) -> Flow[list[Tree]]:
    text = ",".join([f"{name}={value}" for name, value in sorted(selector.items())])
    query = {**more.get("query", {}), "labelSelector": text}
    response = yield from ask(setting, "list", Key(PODS, namespace), **{**more, "query": query})
    if response.code >= 400:
        raise FlowError(str(response.body.get("message", "")))
    if table:
        return [response.body]
    # k8s: one list, whose items say what they are
    pods = [{"apiVersion": "v1", "kind": "Pod", **pod} for pod in response.body.get("items") or ()]
    return [{**response.body, "items": pods}]


def _tables(found: Mapping[str, Iterable[Tree]]) -> str:
    printer = TablePrinter()
    groups = ["".join([f"==> {kind}\n", *[printer.text(table) for table in found[kind]], "\n"]) for kind in found]
    return "".join(groups)


# ---------------------------------------------------------------------- get
def get(parsed: Parsed) -> int:
    """Print what can be got."""
    return group("get", parsed)


def get_all(parsed: Parsed) -> int:
    """Print all that is kept of a release, or what a template makes of it; FlowError with Helm's text."""
    _, record = _read(parsed, "get all")
    text = parsed.text("template")
    if not text:
        write(summary(record, debug=True, metadata=True, stored=True))
        return 0
    context = Context(standard_library(), sources())
    context.add("output", text)
    write(context.execute("output", {"Release": _exported(record)}))
    return 0


def _exported(record: Record) -> Tree:
    """A release as Go templates see it: with the names of Go's fields."""
    metadata = record.chart.get("metadata") or {}
    named = {f"{name[:1].upper()}{name[1:]}": value for name, value in metadata.items()}
    named["APIVersion"] = metadata.get("apiVersion", "")
    info = {
        "Status": record.status,
        "Description": record.description,
        "Notes": record.notes,
        "FirstDeployed": record.stamp("first_deployed"),
        "LastDeployed": record.stamp("last_deployed"),
    }
    return {
        "Name": record.name,
        "Namespace": record.namespace,
        "Version": record.version,
        "Manifest": record.manifest,
        "Config": record.config,
        "Info": info,
        "Chart": {"Metadata": named, "Values": record.chart.get("values")},
        "Labels": {**record.labels, **record.system_labels},
        "ApplyMethod": record.apply_method,
    }


def get_values(parsed: Parsed) -> int:
    """Print the values of a release; FlowError with Helm's text."""
    form = format_of(parsed)
    _, record = _read(parsed, "get values")
    every = parsed.on("all")
    values = queries.values_of(record, every=True) if every else record.config or None
    if form == "json":
        print_tree({"config": values}["config"], form) if values is None else write(_json(values))
        return 0
    text = to_yaml(values) if every else values_text(record)
    title = "COMPUTED VALUES:\n" if every else "USER-SUPPLIED VALUES:\n"
    write((title if form == "table" else "") + text)
    return 0


def _json(values: Tree) -> str:
    from kubesim.helm.yaml.gojson import to_json

    return to_json(values) + "\n"


def get_manifest(parsed: Parsed) -> int:
    """Print the manifest of a release; FlowError with Helm's text."""
    _, record = _read(parsed, "get manifest")
    write(f"{record.manifest}\n")
    return 0


def get_notes(parsed: Parsed) -> int:
    """Print the notes of a release; FlowError with Helm's text."""
    _, record = _read(parsed, "get notes")
    write(queries.notes_text(record))
    return 0


def get_hooks(parsed: Parsed) -> int:
    """Print the hooks of a release; FlowError with Helm's text."""
    _, record = _read(parsed, "get hooks")
    write(queries.hooks_text(record))
    return 0


def get_metadata(parsed: Parsed) -> int:
    """Print what is known of a release besides its objects; FlowError with Helm's text."""
    form = format_of(parsed)
    _, record = _read(parsed, "get metadata")
    if form != "table":
        print_tree({key: value for key, value in _metadata(record).items() if value}, form)
        return 0
    tree = _metadata(record)
    names = ",".join(sorted([str(one.get("name", "")) for one in tree["dependencies"]]))
    method = "server-side apply" if record.apply_method == "ssa" else "client-side apply"
    if not record.apply_method:
        method = "client-side apply (defaulted)"
    lines = {
        "NAME": tree["name"],
        "CHART": tree["chart"],
        "VERSION": tree["version"],
        "APP_VERSION": tree["appVersion"],
        "ANNOTATIONS": _joined(tree["annotations"]),
        "LABELS": _joined(tree["labels"]),
        "DEPENDENCIES": names,
        "NAMESPACE": tree["namespace"],
        "REVISION": tree["revision"],
        "STATUS": tree["status"],
        "DEPLOYED_AT": tree["deployedAt"],
        "APPLY_METHOD": method,
    }
    write("".join([f"{name}: {value}\n" for name, value in lines.items()]))
    return 0


def _joined(pairs: Mapping[str, str]) -> str:
    return ",".join([f"{name}={value}" for name, value in sorted(pairs.items())])


def _metadata(record: Record) -> Tree:
    chart = record.chart.get("metadata") or {}
    stamp, point, rest = record.stamp("last_deployed").partition(".")
    zone = rest.lstrip("0123456789") if point else ""
    return {
        "name": record.name,
        "chart": chart.get("name", ""),
        "version": chart.get("version", ""),
        "appVersion": chart.get("appVersion", ""),
        "annotations": chart.get("annotations") or {},
        "labels": dict(sorted({**record.labels, **record.system_labels}.items())),
        "dependencies": chart.get("dependencies") or [],
        "namespace": record.namespace,
        "revision": record.version,
        "status": record.status,
        "deployedAt": f"{stamp}{zone}",
        "applyMethod": record.apply_method,
    }
