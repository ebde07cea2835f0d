"""Where the answers differ from the recordings today: case and step, and why.

A step that comes right must leave the list.
"""

OUT_OF_SCOPE: dict[str, str] = {
    "ssa-cr": "custom resources are not served yet",
    "auth": "access control is not served yet",
    "access-reviews": "access control is not served yet",
    "vap-enforce": "admission policies are not served yet",
    "crd-lifecycle": "custom resources are not served yet",
    "def-crd": "custom resources are not served yet",
    "def-customresource": "custom resources are not served yet",
    "inv-crd-nonstructural": "custom resources are not served yet",
    "csr": "certificates are not signed yet",
}
"""Beginnings of the names of cases that are not replayed."""

_ORDER = "the message shows the patched object, with its fields in the order of Go's structs"
_PROTECTED = "claims and volumes are not protected by a finalizer, since no controller takes it away yet"
_UNTRACKED = "components do not note which fields they own"
_STATUS = "an empty status is shown"
_INTERNAL = "the annotation does not exist in the internal version that the recorded table was made from"

DIFFERENCES: dict[str, dict[int, str]] = {
    "def-pvc": {1: _PROTECTED},
    "def-pv": {1: _PROTECTED},
    "def-csinode": {1: _STATUS},
    "inv-vap-bad": {1: "the expressions of admission policies are not compiled"},
    "imm-pod": {8: _ORDER},
    "imm-deployment": {4: _ORDER},
    "ns-terminating": {4: _UNTRACKED},
    "imm-pvc": {1: _PROTECTED},
    "tab-daemonset": {3: _INTERNAL, 4: _INTERNAL},
    "tab-pvc": {1: _PROTECTED, 2: _PROTECTED, 3: _PROTECTED, 4: _PROTECTED},
    "tab-pv-csi": {1: _PROTECTED, 2: _PROTECTED, 3: _PROTECTED},
    "tab-hpa-behavior": {5: "version 1 shows no metrics but cpu"},
    "tab-csinode": {1: _STATUS},
    "list-misc": {6: "component statuses are not made up"},
    "delete-kinds": {13: _PROTECTED, 14: _PROTECTED},
    "node-pv": {4: _PROTECTED, 5: _PROTECTED},
}
"""Reasons by case and step."""
