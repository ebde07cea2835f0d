"""``kubetui helm``: Helm's commands, about charts on this machine and about releases in a cluster."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final, NamedTuple

HELP: Final = """Helm 4.3, built in: charts, repositories and releases.

usage: kubetui helm COMMAND [flags]

  template [NAME] CHART        render a chart
  create NAME                  a new chart with the usual files
  lint PATH...                 look for mistakes in charts
  package PATH...              pack charts into archives
  show chart|values|readme|crds|all CHART
                               print parts of a chart
  repo add|list|update|remove|index
                               chart repositories; samples:// is the one that comes with kubetui
  search repo [KEYWORD]        find charts in them
  pull CHART                   download a chart; CHART may be REPOSITORY/NAME, a URL or oci://HOST/PATH
  push ARCHIVE oci://HOST/PATH upload a chart to a registry
  registry login|logout HOST   logins at registries
  dependency list|update|build CHART
                               the charts that a chart depends on
  install [NAME] CHART         install a chart into the cluster that the kubeconfig names
  upgrade RELEASE CHART        change a release; --install makes it when it is not there
  rollback RELEASE [REVISION]  bring back an earlier revision
  uninstall RELEASE...         delete releases
  list, status, history        releases, one of them, and its revisions
  get all|values|manifest|notes|hooks|metadata RELEASE
                               what is kept of a release
  test RELEASE                 run the tests of a release
  env                          Helm's settings and where its files are
  version                      the version of Helm that is stood in for

The flags are Helm's; kubetui helm COMMAND --help lists those of a command."""


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
    "show": Verb("charts", "show", "SHOW_USAGE", "SHOW_FLAGS"),
    "inspect": Verb("charts", "show", "SHOW_USAGE", "SHOW_FLAGS"),
    "version": Verb("version", "run", "USAGE", "FLAGS"),
    "env": Verb("releases.environment", "run", "USAGE", "FLAGS"),
    "install": Verb("releases.changing", "install", "INSTALL_USAGE", "INSTALL_FLAGS"),
    "upgrade": Verb("releases.changing", "upgrade", "UPGRADE_USAGE", "UPGRADE_FLAGS"),
    "rollback": Verb("releases.undoing", "rollback", "ROLLBACK_USAGE", "ROLLBACK_FLAGS"),
    "uninstall": Verb("releases.undoing", "uninstall", "UNINSTALL_USAGE", "UNINSTALL_FLAGS"),
    "list": Verb("releases.listing", "list_releases", "LIST_USAGE", "LIST_FLAGS"),
    "history": Verb("releases.listing", "history", "HISTORY_USAGE", "HISTORY_FLAGS"),
    "status": Verb("releases.reading", "status", "STATUS_USAGE", "STATUS_FLAGS"),
    "get": Verb("releases.reading", "get", "GET_USAGE"),
    "get all": Verb("releases.reading", "get_all", "GET_ALL_USAGE", "GET_ALL_FLAGS"),
    "get values": Verb("releases.reading", "get_values", "GET_VALUES_USAGE", "GET_VALUES_FLAGS"),
    "get manifest": Verb("releases.reading", "get_manifest", "GET_MANIFEST_USAGE", "REVISION_FLAGS"),
    "get notes": Verb("releases.reading", "get_notes", "GET_NOTES_USAGE", "REVISION_FLAGS"),
    "get hooks": Verb("releases.reading", "get_hooks", "GET_HOOKS_USAGE", "REVISION_FLAGS"),
    "get metadata": Verb("releases.reading", "get_metadata", "GET_METADATA_USAGE", "STATUS_FLAGS"),
    "test": Verb("releases.testing", "run", "USAGE", "FLAGS"),
    "repo": Verb("repositories", "run", "USAGE"),
    "repo add": Verb("repositories", "add", "ADD_USAGE", "ADD_FLAGS"),
    "repo list": Verb("repositories", "list_all", "LIST_USAGE", "LIST_FLAGS"),
    "repo update": Verb("repositories", "update", "UPDATE_USAGE", "UPDATE_FLAGS"),
    "repo remove": Verb("repositories", "remove", "REMOVE_USAGE"),
    "repo index": Verb("repositories", "index", "INDEX_USAGE", "INDEX_FLAGS"),
    "search": Verb("searching", "run", "USAGE"),
    "search repo": Verb("searching", "repo", "REPO_USAGE", "REPO_FLAGS"),
    "search hub": Verb("searching", "hub", "HUB_USAGE", "HUB_FLAGS"),
    "pull": Verb("pulling", "pull", "PULL_USAGE", "PULL_FLAGS"),
    "push": Verb("pulling", "push", "PUSH_USAGE", "PUSH_FLAGS"),
    "registry": Verb("registries", "run", "USAGE"),
    "registry login": Verb("registries", "login", "LOGIN_USAGE", "LOGIN_FLAGS"),
    "registry logout": Verb("registries", "logout", "LOGOUT_USAGE"),
    "dependency": Verb("dependencies", "run", "USAGE"),
    "dependency list": Verb("dependencies", "list_all", "LIST_USAGE", "LIST_FLAGS"),
    "dependency update": Verb("dependencies", "update", "UPDATE_USAGE", "UPDATE_FLAGS"),
    "dependency build": Verb("dependencies", "build", "BUILD_USAGE", "UPDATE_FLAGS"),
}


def main(arguments: Sequence[str]) -> int:
    """Run a command of Helm; returns the exit code."""
    words = list(arguments)
    if not words or words[0] in {"help", "-h", "--help"}:
        print(HELP)
        return 0
    from kubetui.cli.helm.groups import full_words

    words = full_words(words)
    verb = VERBS.get(words[0])
    if verb is None:
        print(f'Error: unknown command "{words[0]}" for "helm"\nRun \'helm --help\' for usage.', file=sys.stderr)
        return 1
    from kubesim.helm.template.errors import TemplateError
    from kubetui.cli.helm.flags import HelpRequested, parse
    from kubetui.cli.helm.inputs import GLOBAL_FLAGS
    from kubetui.cli.helm.releases.arguments import CLUSTER_FLAGS

    module = import_module(f"kubetui.cli.helm.{verb.module}")
    run: Callable[[Any], int] = getattr(module, verb.run)
    own: Mapping[str, Any] = getattr(module, verb.flags) if verb.flags else {}
    try:
        return run(parse(words[1:], {**GLOBAL_FLAGS, **CLUSTER_FLAGS, **own}))
    except HelpRequested:
        from kubetui.cli.helm.explaining import explanation

        print(explanation(words[0], getattr(module, verb.usage), own))
        return 0
    except TemplateError as error:
        sys.stderr.buffer.write(f"Error: {error}\n".encode("utf-8", "surrogateescape"))
        sys.stderr.buffer.flush()
        return 1
    except OSError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
