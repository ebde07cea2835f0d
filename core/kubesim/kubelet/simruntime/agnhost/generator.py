"""agnhost's logs-generator: as many made-up request lines as asked for, evenly over a time.

# k8s: test/images/agnhost/logs-generator
"""

import re

from kubesim.kubelet.simruntime.interpreter import Interpreter

METHODS, NAMESPACES = ("GET", "PUT", "POST"), ("default", "ns", "kube-system")
MAX_LINES = 10_000
_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}


def generate(machine: Interpreter, argv: list[str]) -> int:
    """``logs-generator --log-lines-total N --run-duration D``."""
    total, duration = _option(argv, "log-lines-total"), _milliseconds(_option(argv, "run-duration"))
    count = int(total) if total.isdigit() else 0
    if count <= 0 or duration <= 0:
        machine.complain("Invalid total number of lines or duration\n")
        return 1
    begun = machine.at_ms
    for number in range(min(count, MAX_LINES)):
        machine.at_ms = begun + duration * number // count
        method, space = METHODS[number % 3], NAMESPACES[number * 7 % 3]
        # Any digits do for the name and the status: they only have to differ from line to line.
        name, status = f"{(number * 2_654_435_761) % 0x1000000:06x}", 200 + number * 37 % 400
        # differs: klog's header is left out.
        machine.write(f"{number} {method} /api/v1/namespaces/{space}/pods/{name} {status}\n")
    machine.at_ms = begun + duration
    return 0


def _option(argv: list[str], name: str) -> str:
    for position, word in enumerate(argv):
        flag, _, value = word.lstrip("-").partition("=")
        if word.startswith("-") and flag == name:
            return value or (argv[position + 1] if position + 1 < len(argv) else "")
    return ""


def _milliseconds(text: str) -> int:
    """Go's durations: ``20s``, ``1m30s``."""
    parts = re.findall(r"(\d+)(ms|s|m|h)", text)
    return sum(int(number) * _UNITS[unit] for number, unit in parts)
