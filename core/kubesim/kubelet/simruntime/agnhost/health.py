"""``agnhost grpc-health-checking``: what its health service says, and the pages that change it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kubesim.kubelet.runtime import Piece
from kubesim.kubelet.simruntime.agnhost.roles import GRPC, words_of
from kubesim.objects import units

if TYPE_CHECKING:
    from kubesim.kubelet.simruntime.process import SimProcess

UNHEALTHY = 'service unhealthy (responded with "NOT_SERVING")'
UNKNOWN = "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service"
_PAGES = {"/make-not-serving": True, "/make-serving": False}


def is_served(argv: Sequence[str]) -> bool:
    """Whether a command line starts the health service."""
    return words_of(argv)[0] == GRPC


def pieces(process: "SimProcess", service: str, opens: int) -> list[Piece]:
    """The answers to a check, from when on. # k8s: agnhost grpc-health-checking."""
    flags = words_of(process.program.argv)[1]
    if service != flags.get("service", ""):
        return [Piece(opens, ok=False, message=UNKNOWN)]
    if process.data is True:
        return [Piece(opens, ok=False, message=UNHEALTHY)]
    found = [Piece(opens, ok=True)]
    delay = flags.get("delay-unhealthy-sec", "-1")
    if delay.isdigit():
        found.append(Piece(max(opens, process.started_ms + 1000 * int(delay)), ok=False, message=UNHEALTHY))
    return found


def answer(process: "SimProcess", path: str, now: int) -> tuple[int, str]:
    """Status and text of a page of its HTTP server."""
    if path not in _PAGES:
        return 404, "404 page not found\n"
    process.data = _PAGES[path]
    return 200, units.format_duration((now - process.started_ms) * 1_000_000)
