"""``kubetui helm``: Helm's commands about charts, on this machine and without a cluster."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final, NamedTuple

HELP: Final = """Helm charts without Helm: rendered, checked and packed as Helm 4.3 does it.

usage: kubetui helm COMMAND [flags]

  template [NAME] CHART        render a chart
  create NAME                  a new chart with the usual files
  lint PATH...                 look for mistakes in charts
  package PATH...              pack charts into archives
  show chart|values|readme|crds|all CHART
                               print parts of a chart
  version                      the version of Helm that is stood in for

The flags are Helm's: helm template's -f, --set, --set-string, --set-json, --set-file, --set-literal, -n, --show-only,
--include-crds, --no-hooks, --skip-tests, --kube-version, --api-versions, --is-upgrade, --output-dir and so on."""


class Verb(NamedTuple):
    """Where a command is: a module of this package, its function, and the names of its flags and usage."""

    module: str
    run: str
    usage: str
    flags: str = ""


VERBS: Final = {
    "template": Verb("template", "run", "USAGE", "FLAGS"),
    "create": Verb("charts", "create", "CREATE_USAGE"),
    "lint": Verb("charts", "lint", "LINT_USAGE", "LINT_FLAGS"),
    "package": Verb("charts", "package", "PACKAGE_USAGE", "PACKAGE_FLAGS"),
    "show": Verb("charts", "show", "SHOW_USAGE"),
    "inspect": Verb("charts", "show", "SHOW_USAGE"),
    "version": Verb("version", "run", "USAGE", "FLAGS"),
}


def main(arguments: Sequence[str]) -> int:
    """Run a command of Helm; returns the exit code."""
    words = list(arguments)
    if not words or words[0] in {"help", "-h", "--help"}:
        print(HELP)
        return 0
    verb = VERBS.get(words[0])
    if verb is None:
        print(f'Error: unknown command "{words[0]}" for "helm"\nRun \'helm --help\' for usage.', file=sys.stderr)
        return 1
    from kubesim.helm.template.errors import TemplateError
    from kubetui.cli.helm.flags import HelpRequested, parse
    from kubetui.cli.helm.inputs import GLOBAL_FLAGS

    module = import_module(f"kubetui.cli.helm.{verb.module}")
    run: Callable[[Any], int] = getattr(module, verb.run)
    own: Mapping[str, Any] = getattr(module, verb.flags) if verb.flags else {}
    try:
        return run(parse(words[1:], {**GLOBAL_FLAGS, **own}))
    except HelpRequested:
        print(f"Usage:  kubetui helm {getattr(module, verb.usage)}")
        flags = [f"-{flag.short}, --{name}" if flag.short else f"--{name}" for name, flag in own.items()]
        print("\n".join(["", "Flags:", *[f"  {flag}" for flag in sorted(flags)]]) if flags else "")
        return 0
    except TemplateError as error:
        sys.stderr.buffer.write(f"Error: {error}\n".encode("utf-8", "surrogateescape"))
        sys.stderr.buffer.flush()
        return 1
    except OSError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
