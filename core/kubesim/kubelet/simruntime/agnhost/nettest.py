"""agnhost's nettest: remembers who has written to it, and tells.

# k8s: test/images/agnhost/nettest
"""

import json
from typing import Any

State = dict[str, Any]
"""The fields of the Go type, as ``/read`` tells them."""

CONTACT_MS = 375_000
"""How long it looks for others: five minutes for the first, then fifteen rounds of five seconds."""
PEERS = 8


def begin(host: str) -> State:
    """The state of a server that has just started."""
    return {"Hostname": host, "Sent": None, "Received": None, "Errors": None, "Log": None}


def answer(path: str, body: bytes, state: State, age_ms: int) -> tuple[int, str]:
    """Status and text of one request; ``/write`` changes the state."""
    # differs: it contacts no others itself.
    contacting = age_ms < CONTACT_MS
    if path == "/read":
        return 200, json.dumps({**state, "StillContactingPeers": contacting}, indent="\t")
    if path == "/write":
        _write(body, state)
        return 200, json.dumps({"Hostname": state["Hostname"]}, separators=(",", ":")) + "\n"
    if path == "/status":
        passed = len(state["Sent"] or ()) >= PEERS and len(state["Received"] or ()) >= PEERS
        return 200, "pass" if passed else "running" if contacting else "fail"
    return 404, "404 page not found\n"


def _write(body: bytes, state: State) -> None:
    try:
        said = json.loads(body)
    except ValueError as error:
        state["Errors"] = [*(state["Errors"] or ()), str(error)]
        said = {}
    source = str(said.get("Source") or "") if isinstance(said, dict) else ""
    if not source:
        state["Errors"] = [*(state["Errors"] or ()), f"{state['Hostname']}: Got request with no source"]
        return
    received = state["Received"] or {}
    state["Received"] = {**received, source: received.get(source, 0) + 1}
