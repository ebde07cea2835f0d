"""``kubetui attach``: the explorer on a cluster that runs already, found through a kubeconfig."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kubesim.scenario.documents import ManifestError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubesim.objects.wire import Key
    from kubetui.client.remote import Access


def parser() -> argparse.ArgumentParser:
    """The arguments of the command."""
    found = argparse.ArgumentParser(
        prog="kubetui attach",
        description="Open the explorer on a cluster that runs already: a real one, or that of kubetui serve.",
        allow_abbrev=False,
    )
    found.add_argument("--context", metavar="C", default="", help="the context of the kubeconfig (default: current)")
    found.add_argument("--kubeconfig", metavar="PATH", default="", help="the kubeconfig (default: KUBECONFIG, ~/.kube)")
    found.add_argument("-n", "--namespace", metavar="NS", help="the namespace to show first (default: the context's)")
    found.add_argument("--read-only", action="store_true", help="refuse every change from the keyboard")
    found.add_argument("--keys", metavar="FILE", help="a YAML file that remaps keys")
    found.add_argument("--theme", metavar="NAME", help="a colour theme")
    found.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")
    return found


def main(arguments: Sequence[str]) -> int:
    """Open the explorer; returns the exit code: 0, or 1 after a message about what is wrong."""
    from kubetui.client.remote import ConfigError, UnreachableError

    options = parser().parse_args(arguments)
    try:
        return _attach(options)
    except (ConfigError, ManifestError) as error:
        print(f"error: {error}", file=sys.stderr)
    except UnreachableError as error:
        print(f"error: Unable to connect to the server: {error}", file=sys.stderr)
    return 1


def _attach(options: argparse.Namespace) -> int:
    from kubetui.cli.keys_file import read_keys
    from kubetui.client.remote import Overrides, load
    from kubetui.client.remote.kubeconfig import contexts

    keys = read_keys(options.keys) if options.keys else {}
    context, code = options.context, 0
    known = contexts(Overrides(kubeconfig=options.kubeconfig))
    while True:
        access = load(Overrides(kubeconfig=options.kubeconfig, context=context))
        code, wanted = _explore(options, access, known, keys)
        if not wanted:
            return code
        # Another context was chosen: the same screen on another cluster.
        context, options.namespace = wanted, None


class Shell:
    """What ``!`` and ``:api`` tell: the kubeconfig that this explorer itself uses."""

    def __init__(self, kubeconfig: str, context: str) -> None:
        self.on_addresses: Callable[[Mapping[Key, str]], None] | None = None
        path = os.path.abspath(kubeconfig) if kubeconfig else os.environ.get("KUBECONFIG", "")
        self.environment: Mapping[str, str] = {"KUBECONFIG": path} if path else {"KUBETUI_CONTEXT": context}
        self.line = f"export KUBECONFIG={path}" if path else f"kubectl --context {context}"

    async def open(self, say: "Callable[[str], None]") -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""


def _explore(
    options: argparse.Namespace, access: "Access", contexts: Sequence[str], keys: Mapping[str, Sequence[str]]
) -> tuple[int, str]:
    if not (sys.stdout.isatty() and sys.stderr.isatty()):
        msg = "the explorer needs a terminal, and the output is not one"
        raise ManifestError(msg)
    os.environ.setdefault("TEXTUAL_FPS", "120")
    from kubetui.client.attached import attached

    client = attached(access, read_only=options.read_only)
    from kubetui.app import Explorer, default_keymap
    from kubetui.model import glyphs
    from kubetui.model.themes import DARK

    explorer = Explorer(
        client,
        keymap=default_keymap(keys),
        glyphs=glyphs.ASCII if options.ascii else glyphs.choose(os.environ),
        theme=options.theme or DARK,
        namespace=access.namespace if options.namespace is None else options.namespace,
        gateway=Shell(options.kubeconfig, access.context),
        kept=True,
    )
    explorer.general.contexts = contexts
    explorer.run()
    return explorer.return_code or 0, explorer.general.wanted_context
