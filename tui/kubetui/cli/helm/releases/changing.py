"""``helm install`` and ``helm upgrade``."""

from pathlib import Path
from typing import Any, Final, NamedTuple

from kubesim.helm.capabilities import default_capabilities
from kubesim.helm.chart.chart import Chart
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.release.flows import lifecycle, storage
from kubesim.helm.release.flows.lifecycle.options import CLIENT, Options
from kubesim.helm.release.flows.naming import name_problem
from kubesim.helm.release.flows.steps import Setting
from kubesim.helm.release.record import Record
from kubesim.helm.template.errors import TemplateError
from kubetui.cli.helm.flags import Parsed
from kubetui.cli.helm.inputs import load_path, sources, values_of
from kubetui.cli.helm.output import format_of
from kubetui.cli.helm.references import located, update_dependencies
from kubetui.cli.helm.releases.arguments import at_least_one, exact
from kubetui.cli.helm.releases.flags import INSTALL_FLAGS, UPGRADE_FLAGS, options_of
from kubetui.cli.helm.releases.printing import print_release
from kubetui.cli.helm.releases.session import Session, attributes

INSTALL_USAGE: Final = "install [NAME] [CHART] [flags]"
UPGRADE_USAGE: Final = "upgrade [RELEASE] [CHART] [flags]"
__all__ = ["INSTALL_FLAGS", "INSTALL_USAGE", "UPGRADE_FLAGS", "UPGRADE_USAGE", "install", "upgrade"]


class _Asked(NamedTuple):
    """What is to be installed."""

    name: str
    chart: Chart
    values: dict[str, Any]


def install(parsed: Parsed) -> int:
    """Install a chart; ChartError or TemplateError with Helm's text."""
    at_least_one(parsed, "install", INSTALL_USAGE)
    form = format_of(parsed)
    options = _with_post_renderer(parsed, options_of(parsed))
    if options.server_side == "auto":
        options = options._replace(server_side="true")
    session = Session(parsed)
    try:
        record = _installed(parsed, session, options, parsed.words)
    except TemplateError as error:
        raise ChartError(f"INSTALLATION FAILED: {error}") from None
    print_release(record, form, debug=session.debug, hide_notes=parsed.on("hide-notes"))
    return 0


def _installed(parsed: Parsed, session: Session, options: Options, words: list[str]) -> Record:
    session.log.report("DEBUG", "Original chart version", attributes(version=parsed.text("version")))
    name, reference = _name_and_chart(parsed, words)
    asked = _asked(parsed, session, name, reference)
    setting = _reached(session, options)
    flow = lifecycle.install(setting, asked.name, session.namespace, asked.chart, asked.values, options)
    with session.cancellable(name):
        return session.run(flow)


def _reached(session: Session, options: Options) -> Setting:
    """The cluster, unless nobody needs it."""
    if options.dry_run == CLIENT:
        return Setting({}, default_capabilities(), sources(), report=session.log.report)
    session.reach()
    return session.setting(rendering=True)


def _name_and_chart(parsed: Parsed, words: list[str]) -> tuple[str, str]:
    from kubetui.cli.helm.template import release_name

    if len(words) == 1 and not (parsed.on("generate-name") or parsed.text("name-template")):
        raise ChartError("must either provide a name or specify --generate-name")
    return release_name(parsed)


def _asked(parsed: Parsed, session: Session, name: str, reference: str) -> _Asked:
    path = located(reference, parsed)
    session.log.report("DEBUG", "Chart path", attributes(path=path))
    values = values_of(parsed)
    chart = load_path(path)
    if chart.metadata.type not in {"", "application"}:
        raise ChartError(f"{chart.metadata.type} charts are not installable")
    return _Asked(name, _complete(parsed, session, path, chart), values)


def _complete(parsed: Parsed, session: Session, path: Path, chart: Chart) -> Chart:
    """The chart with its dependencies; ChartError with Helm's text when some are missing."""
    if chart.metadata.deprecated:
        session.log.report("WARN", "this chart is deprecated", {})
    there = [one.name for one in chart.dependencies]
    missing = [one.name for one in chart.metadata.dependencies if one.name not in there]
    if not missing:
        return chart
    if not parsed.on("dependency-update"):
        raise ChartError(
            "an error occurred while checking for chart dependencies. You may need to run `helm dependency build` to "
            "fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: " + ", ".join(missing)
        )
    update_dependencies(path, parsed)
    return load_path(path)


def _with_post_renderer(parsed: Parsed, options: Options) -> Options:
    name = parsed.text("post-renderer")
    if not name:
        return options
    from kubetui.cli.helm.releases.postrendering import PostRenderer, find

    return options._replace(post_render=PostRenderer(find(name), tuple(parsed.many("post-renderer-args"))).render)


def upgrade(parsed: Parsed) -> int:
    """Upgrade a release; ChartError or TemplateError with Helm's text."""
    name, reference = exact(parsed, "upgrade", UPGRADE_USAGE, 2)
    form = format_of(parsed)
    options = _with_post_renderer(parsed, options_of(parsed))
    session = Session(parsed)
    if parsed.on("install"):
        session.check()
        session.log.report("DEBUG", "getting history for release", attributes(release=name))
        session.log.report("DEBUG", "getting release history", attributes(name=name))
        if name_problem(name):
            raise ChartError(f"release name is invalid: {name}")
        found = session.run(storage.records(session.setting(), session.namespace, name))
        if not found or found[-1].status == "uninstalled":
            if form == "table":
                print(f'Release "{name}" does not exist. Installing it now.', flush=True)
            side = "false" if options.server_side == "false" else "true"
            again = options._replace(replace=bool(found), server_side=side)
            record = _installed(parsed, session, again, parsed.words)
            print_release(record, form, debug=session.debug, hide_notes=parsed.on("hide-notes"))
            return 0
    path = located(reference, parsed)
    values = values_of(parsed)
    chart = _complete(parsed, session, path, load_path(path))
    try:
        session.check()
        flow = lifecycle.upgrade(session.setting(rendering=True), name, session.namespace, chart, values, options)
        with session.cancellable(name):
            record = session.run(flow)
    except TemplateError as error:
        raise ChartError(f"UPGRADE FAILED: {error}") from None
    if form == "table":
        print(f'Release "{name}" has been upgraded. Happy Helming!', flush=True)
    print_release(record, form, debug=session.debug, hide_notes=parsed.on("hide-notes"))
    return 0
