"""``helm test``."""

import re
from typing import Final

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.release.flows import lifecycle
from kubetui.cli.helm.flags import LIST, SWITCH, TEXT, Flag, Parsed
from kubetui.cli.helm.output import write
from kubetui.cli.helm.releases.arguments import CLUSTER_FLAGS, exact
from kubetui.cli.helm.releases.flags import timeout_of
from kubetui.cli.helm.releases.printing import summary
from kubetui.cli.helm.releases.session import connected

USAGE: Final = "test [RELEASE] [flags]"
FLAGS: Final = {**CLUSTER_FLAGS, "filter": Flag(LIST), "logs": Flag(SWITCH), "timeout": Flag(TEXT)}
_EXCLUDED: Final = re.compile(r"^!\s?name=")


def run(parsed: Parsed) -> int:
    """Run the tests of a release; ChartError with Helm's text when one fails."""
    name = exact(parsed, "test", USAGE, 1)[0]
    filters = parsed.many("filter")
    session = connected(parsed)
    flow = lifecycle.run_tests(
        session.setting(),
        name,
        session.namespace,
        timeout_of(parsed),
        only=[text.removeprefix("name=") for text in filters if text.startswith("name=")],
        without=[_EXCLUDED.sub("", text) for text in filters if _EXCLUDED.match(text)],
        logs=parsed.on("logs"),
    )
    done = session.run(flow)
    write(summary(done.record, debug=session.debug, hide_notes=True, stored=True))
    if parsed.on("logs"):
        write("\n" + "".join([f"POD LOGS: {log.pod} ({log.container})\n{log.text}\n" for log in done.logs]))
    if done.problem:
        raise ChartError(done.problem)
    return 0
