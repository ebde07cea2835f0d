"""Which names releases may have."""

import re
from typing import Final

from kubesim.helm.template.quoting import quote

_NAME: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
_LONGEST: Final = 53


def name_problem(name: str) -> str:
    """What is wrong with the name of a release, empty when nothing is."""
    if not name:
        return "no name provided"
    if re.fullmatch(_NAME[1:-1], name) is None or len(name) > _LONGEST:
        return (
            f"release name {quote(name)}: invalid release name, must match regex {_NAME} "
            f"and the length must not be longer than {_LONGEST}"
        )
    return ""
