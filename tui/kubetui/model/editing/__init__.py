"""Editing an object as text: YAML out and in, the difference, the server's opinion, others' changes."""

from kubetui.model.editing.difference import DiffLine, counts, diff, unified
from kubetui.model.editing.problems import Problem, problems
from kubetui.model.editing.rebase import Rebase, rebase
from kubetui.model.editing.text import (
    MASK,
    EditError,
    Presentation,
    editable,
    locate,
    parse,
    parse_all,
    present,
    restore,
)

__all__ = [
    "MASK", "DiffLine", "EditError", "Presentation", "Problem", "Rebase", "counts", "diff", "editable", "locate",
    "parse", "parse_all", "present", "problems", "rebase", "restore", "unified",
]  # fmt: skip
