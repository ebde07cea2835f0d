"""The command line of kubetui: reads the arguments and picks the command, importing no more than that one needs."""

import argparse
import sys
from collections.abc import Sequence

COMMANDS = ("attach", "clusters", "helm", "run", "serve")

COMMANDS_HELP = """commands:
  kubetui attach               the explorer on a cluster that runs already, by its kubeconfig
  kubetui clusters             list the sample clusters
  kubetui helm COMMAND         Helm, built in: charts, repositories and releases
  kubetui run SCENARIO         a scenario without a screen: what is done, when, and what must come of it
  kubetui serve [CLUSTER]      the Kubernetes API of a cluster without a screen, for kubectl and helm"""

EPILOG = """examples:
  kubetui                      choose a sample cluster
  kubetui hello                one deployment, one service, three nodes
  kubetui broken --paused      thirteen classic failures, time stands still
  kubetui ./my-cluster/        a folder with a cluster.yaml
  kubetui -f deploy.yaml       your own manifests on three nodes
  kubectl kustomize . | kubetui -f -

inside, ? lists the keys, : opens the command line, Ctrl-P finds every action."""


def parser() -> argparse.ArgumentParser:
    """The argument parser of the explorer; ``kubetui clusters`` has one of its own."""
    main_parser = argparse.ArgumentParser(
        prog="kubetui",
        description="A Kubernetes cluster in your terminal: simulated, alive, explained.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    main_parser.add_argument(
        "cluster", nargs="?", metavar="CLUSTER", help="a sample's name, a cluster.yaml or a folder that has one"
    )
    main_parser.add_argument(
        "-f",
        "--filename",
        action="append",
        default=[],
        metavar="MANIFESTS",
        help="apply manifests (file, folder or -); may be repeated",
    )
    main_parser.add_argument("--speed", type=_speed, metavar="X", help="virtual seconds a second, or max (default 1)")
    main_parser.add_argument("--paused", action="store_true", help="start with time standing still")
    main_parser.add_argument("--seed", type=int, metavar="N", help="the seed of the cluster's chance")
    main_parser.add_argument("--nodes", type=_nodes, metavar="N", help="how many nodes, instead of those described")
    main_parser.add_argument("-n", "--namespace", metavar="NS", help="the namespace to show first")
    main_parser.add_argument("--read-only", action="store_true", help="refuse every change from the keyboard")
    main_parser.add_argument(
        "--data", metavar="DIR", help="keep the cluster in this folder and go on from it next time"
    )
    main_parser.add_argument(
        "--port", type=int, default=0, metavar="N", help="the port of the API (default: a free one)"
    )
    main_parser.add_argument("--ingress-port", type=int, default=0, metavar="N", help="the HTTP port of Ingresses")
    main_parser.add_argument("--ingress-tls-port", type=int, default=0, metavar="N", help="the HTTPS port of Ingresses")
    main_parser.add_argument(
        "--no-listeners", action="store_true", help="open no ports for Ingresses, node ports and load balancers"
    )
    main_parser.add_argument("--no-api", action="store_true", help="do not serve the Kubernetes API beside the screen")
    main_parser.add_argument("--keys", metavar="FILE", help="a YAML file that remaps keys")
    main_parser.add_argument("--theme", metavar="NAME", help="a colour theme")
    main_parser.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")
    main_parser.add_argument("--version", action="store_true", help="print the version and exit")
    main_parser.epilog = f"{COMMANDS_HELP}\n\n{EPILOG}"
    return main_parser


def _speed(text: str) -> float:
    if text == "max":
        return float("inf")
    speed = float(text)
    if not speed > 0:
        raise ValueError(text)
    return speed


_speed.__name__ = "speed"


def _nodes(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 5000:
        msg = "must be between 1 and 5000"
        raise argparse.ArgumentTypeError(msg)
    return count


_nodes.__name__ = "number"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0 done, 1 failed with a message, 2 wrong arguments."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] in COMMANDS:
        from importlib import import_module

        return int(import_module(f"kubetui.cli.{words[0]}").main(words[1:]))
    options = parser().parse_args(words)
    if options.version:
        from importlib.metadata import version

        print(f"kubetui {version('kubetui')} (Kubernetes v1.37.0)")
        return 0
    from kubetui.cli import explore

    return explore.main(options)


if __name__ == "__main__":
    sys.exit(main())
