"""The flags by which commands find charts in repositories and registries, and the chart they find."""

import sys
from pathlib import Path
from typing import Any, Final

from kubesim.helm.chart.chart import Chart
from kubesim.helm.chart.errors import ChartError
from kubetui.cli.helm.flags import SWITCH, TEXT, Flag, Parsed

ACCESS_FLAGS: Final = {
    "ca-file": Flag(TEXT),
    "cert-file": Flag(TEXT),
    "insecure-skip-tls-verify": Flag(SWITCH),
    "key-file": Flag(TEXT),
    "password": Flag(TEXT),
    "plain-http": Flag(SWITCH),
    "username": Flag(TEXT),
}
"""How servers are reached."""
CHART_FLAGS: Final = {
    **ACCESS_FLAGS,
    "devel": Flag(SWITCH),
    "keyring": Flag(TEXT),
    "pass-credentials": Flag(SWITCH),
    "repo": Flag(TEXT),
    "verify": Flag(SWITCH),
    "version": Flag(TEXT),
}
"""What every command has that takes a chart."""
SETTING_FLAGS: Final = {
    "repository-config": Flag(TEXT),
    "repository-cache": Flag(TEXT),
    "registry-config": Flag(TEXT),
    "content-cache": Flag(TEXT),
}
"""Where Helm keeps its files: flags of all commands."""


def settings_of(parsed: Parsed) -> Any:
    """The kubetui.repositories.settings.Settings that flags and environment say."""
    from kubetui.repositories.settings import from_environment

    return from_environment({name: parsed.text(name) for name in SETTING_FLAGS})


def options_of(parsed: Parsed) -> Any:
    """The kubetui.repositories.ChartOptions that CHART_FLAGS (or some of them) say."""
    from kubetui.repositories import ChartOptions

    return ChartOptions(
        version=parsed.text("version"),
        repository=parsed.text("repo"),
        username=parsed.text("username"),
        password=parsed.text("password"),
        pass_credentials=parsed.on("pass-credentials"),
        ca_file=parsed.text("ca-file"),
        cert_file=parsed.text("cert-file"),
        key_file=parsed.text("key-file"),
        insecure_skip_tls_verify=parsed.on("insecure-skip-tls-verify"),
        plain_http=parsed.on("plain-http"),
        verify=parsed.on("verify"),
        keyring=parsed.text("keyring"),
        devel=parsed.on("devel"),
        timeout=120.0,
    )


def located(name: str, parsed: Parsed) -> Path:
    """The folder or archive of the chart that a user named; ChartError with Helm's text."""
    from kubetui.repositories import locate_chart

    return locate_chart(name, options_of(parsed), settings_of(parsed), complain)


def complain(line: str) -> None:
    """Print a line beside the output."""
    print(line, file=sys.stderr)


def has_missing(chart: Chart) -> bool:
    """Whether Chart.yaml names charts that are not in charts/."""
    names = [inner.name for inner in chart.dependencies]
    return any(wanted.name not in names for wanted in chart.metadata.dependencies)


def update_dependencies(path: Path, parsed: Parsed) -> None:
    """What --dependency-update does where dependencies are missing."""
    from kubetui.repositories.dependencies import Dependencies

    if not path.is_dir():
        return
    Dependencies(path, options_of(parsed)._replace(version="", repository=""), settings_of(parsed), print).update()


def exact_words(parsed: Parsed, command: str, usage: str, least: int, most: int | None = None) -> list[str]:
    """The arguments; ChartError with Helm's text when there are too few or too many. ``most`` None: exactly so many."""
    count = len(parsed.words)
    if most is None and count != least:
        wanted = f"{least} argument{'' if least == 1 else 's'}" if least else ""
        text = f"requires {wanted}" if least else "accepts no arguments"
        raise ChartError(f'"helm {command}" {text}\n\nUsage:  helm {usage}')
    if count < least:
        raise ChartError(
            f'"helm {command}" requires at least {least} argument{"" if least == 1 else "s"}\n\nUsage:  helm {usage}'
        )
    return parsed.words
