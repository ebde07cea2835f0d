"""The subcommands of agnhost that print something and end: what the name resolution of the pod looks like."""

from collections.abc import Callable, Mapping

from kubesim.kubelet.simruntime.agnhost import generator, mounttest, tokens
from kubesim.kubelet.simruntime.interpreter import Interpreter

RESOLV, HOSTS = "/etc/resolv.conf", "/etc/hosts"


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


def _hosts(machine: Interpreter, argv: list[str]) -> int:
    """``etc-hosts``: the file itself."""
    del argv
    machine.write(machine.files.get(HOSTS, ""))
    return 0


TOOLS: Mapping[str, Callable[[Interpreter, list[str]], int]] = {
    "dns-suffix": _suffixes, "dns-server-list": _servers, "etc-hosts": _hosts, "mounttest": mounttest.mounttest,
    "entrypoint-tester": mounttest.entrypoint_tester, "logs-generator": generator.generate,
    "test-service-account-issuer-discovery": tokens.discover, "inclusterclient": tokens.poll,
}  # fmt: skip
