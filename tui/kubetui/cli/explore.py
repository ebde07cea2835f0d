"""``kubetui [CLUSTER]``: builds the cluster that the arguments describe and opens the explorer on it."""

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kubesim.scenario.documents import ManifestError, Source
from kubetui.model.themes import DARK

if TYPE_CHECKING:
    from kubesim.cluster import Cluster
    from kubesim.scenario.description import Description
    from kubetui.cli.gateway import LocalGateway
    from kubetui.client.local import LocalClient
    from kubetui.model.helm.shelf import Origin

SNAPSHOT = "cluster.snapshot"


class UsageError(Exception):
    """Arguments or files that cannot be used; the text is for the person who typed them."""


def main(options: argparse.Namespace) -> int:
    """Open the explorer; returns the exit code: 0, or 1 after a message about what is wrong."""
    try:
        return _explore(options)
    except (ManifestError, UsageError) as error:
        lines = str(error).splitlines()
        for line in lines[:20]:
            print(f"error: {line}", file=sys.stderr)
        if len(lines) > 20:
            print(f"error: ... and {len(lines) - 20} more", file=sys.stderr)
        return 1


def _explore(options: argparse.Namespace) -> int:
    from kubetui.cli.keys_file import read_keys

    keys = read_keys(options.keys) if options.keys else {}
    if not (sys.stdout.isatty() and sys.stderr.isatty()):
        msg = "the explorer needs a terminal, and the output is not one"
        raise UsageError(msg)
    sources = sources_of(options.filename)
    _give_back_terminal()
    if not options.cluster and not options.filename and not _snapshot(options).exists():
        from kubetui.cli.picker import choose

        chosen = choose(options.theme)
        if not chosen:
            return 0
        options.cluster = chosen
    cluster, description = opened(options, sources)
    code, cluster = _run(options, cluster, description, keys)
    _keep(options, cluster)
    return code


def _run(
    options: argparse.Namespace, cluster: "Cluster", description: "Description", keys: Mapping[str, Sequence[str]]
) -> "tuple[int, Cluster]":
    # A frame follows a key at once instead of after the next sixtieth of a second.
    os.environ.setdefault("TEXTUAL_FPS", "120")
    # Setting the theme later would parse all styles once more, a tenth of the time to the first paint.
    os.environ.setdefault("TEXTUAL_THEME", DARK)
    import asyncio

    from kubetui.app import Explorer, default_keymap
    from kubetui.cli.readiness import fair_loop
    from kubetui.client.local import LocalClient
    from kubetui.model import glyphs

    client = LocalClient(cluster, description.name, read_only=options.read_only)
    explorer = Explorer(
        client,
        keymap=default_keymap(keys),
        glyphs=glyphs.ASCII if options.ascii else glyphs.choose(os.environ),
        theme=options.theme or DARK,
        namespace=options.namespace if options.namespace is not None else description.namespace,
        speed=None if options.paused else options.speed or description.speed,
        gateway=None if options.no_api or options.read_only else _gateway(options, client),
        folder=description.folder,
        releases=_releases(description),
        kept=bool(options.data),
    )
    with asyncio.Runner(loop_factory=fair_loop) as runner:
        runner.run(explorer.run_async())
    # The person may have gone on from some moment of the past, which is another cluster than the first.
    return explorer.return_code or 0, client.past.live


def _gateway(options: argparse.Namespace, client: "LocalClient") -> "LocalGateway":
    from kubetui.cli.gateway import LocalGateway

    ingress = (options.ingress_port, options.ingress_tls_port)
    return LocalGateway(client, options.port, listeners=not options.no_listeners, ingress=ingress)


def _releases(description: "Description") -> "tuple[Origin, ...]":
    """Where the cluster's releases come from, for the screens about Helm."""
    if not description.releases:
        return ()
    from kubetui.model.helm.shelf import Origin

    return tuple(
        Origin(each.name, each.namespace, each.chart, each.values, each.set, each.watch)
        for each in description.releases
    )


# ---------------------------------------------------------------------- the cluster
def opened(options: argparse.Namespace, sources: list[Source]) -> "tuple[Cluster, Description]":
    """The cluster that the arguments mean, and its description. Raises UsageError or ManifestError."""
    from kubesim.scenario.loader import build

    description = _description(options)
    file = _snapshot(options)
    if file.exists():
        return _restored(file), description
    _check_writable(options)
    # Time begins now, so that ages and certificates agree with the clocks of other programs.
    epoch_ms = int(time.time()) * 1000
    return build(description, epoch_ms=epoch_ms, seed=options.seed, sources=sources), description


def _description(options: argparse.Namespace) -> "Description":
    from kubesim.scenario.description import default_nodes, parse, read
    from kubesim.scenario.loader import sample_folder

    if options.cluster:
        path = Path(options.cluster)
        sample = sample_folder() / options.cluster
        if not path.exists() and (sample / "cluster.yaml").exists():
            path = sample
        if not path.exists():
            known = ", ".join(sorted(item.parent.name for item in sample_folder().glob("*/cluster.yaml")))
            msg = f"{options.cluster}: no such file, folder or sample cluster; the samples are {known}"
            raise UsageError(msg)
        description = read(path)
    else:
        description = parse({}, Path.cwd() / "cluster.yaml")._replace(name="manifests", manifests=())
    if options.nodes:
        description = description._replace(nodes=tuple(default_nodes(options.nodes)))
    return description


def sources_of(filenames: Sequence[str]) -> list[Source]:
    """The manifests in files, folders and standard input (-). Raises ManifestError."""
    from kubesim.scenario.documents import load, parse

    found: list[Source] = []
    for filename in filenames:
        if filename == "-":
            found += parse(sys.stdin.read(), "-")
        else:
            found += load(Path(filename))
    return found


def _give_back_terminal() -> None:
    # Manifests may have come through a pipe; the keys still come from the terminal.
    if sys.stdin is None or not sys.stdin.isatty():
        try:
            terminal = os.open("/dev/tty", os.O_RDONLY)
        except OSError as error:
            msg = f"the explorer needs a terminal for its keys: {error.strerror}"
            raise UsageError(msg) from error
        os.dup2(terminal, 0)
        os.close(terminal)


# ---------------------------------------------------------------------- what is kept
def _snapshot(options: argparse.Namespace) -> Path:
    return Path(options.data) / SNAPSHOT if options.data else Path(os.devnull) / SNAPSHOT


def _restored(file: Path) -> "Cluster":
    from kubesim.cluster import Cluster
    from kubesim.store.snapshot import SnapshotError

    try:
        return Cluster.load(file)
    except (OSError, SnapshotError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        msg = f"{file}: {reason}"
        raise UsageError(msg) from error


def _check_writable(options: argparse.Namespace) -> None:
    # Found out now, not after an hour of work.
    if not options.data:
        return
    try:
        folder = Path(options.data)
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".kubetui-probe"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        msg = f"--data {options.data}: {error.strerror}"
        raise UsageError(msg) from error


def _keep(options: argparse.Namespace, cluster: "Cluster") -> None:
    if not options.data:
        return
    try:
        cluster.save(_snapshot(options))
    except OSError as error:
        msg = f"the cluster could not be kept in {options.data}: {error.strerror}"
        raise UsageError(msg) from error
    print(f"kept in {_snapshot(options)}")
