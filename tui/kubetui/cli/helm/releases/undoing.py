"""``helm rollback`` and ``helm uninstall``."""

import re
from typing import Final

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.release.flows import lifecycle
from kubesim.helm.release.flows.lifecycle.options import Options
from kubesim.helm.release.flows.lifecycle.uninstalling import kept_text
from kubesim.helm.release.flows.steps import NotFoundError
from kubetui.cli.helm.flags import SWITCH, TEXT, Flag, Parsed
from kubetui.cli.helm.output import write
from kubetui.cli.helm.releases.arguments import CLUSTER_FLAGS, at_least_one
from kubetui.cli.helm.releases.flags import ROLLBACK_FLAGS, WAIT_FLAGS, options_of, timeout_of, wait_of
from kubetui.cli.helm.releases.session import Session, connected

ROLLBACK_USAGE: Final = "rollback <RELEASE> [REVISION] [flags]"
UNINSTALL_USAGE: Final = "uninstall RELEASE_NAME [...] [flags]"
UNINSTALL_FLAGS: Final = {
    **CLUSTER_FLAGS,
    **WAIT_FLAGS,
    "cascade": Flag(TEXT),
    "description": Flag(TEXT),
    "dry-run": Flag(SWITCH),
    "ignore-not-found": Flag(SWITCH),
    "keep-history": Flag(SWITCH),
    "no-hooks": Flag(SWITCH),
}
_CASCADES: Final = ("background", "foreground", "orphan")
__all__ = ["ROLLBACK_FLAGS", "ROLLBACK_USAGE", "UNINSTALL_FLAGS", "UNINSTALL_USAGE", "rollback", "uninstall"]


def rollback(parsed: Parsed) -> int:
    """Roll a release back; FlowError with Helm's text."""
    words = at_least_one(parsed, "rollback", ROLLBACK_USAGE)
    options = options_of(parsed)
    version = 0
    if len(words) > 1:
        if re.fullmatch(r"[+-]?[0-9]+", words[1]) is None:
            reason = f'strconv.Atoi: parsing "{words[1]}": invalid syntax'
            raise ChartError(f"could not convert revision to a number: {reason}")
        version = int(words[1])
    session = connected(parsed)
    session.run(lifecycle.rollback(session.setting(), words[0], session.namespace, version, options))
    print("Rollback was a success! Happy Helming!")
    return 0


def uninstall(parsed: Parsed) -> int:
    """Uninstall releases; FlowError with Helm's text for the first that cannot be."""
    names = at_least_one(parsed, "uninstall", UNINSTALL_USAGE)
    wait, strategy = wait_of(parsed)
    cascade = parsed.text("cascade", "background")
    if cascade not in _CASCADES:
        raise ChartError(f'invalid cascade value ({cascade}). Must be "background", "foreground", or "orphan"')
    options = Options(
        wait=wait,
        strategy=strategy,
        timeout=timeout_of(parsed),
        no_hooks=parsed.on("no-hooks"),
        keep_history=parsed.on("keep-history"),
        description=parsed.text("description"),
        dry_run="server" if parsed.on("dry-run") else "",
        cascade=cascade,
    )
    session = connected(parsed)
    for name in names:
        text = _uninstalled(parsed, session, name, options)
        write(f'{text}release "{name}" uninstalled\n')
    return 0


def _uninstalled(parsed: Parsed, session: Session, name: str, options: Options) -> str:
    """What is said of what was kept."""
    left: list[str] = []
    try:
        record = session.run(lifecycle.uninstall(session.setting(), name, session.namespace, options, left))
    except NotFoundError:
        if parsed.on("ignore-not-found"):
            return ""
        raise
    # A record that was marked as deleted before this command had its objects deleted before, too.
    told = kept_text(record) if options.dry_run or "deleted" not in record.stamps else ""
    if left:
        lines = "".join([f"{one}\n" for one in left])
        told += "\n" if told else ""
        told += f"{len(left)} resource(s) were not deleted because they are not owned by this release:\n{lines}"
    return f"{told}\n" if told else ""
