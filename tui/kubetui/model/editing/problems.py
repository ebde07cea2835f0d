"""What the server says about an edited object, with the lines of the text that it is about."""

from collections.abc import Mapping
from typing import NamedTuple

from kubesim.objects.wire import Response
from kubetui.model.editing.text import locate

_UNKNOWN = ('unknown field "', 'duplicate field "')


class Problem(NamedTuple):
    """One thing that is wrong; line and column count from 1, 0 when no place is known."""

    message: str
    line: int = 0
    column: int = 0

    @property
    def text(self) -> str:
        """The message with its place."""
        return f"line {self.line}, column {self.column}: {self.message}" if self.line else self.message


def problems(response: Response, text: str) -> list[Problem]:
    """What is wrong, from the answer to a dry run; nothing when the server would take the object."""
    if response.code < 400:
        return []
    body = response.body if isinstance(response.body, Mapping) else {}
    message = str(body.get("message") or f"the server answered {response.code}")
    causes = (body.get("details") or {}).get("causes") or ()
    found = []
    for cause in causes:
        field = str(cause.get("field") or "")
        words = f"{field}: {cause.get('message', '')}" if field else str(cause.get("message", ""))
        found.append(Problem(words, *(locate(text, field) if field else (0, 0))))
    if found:
        return found
    fields = _fields(message)
    return [Problem(words, *locate(text, field)) for words, field in fields] or [Problem(message)]


def _fields(message: str) -> list[tuple[str, str]]:
    """The fields that a strict decoding error names: (words, path)."""
    found = []
    for start in _UNKNOWN:
        rest = message
        while start in rest:
            _, _, rest = rest.partition(start)
            field, _, rest = rest.partition('"')
            found.append((f'{start}{field}"', field))
    return found
