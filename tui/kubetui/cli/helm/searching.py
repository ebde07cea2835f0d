"""``kubetui helm search``: finds charts in the repositories that were added."""

from typing import Final

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.repository.index import Index, log_line
from kubesim.helm.repository.search import search
from kubesim.helm.template.errors import GoError
from kubetui.cli.helm.flags import SWITCH, TEXT, Flag, Parsed
from kubetui.cli.helm.output import OUTPUT_FLAGS, count_of, format_of, print_documents, print_table, write
from kubetui.cli.helm.references import complain, settings_of
from kubetui.cli.helm.repositories import added
from kubetui.repositories.getters import cached_index

REPO_USAGE: Final = "search repo [keyword] [flags]"
HUB_USAGE: Final = "search hub [KEYWORD] [flags]"
USAGE: Final = "search hub|repo"
_COMMON: Final = {**OUTPUT_FLAGS, "fail-on-no-result": Flag(SWITCH), "max-col-width": Flag(TEXT)}
REPO_FLAGS: Final = {
    **_COMMON,
    "devel": Flag(SWITCH),
    "regexp": Flag(SWITCH, "r"),
    "version": Flag(TEXT),
    "versions": Flag(SWITCH, "l"),
}
HUB_FLAGS: Final = {**_COMMON, "endpoint": Flag(TEXT), "list-repo-url": Flag(SWITCH)}


def run(parsed: Parsed) -> int:
    """Say which commands there are."""
    from kubetui.cli.helm.groups import group

    return group("search", parsed)


def hub(parsed: Parsed) -> int:
    """Artifact Hub is not asked: say where charts are found instead."""
    # differs: kubetui reaches only the servers that a user names
    endpoint = parsed.text("endpoint", "https://hub.helm.sh")
    raise ChartError(
        f'unable to perform search against "{endpoint}": kubetui asks only repositories that you added; '
        "try 'kubetui helm repo add samples samples://' and 'kubetui helm search repo'"
    )


def repo(parsed: Parsed) -> int:
    """Search the cached indexes."""
    form, widest = format_of(parsed), count_of(parsed, "max-col-width", 50)
    found = search(
        _indexes(parsed),
        parsed.words,
        regexp=parsed.on("regexp"),
        version=parsed.text("version"),
        devel=parsed.on("devel"),
        every=parsed.on("versions"),
    )
    if not found and parsed.on("fail-on-no-result"):
        raise ChartError("no results found")
    if form != "table":
        rows = [(one.name, one.chart.version, one.chart.metadata) for one in found]
        keys = ("name", "version", "app_version", "description")
        print_documents(
            [
                dict(zip(keys, (name, version, about.app_version, about.description), strict=True))
                for name, version, about in rows
            ],
            form,
        )
        return 0
    if not found:
        write("No results found\n")
        return 0
    lines = [
        [one.name, one.chart.version, one.chart.metadata.app_version, one.chart.metadata.description] for one in found
    ]
    print_table([["NAME", "CHART VERSION", "APP VERSION", "DESCRIPTION"], *lines], widest)
    return 0


def _indexes(parsed: Parsed) -> dict[str, Index]:
    settings = settings_of(parsed)
    entries = added(settings).entries
    if not entries:
        raise ChartError("no repositories configured")
    indexes: dict[str, Index] = {}
    for entry in entries:
        warnings: list[str] = []
        path = settings.index_file(entry.name)
        problem = ""
        try:
            indexes[entry.name] = cached_index(entry.name, settings, warnings)
        except FileNotFoundError:
            problem = f"open {path}: no such file or directory"
        except (OSError, GoError) as error:
            problem = f"error loading {path}: {error}"
        for line in warnings:
            complain(line)
        if problem:
            complain(log_line("repo is corrupt or missing", repo=entry.name, error=problem))
    return indexes
