"""Where the answers differ from the recordings today: case and step, and why.

A step that comes right must leave the list.
"""

OUT_OF_SCOPE: dict[str, str] = {}
"""Beginnings of the names of cases that are not replayed."""

HTTP_ONLY: dict[str, str] = {
    "auth": "callers are told apart by the gateway",
    "access-reviews": "reviews are answered by the gateway",
}
"""The same for the server in this process; over HTTP these are replayed."""

_ORDER = "the message shows the patched object, with its fields in the order of Go's structs"
_UNTRACKED = "components do not note which fields they own"
_STATUS = "an empty status is shown"
_FORK = "the recording server's fork lets everybody read /.well-known, by a role of its own"
_INTERNAL = "the annotation does not exist in the internal version that the recorded table was made from"

DIFFERENCES: dict[str, dict[int, str]] = {
    "access-reviews": {13: _FORK, 14: _FORK},
    "def-csinode": {1: _STATUS},
    "imm-pod": {8: _ORDER},
    "imm-deployment": {4: _ORDER},
    "ns-terminating": {4: _UNTRACKED},
    "tab-daemonset": {3: _INTERNAL, 4: _INTERNAL},
    "tab-pv-csi": dict.fromkeys((1, 2, 3), "the claimRef itself is not among the fields that are owned"),
    "tab-hpa-behavior": {5: "version 1 shows no metrics but cpu"},
    "tab-csinode": {1: _STATUS},
    "list-misc": {6: "component statuses are not made up"},
}
"""Reasons by case and step."""
