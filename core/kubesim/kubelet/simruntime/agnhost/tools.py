"""The subcommands of agnhost that print something and end: what the name resolution of the pod looks like."""

from collections.abc import Callable, Mapping

from kubesim.kubelet.simruntime.agnhost import generator, mounttest
from kubesim.kubelet.simruntime.interpreter import Interpreter

RESOLV = "/etc/resolv.conf"


def _lines(machine: Interpreter, name: str) -> list[list[str]]:
    lines = [line.split() for line in machine.files.get(RESOLV, "").splitlines()]
    return [words[1:] for words in lines if words and words[0] == name]


def _suffixes(machine: Interpreter, argv: list[str]) -> int:
    """``dns-suffix``: the domains that are searched."""
    del argv
    machine.write(",".join(word for words in _lines(machine, "search") for word in words))
    return 0


def _servers(machine: Interpreter, argv: list[str]) -> int:
    """``dns-server-list``: the name servers."""
    del argv
    machine.write(",".join(word for words in _lines(machine, "nameserver") for word in words))
    return 0


TOOLS: Mapping[str, Callable[[Interpreter, list[str]], int]] = {
    "dns-suffix": _suffixes, "dns-server-list": _servers, "mounttest": mounttest.mounttest,
    "entrypoint-tester": mounttest.entrypoint_tester, "logs-generator": generator.generate,
}  # fmt: skip
