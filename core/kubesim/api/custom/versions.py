"""The order of version names: the most stable and newest first. # k8s: apimachinery/pkg/version/helpers.go."""

import re

_VERSION = re.compile(r"v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?")
_STABILITY = {None: 0, "beta": 1, "alpha": 2}


def rank(name: str) -> tuple[int, int, int, int, str]:
    """A key that sorts v10, v2, v1, v1beta2, v1beta1, v1alpha1, and then other names by letters."""
    found = _VERSION.fullmatch(name)
    if found is None:
        return 1, 0, 0, 0, name
    return 0, _STABILITY[found[2]], -int(found[1]), -int(found[3] or 0), name
