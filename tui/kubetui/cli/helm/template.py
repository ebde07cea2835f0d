"""``kubetui helm template``: renders a chart without a cluster."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from kubesim.helm.capabilities import KUBE_VERSION, default_capabilities, parse_kube_version
from kubesim.helm.chart.chart import Chart, File
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.ignore import glob
from kubesim.helm.engine import Release, Rendered, manifests_of, render, standard_library
from kubesim.helm.manifest import Sorted, sort_manifests, split, template_text
from kubesim.helm.template.errors import TemplateError
from kubesim.helm.template.execute.context import Context
from kubesim.helm.template.quoting import quote
from kubesim.helm.template.values import decode
from kubetui.cli.helm.flags import LIST, MANY, SWITCH, TEXT, Flag, Parsed
from kubetui.cli.helm.inputs import VALUE_FLAGS, load_path, namespace_of, sources, values_of
from kubetui.cli.helm.references import CHART_FLAGS, has_missing, located, update_dependencies

USAGE: Final = "template [NAME] [CHART] [flags]"
_OWN: Final = {
    "api-versions": Flag(LIST, "a"),
    "dependency-update": Flag(SWITCH),
    "dry-run": Flag(TEXT, optional="unset"),
    "generate-name": Flag(SWITCH, "g"),
    "include-crds": Flag(SWITCH),
    "is-upgrade": Flag(SWITCH),
    "kube-version": Flag(TEXT),
    "name-template": Flag(TEXT),
    "no-hooks": Flag(SWITCH),
    "output-dir": Flag(TEXT),
    "release-name": Flag(SWITCH),
    "show-only": Flag(MANY, "s"),
    "skip-schema-validation": Flag(SWITCH),
    "skip-tests": Flag(SWITCH),
}
_WITHOUT_EFFECT: Final = {
    "create-namespace": Flag(SWITCH),
    "description": Flag(TEXT),
    "disable-openapi-validation": Flag(SWITCH),
    "enable-dns": Flag(SWITCH),
    "force-conflicts": Flag(SWITCH),
    "force-replace": Flag(SWITCH),
    "labels": Flag(LIST, "l"),
    "replace": Flag(SWITCH),
    "rollback-on-failure": Flag(SWITCH),
    "server-side": Flag(SWITCH),
    "skip-crds": Flag(SWITCH),
    "take-ownership": Flag(SWITCH),
    "timeout": Flag(TEXT),
    "wait": Flag(TEXT, optional="watcher"),
    "wait-for-jobs": Flag(SWITCH),
}
FLAGS: Final = {**_OWN, **_WITHOUT_EFFECT, **CHART_FLAGS, **VALUE_FLAGS}

_NAME: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
_LONGEST_NAME: Final = 53
_SOURCE: Final = re.compile("# Source: [^/]+/(.+)")
_INVALID: Final = "\n\nUse --debug flag to render out invalid YAML"


class _Output(NamedTuple):
    """What one rendering is printed from."""

    sorted: Sorted
    crds: Sequence[File]
    release: str


def run(parsed: Parsed) -> int:
    """Print the rendered chart; ChartError or TemplateError with Helm's text."""
    if not parsed.words:
        raise ChartError(f'"helm template" requires at least 1 argument\n\nUsage:  helm {USAGE}')
    _check_kube_version(parsed)
    _check_dry_run(parsed)
    name, chart_name = release_name(parsed)
    path = located(chart_name, parsed)
    values = values_of(parsed)
    chart = _installable(path, parsed)
    rendered = _rendered(chart, values, name, parsed)
    for warning in rendered.warnings:
        print(f"level=WARN msg={quote(warning)}", file=sys.stderr)
    try:
        ordered = sort_manifests(manifests_of(rendered))
    except TemplateError as error:
        raise ChartError(f"{error}{_INVALID}") from None
    crds = rendered.chart.crds() if parsed.on("include-crds") else ()
    _print(_Output(ordered, crds, name), parsed)
    return 0


def _check_kube_version(parsed: Parsed) -> None:
    text = parsed.text("kube-version")
    if text:
        try:
            parse_kube_version(text)
        except ChartError as error:
            raise ChartError(f"invalid kube version '{text}': {error}") from None


def _check_dry_run(parsed: Parsed) -> None:
    mode = parsed.text("dry-run", "client")
    if mode == "none":
        raise ChartError('invalid dry-run value ("none"). Must be "server" or "client"')
    if mode not in {"client", "server", "unset"}:
        raise ChartError(f'invalid dry-run value ({quote(mode)}). Must be "none", "server", or "client"')


def release_name(parsed: Parsed) -> tuple[str, str]:
    """The name of the release and the chart; ChartError with Helm's text."""
    words = parsed.words
    if len(words) > 2:
        raise ChartError(f"expected at most two arguments, unexpected arguments: {', '.join(words[2:])}")
    named = len(words) == 2
    for flag in ("generate-name", "name-template"):
        if named and parsed.flags.get(flag):
            raise ChartError(f"cannot set --{flag} and also specify a name")
    if named:
        return words[0], words[1]
    if parsed.text("name-template"):
        return _from_template(parsed.text("name-template")), words[0]
    return (_generated(words[0]) if parsed.on("generate-name") else "release-name"), words[0]


def _from_template(text: str) -> str:
    context = Context(standard_library(), sources())
    context.add("name-template", text)
    return context.execute("name-template", None)


def _generated(chart: str) -> str:
    base = Path(chart).name
    base = "chart" if base in {"", "."} else base.removesuffix(".tgz")
    return f"{base.partition('.')[0]}-{sources().now() // 1000}"


def _check_name(name: str) -> None:
    if re.fullmatch(_NAME[1:-1], name) is None or len(name) > _LONGEST_NAME:
        raise ChartError(
            f"release name check failed: release name {quote(name)}: invalid release name, must match regex {_NAME} "
            f"and the length must not be longer than {_LONGEST_NAME}"
        )


def _installable(path: Path, parsed: Parsed) -> Chart:
    chart = load_path(path)
    if parsed.on("dependency-update") and has_missing(chart):
        update_dependencies(path, parsed)
        chart = load_path(path)
    if chart.metadata.type not in {"", "application"}:
        raise ChartError(f"{chart.metadata.type} charts are not installable")
    if chart.metadata.deprecated:
        print('level=WARN msg="this chart is deprecated"', file=sys.stderr)
    return chart


def _rendered(chart: Chart, values: dict[str, Any], name: str, parsed: Parsed) -> Rendered:
    upgrade = parsed.on("is-upgrade")
    release = Release(name, namespace_of(parsed), is_install=not upgrade, is_upgrade=upgrade)
    version = parsed.text("kube-version") or KUBE_VERSION
    capabilities = default_capabilities(version, parsed.many("api-versions"))
    lookup = None
    if parsed.text("dry-run") == "server":
        from kubetui.cli.helm.releases.session import Session

        session = Session(parsed)
        session.reach()
        setting = session.setting(rendering=True)
        capabilities, lookup = setting.capabilities, setting.lookup
    _check_name(name)
    try:
        return render(
            chart,
            values,
            release,
            sources(),
            capabilities=capabilities,
            lookup=lookup,
            skip_schema_validation=parsed.on("skip-schema-validation"),
        )
    except ChartError as error:
        # From here on Helm has a release whose text it could show.
        if str(error).startswith("chart requires kubeVersion"):
            raise ChartError(f"{error}{_INVALID}") from None
        raise
    except TemplateError as error:
        raise ChartError(f"{error}{_INVALID}") from None


def _print(output: _Output, parsed: Parsed) -> None:
    hooks, tests = not parsed.on("no-hooks"), not parsed.on("skip-tests")
    folder = parsed.text("output-dir")
    if folder:
        if parsed.on("release-name"):
            folder = f"{folder}/{output.release}"
        _write_files(output, folder, hooks=hooks, tests=tests)
        text = "\n"
    else:
        text = template_text(output.sorted, output.crds, hooks=hooks, tests=tests)
    if parsed.flags.get("show-only"):
        text = only(text, parsed.many("show-only"))
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()


def only(text: str, patterns: Sequence[str]) -> str:
    """The documents whose templates fit the patterns; ChartError for a pattern that fits none."""
    documents = [(document, _SOURCE.search(document)) for document in split(text)]
    found: list[str] = []
    for pattern in patterns:
        matcher = glob(pattern)
        fitting = [document for document, source in documents if source is not None and matcher.fullmatch(source[1])]
        if not fitting:
            raise ChartError(f"could not find template {pattern} in chart")
        found.extend(fitting)
    return "".join([f"---\n{document}\n" for document in found])


def _write_files(output: _Output, folder: str, *, hooks: bool, tests: bool) -> None:
    documents = [(crd.name, decode(crd.data)) for crd in output.crds]
    documents += [(manifest.path, manifest.content) for manifest in output.sorted.manifests]
    for hook in output.sorted.hooks if hooks else ():
        if tests or "test" not in hook.events:
            documents.append((hook.path, hook.manifest))
    written: list[str] = []
    for path, content in documents:
        target = Path(folder, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = f"---\n# Source: {path}\n{content}\n"
        with target.open("ab" if path in written else "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
        written.append(path)
        print(f"wrote {folder}/{path}")
