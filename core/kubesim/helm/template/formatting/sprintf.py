"""Go's Sprintf: verbs, flags, widths, argument indexes, and the texts for wrong, missing and extra arguments."""

import re
from functools import lru_cache
from typing import Any

from kubesim.helm.template.formatting.printer import Printer
from kubesim.helm.template.formatting.verbs import Flags
from kubesim.helm.template.values import type_name

_FLAGS = {"#": "sharp", "0": "zero", "+": "plus", "-": "minus", " ": "space"}
_LARGE = 1_000_000


def sprintf(template: str, *arguments: Any) -> str:
    """fmt.Sprintf."""
    literals = _strings_only(template)
    if literals is not None and len(literals) == len(arguments) + 1 and all(map(_is_string, arguments)):
        return "".join([part for pair in zip(literals, (*arguments, ""), strict=True) for part in pair])
    return _Formatter(template, arguments).run()


@lru_cache(maxsize=1024)
def _strings_only(template: str) -> tuple[str, ...] | None:
    """The literals around the verbs, when these are but %s and %v."""
    literals = tuple(re.split("%[sv]", template))
    return None if any("%" in literal for literal in literals) else literals


def _is_string(value: Any) -> bool:
    return type(value) is str


class _Formatter:
    """The state of one Sprintf."""

    def __init__(self, template: str, arguments: tuple[Any, ...]) -> None:
        self.template = template
        self.arguments = arguments
        self.out: list[str] = []
        self.at = 0
        self.number = 0
        self.good = True
        self.reordered = False
        self.after_index = False

    def run(self) -> str:
        template = self.template
        while self.at < len(template):
            percent = template.find("%", self.at)
            if percent < 0:
                self.out.append(template[self.at :])
                break
            self.out.append(template[self.at : percent])
            self.at = percent + 1
            self.directive()
        if not self.reordered and self.number < len(self.arguments):
            self.extra()
        return "".join(self.out)

    def directive(self) -> None:
        self.good = True
        self.after_index = False
        flags = Flags()
        template = self.template
        while self.at < len(template) and template[self.at] in _FLAGS:
            setattr(flags, _FLAGS[template[self.at]], True)
            self.at += 1
        self.index()
        self.width(flags)
        self.precision(flags)
        if not self.after_index:
            self.index()
        if self.at >= len(template):
            self.out.append("%!(NOVERB)")
            return
        verb = template[self.at]
        self.at += 1
        self.out.append(self.formatted(verb, flags))

    def formatted(self, verb: str, flags: Flags) -> str:
        if verb == "%":
            return "%"
        if not self.good:
            return f"%!{verb}(BADINDEX)"
        if self.number >= len(self.arguments):
            return f"%!{verb}(MISSING)"
        if verb == "v":
            flags.sharp_v, flags.sharp = flags.sharp, False
            flags.plus_v, flags.plus = flags.plus, False
        argument = self.arguments[self.number]
        self.number += 1
        return Printer(flags).argument(argument, verb)

    def index(self) -> None:
        """Read an argument index such as [2], if one stands here."""
        template = self.template
        if self.at >= len(template) or template[self.at] != "[":
            self.after_index = False
            return
        self.reordered = True
        close = template.find("]", self.at + 1)
        digits = template[self.at + 1 : close] if close > 0 else ""
        well_formed = digits.isascii() and digits.isdigit() and len(digits) < 8
        number = int(digits) - 1 if well_formed else -1
        self.at = close + 1 if close > 0 and len(template) - self.at >= 3 else self.at + 1
        self.after_index = well_formed
        if 0 <= number < len(self.arguments):
            self.number = number
        else:
            self.good = False

    def width(self, flags: Flags) -> None:
        if self.template.startswith("*", self.at):
            self.at += 1
            flags.width = self.from_argument()
            if flags.width is None:
                self.out.append("%!(BADWIDTH)")
            elif flags.width < 0:
                flags.width, flags.minus, flags.zero = -flags.width, True, False
            self.after_index = False
            return
        flags.width = self.digits()
        if self.after_index and flags.width is not None:
            self.good = False

    def precision(self, flags: Flags) -> None:
        if not self.template.startswith(".", self.at) or self.at + 1 >= len(self.template):
            return
        self.at += 1
        if self.after_index:
            self.good = False
        self.index()
        if self.template.startswith("*", self.at):
            self.at += 1
            flags.precision = self.from_argument()
            if flags.precision is not None and flags.precision < 0:
                flags.precision = None
            if flags.precision is None:
                self.out.append("%!(BADPREC)")
            self.after_index = False
            return
        flags.precision = self.digits() or 0

    def digits(self) -> int | None:
        start = self.at
        template = self.template
        while self.at < len(template) and template[self.at] in "0123456789":
            self.at += 1
            if int(template[start : self.at]) > _LARGE:
                self.at = len(template)
                return None
        return int(template[start : self.at]) if self.at > start else None

    def from_argument(self) -> int | None:
        if self.number >= len(self.arguments):
            return None
        argument = self.arguments[self.number]
        self.number += 1
        if isinstance(argument, int) and not isinstance(argument, bool) and abs(argument) <= _LARGE:
            return int(argument)
        return None

    def extra(self) -> None:
        parts = [
            "<nil>" if one is None else f"{type_name(one)}={Printer(Flags()).argument(one, 'v')}"
            for one in self.arguments[self.number :]
        ]
        self.out.append(f"%!(EXTRA {', '.join(parts)})")
