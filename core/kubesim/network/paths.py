"""The way of a connection, hop by hop: what it passed, where it ended, and why; values only."""

from typing import NamedTuple

from kubesim.network.policy import Verdict
from kubesim.network.services import Target
from kubesim.objects.connections import CONNECTED, Wire

CLIENT, DNS, SERVICE, ENDPOINTS, PROXY, POLICY, NODE, POD = (
    "client", "DNS", "Service", "EndpointSlice", "kube-proxy", "NetworkPolicy", "node", "pod",
)  # fmt: skip


class Hop(NamedTuple):
    """One station: what was found there, and whether the connection passed."""

    stage: str
    text: str
    ok: bool = True


class Path(NamedTuple):
    """A connection from its client to where it ends. ``outcome`` as in ``objects.connections``."""

    outcome: str
    hops: tuple[Hop, ...]
    ip: str = ""
    """The address that the client's packets go to."""
    target: Target | None = None
    wire: Wire | None = None

    @property
    def connected(self) -> bool:
        """Whether somebody answers."""
        return self.outcome == CONNECTED

    @property
    def reason(self) -> str:
        """Why it ends where it does, "" when it gets through."""
        return next((hop.text for hop in reversed(self.hops) if not hop.ok), "")

    def lines(self) -> list[str]:
        """The hops as aligned text."""
        width = max(len(hop.stage) for hop in self.hops)
        return [f"{'ok ' if hop.ok else 'NO '} {hop.stage.ljust(width)}  {hop.text}" for hop in self.hops]


def policy_text(side: str, verdict: Verdict) -> str:
    """What a verdict says, in words."""
    names = ", ".join(verdict.policies)
    if not verdict.policies:
        return f"{side}: no policy is about it"
    if verdict.allowed:
        return f"{side}: allowed by {names}"
    return f"{side}: dropped, no rule of {names} allows it"
