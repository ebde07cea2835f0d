"""``kubetui serve [CLUSTER]``: no screen, the Kubernetes API of a simulated cluster on a loopback port."""

import argparse
import asyncio
import logging
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kubesim.scenario.documents import ManifestError
from kubetui.cli.explore import UsageError, opened, sources_of

if TYPE_CHECKING:
    from kubesim.cluster import Cluster
    from kubesim.httpd.auditing import AuditLog


def parser() -> argparse.ArgumentParser:
    """The arguments of the command."""
    found = argparse.ArgumentParser(
        prog="kubetui serve",
        description="Serve the Kubernetes API of a simulated cluster on 127.0.0.1, for kubectl, helm and others.",
        epilog="Without CLUSTER there are a control-plane node (tainted) and two workers, with the pods that kubeadm "
        "installs in kube-system: all that conformance tests need.",
        allow_abbrev=False,
    )
    found.add_argument("cluster", nargs="?", metavar="CLUSTER", help="a sample's name, a cluster.yaml or its folder")
    found.add_argument(
        "-f", "--filename", action="append", default=[], metavar="MANIFESTS", help="apply manifests (file, folder or -)"
    )
    found.add_argument("--port", type=_port, default=0, metavar="N", help="the port (default: a free one)")
    found.add_argument("--api-only", action="store_true", help="no nodes, no scheduler, few controllers")
    found.add_argument("--token", metavar="T", help="also accept this bearer token, as an administrator")
    found.add_argument(
        "--anonymous-auth",
        choices=("true", "false"),
        help="let callers without credentials in as system:anonymous (default: only with --api-only)",
    )
    found.add_argument("--audit-log", metavar="FILE", help="note every request in this file (- for the output)")
    found.add_argument("--audit-policy-file", type=Path, metavar="PATH", help="how much is noted of which request")
    found.add_argument("--speed", type=_speed, metavar="X", help="virtual seconds a second, or max (default 1)")
    found.add_argument("--paused", action="store_true", help="start with time standing still")
    found.add_argument("--seed", type=int, metavar="N", help="the seed of the cluster's chance")
    found.add_argument("--nodes", type=int, metavar="N", help="how many nodes, instead of those described")
    found.add_argument("--kubeconfig", type=Path, metavar="PATH", help="where to write the kubeconfig")
    found.add_argument("--data", metavar="DIR", help="keep the cluster in this folder and go on from it next time")
    found.add_argument("--ingress-port", type=_port, default=0, metavar="N", help="the HTTP port of Ingresses")
    found.add_argument("--ingress-tls-port", type=_port, default=0, metavar="N", help="the HTTPS port of Ingresses")
    found.add_argument(
        "--no-listeners", action="store_true", help="open no ports for Ingresses, node ports and load balancers"
    )
    found.add_argument("--state", type=Path, metavar="DIR", help="where the certificates are kept")
    return found


def _speed(text: str) -> float:
    speed = float("inf") if text == "max" else float(text)
    if not speed > 0:
        raise ValueError(text)
    return speed


_speed.__name__ = "speed"


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError(text)
    return port


_port.__name__ = "port"


def main(arguments: Sequence[str]) -> int:
    """Serve until interrupted; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        audit = _audit(options)
        cluster, speed = _cluster(options)
    except (ManifestError, UsageError) as error:
        for line in str(error).splitlines()[:20]:
            print(f"error: {line}", file=sys.stderr)
        return 1
    from kubesim import collector

    collector.tune()
    from kubetui.cli.readiness import fair_loop

    try:
        with asyncio.Runner(loop_factory=fair_loop) as runner:
            runner.run(_serve(cluster, options, speed, audit))
    except OSError as error:
        print(f"error: 127.0.0.1:{options.port}: {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _cluster(options: argparse.Namespace) -> "tuple[Cluster, float]":
    if options.nodes is not None and not 1 <= options.nodes <= 5000:
        msg = "--nodes: must be between 1 and 5000"
        raise UsageError(msg)
    if not options.api_only:
        cluster, description = opened(options, sources_of(options.filename))
        return cluster, options.speed or description.speed
    from kubesim.cluster import API_ONLY, Cluster, Settings

    settings = Settings(name="api-only", seed=options.seed or 1, epoch_ms=int(time.time()) * 1000, controllers=API_ONLY)
    return Cluster(settings), options.speed or 1.0


def _say(line: str) -> None:
    print(line, flush=True)


def _audit(options: argparse.Namespace) -> "AuditLog | None":
    if not options.audit_log:
        if options.audit_policy_file:
            msg = "--audit-policy-file: needs --audit-log"
            raise UsageError(msg)
        return None
    from kubesim.httpd.auditing import DEFAULT, AuditLog, PolicyError, read_policy

    path = options.audit_policy_file
    try:
        return AuditLog(options.audit_log, read_policy(path) if path else DEFAULT)
    except PolicyError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        msg = f"{error.filename}: {error.strerror or error}"
        raise UsageError(msg) from None


async def _serve(
    cluster: "Cluster", options: argparse.Namespace, speed: float, audit: "AuditLog | None" = None
) -> None:
    from kubesim.httpd import Options, Server
    from kubesim.httpd.server import TOKEN_USER
    from kubetui.client.local import LocalClient

    client = LocalClient(cluster)
    tokens = {options.token: TOKEN_USER} if options.token else {}
    wanted = Options(
        port=options.port,
        tokens=tokens,
        folder=options.state,
        kubeconfig=options.kubeconfig.absolute() if options.kubeconfig else None,
        metrics=not options.api_only,
        # A bare API server behaves as kube-apiserver does by itself; a cluster lets no stranger in.
        anonymous=options.api_only if options.anonymous_auth is None else options.anonymous_auth == "true",
        audit=audit,
    )
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    server = Server(cluster, wanted, catch_up=client.pump.catch_up, poke=client.poke)
    await server.start()
    client.on_change(server.changed)
    client.pump.set_speed(speed)
    if not options.paused:
        client.pump.resume()
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, over.set)
    print(f"serving {cluster.settings.name} on {server.url}")
    print(f"export KUBECONFIG={server.kubeconfig}", flush=True)
    listeners = None
    if not (options.no_listeners or options.api_only):
        from kubesim.httpd.listeners import Listeners, Ports

        listeners = Listeners(
            lambda: server.cluster,
            Ports(options.ingress_port, options.ingress_tls_port),
            catch_up=client.pump.catch_up,
            poke=client.poke,
            said=_say,
        )
        client.on_change(listeners.changed)
        listeners.changed()
    await over.wait()
    if listeners is not None:
        await listeners.close()
    await server.stop()
    await client.close()
