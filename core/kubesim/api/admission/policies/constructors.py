"""Object constructors in mutating policies: ``Object.spec{replicas: 3}`` and ``JSONPatch{op: "add"}`` as maps.

The checker knows no message types; what they say is what a map with the same fields says, so that they are rewritten
before an expression is compiled.
"""

import re

_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<text>[rRbB]{0,2}(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'))"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)|(?P<other>.)",
    re.DOTALL,
)
_OPENED = {"{": "}", "(": ")", "[": "]"}


def as_maps(expression: str) -> str:
    """The expression with maps instead of constructors."""
    tokens = [(match.lastgroup or "", match[0]) for match in _TOKEN.finditer(expression)]
    return _Rewriter(tokens).run()


class _Rewriter:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._out: list[str] = []
        self._open: list[bool] = []
        """For each bracket that is open: whether it is that of a constructor."""

    def run(self) -> str:
        """The rewritten text."""
        fresh = False
        for position, (kind, text) in enumerate(self._tokens):
            following = self._following(position)
            if kind == "name" and self._is_type(text) and following == "{":
                # The brace that follows opens a map.
                fresh = True
                continue
            if kind == "name" and self._open and self._open[-1] and following == ":" and self._begins_field():
                name = text.removeprefix("__").removesuffix("__") if text.startswith("__") else text
                self._out.append(f'"{name}"')
                continue
            if kind == "other" and text in _OPENED:
                self._open.append(text == "{" and fresh)
                fresh = False
            elif kind == "other" and text in _OPENED.values() and self._open:
                self._open.pop()
            self._out.append(text)
        return "".join(self._out)

    def _is_type(self, text: str) -> bool:
        return text in {"Object", "JSONPatch"} or text.startswith("Object.")

    def _following(self, position: int) -> str:
        for kind, text in self._tokens[position + 1 :]:
            if kind != "space":
                return text
        return ""

    def _begins_field(self) -> bool:
        written = [text for text in self._out[-4:] if text.strip()]
        if written and written[-1] == "?":
            # The mark of an optional field stands where the field begins; that of a condition does not.
            written.pop()
        return bool(written) and written[-1] in {"{", ","}
