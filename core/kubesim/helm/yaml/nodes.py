"""Reads YAML text into nodes: libyaml's events, with go-yaml's dialect and error texts on top of them."""

import re
from typing import Any, Final, NamedTuple

import yaml

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.values import encode
from kubesim.helm.yaml.resolve import plain

try:
    from yaml._yaml import CParser as _Parser
except ImportError:  # a PyYAML without libyaml: slower, and some error texts differ

    class _Parser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):  # type: ignore[no-redef]
        """PyYAML's own parser behind the same interface."""

        def __init__(self, stream: str | bytes) -> None:
            yaml.reader.Reader.__init__(self, stream)
            yaml.scanner.Scanner.__init__(self)
            yaml.parser.Parser.__init__(self)


class YamlError(GoError):
    """A YAML text go-yaml refuses; the message starts with ``yaml: ``."""


class MapNode:
    """A mapping: keys and values in turn."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: list[Any] = []


class ListNode:
    """A sequence."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: list[Any] = []


class Tagged(NamedTuple):
    """A scalar with a tag of its own."""

    tag: str
    text: str


class Merge(NamedTuple):
    """A plain ``<<``: as a key it merges, elsewhere it is text."""

    text: str = "<<"


class Alias:
    """A reference to an anchored node."""

    __slots__ = ("name", "target")

    def __init__(self, name: str, target: Any) -> None:
        self.name = name
        self.target = target


MAX_DEPTH: Final = 10_000
"""How deep go-yaml's collections may nest."""
_COLON: Final = "\ue0ff"
"""Stands for a colon that libyaml would refuse inside a flow collection and go-yaml takes."""
_REFUSED: Final = re.compile(r"""(?<![\s"'\]}]):(?=[,?\[\]{}])""")
_FEW: Final = 20
_MERGE: Final = Merge()


def read_node(text: str) -> Any:
    """The root node of the first document, None when there is none; YamlError with go-yaml's text."""
    colons: list[int] = []
    while True:
        try:
            return _Composer(text, bool(colons)).document()
        except yaml.MarkedYAMLError as error:
            if error.problem != "found unexpected ':'" or error.problem_mark is None:
                raise YamlError(_marked(error)) from None
            at = error.problem_mark.index
            colons.append(at)
            rest = text[at + 1 :]
            if len(colons) > _FEW:
                # Every round reads the text from its start: the rest of them goes in one.
                rest = _REFUSED.sub(_COLON, rest)
            text = text[:at] + _COLON + rest
        except yaml.reader.ReaderError as error:
            raise YamlError(f"yaml: {error.reason}") from None


def _marked(error: yaml.MarkedYAMLError) -> str:
    """The text of go-yaml's error: only scanner errors count lines from one."""
    line = 0
    if error.problem_mark is not None and error.problem_mark.line:
        line = error.problem_mark.line + isinstance(error, yaml.scanner.ScannerError)
    elif error.context_mark is not None:
        line = error.context_mark.line
    return _at(line, error.problem or "unknown problem parsing YAML content")


def _at(line: int, problem: str) -> str:
    return f"yaml: line {line}: {problem}" if line else f"yaml: {problem}"


class _Composer:
    """Builds nodes out of one document's events."""

    def __init__(self, text: str, has_colons: bool) -> None:
        self.text = text
        self.has_colons = has_colons
        try:
            self.parser: Any = _Parser(text)
        except UnicodeEncodeError:
            self.parser = _Parser(encode(text))
        self.anchors: dict[str, Any] = {}
        self.flows: list[str] = []

    def document(self) -> Any:
        event: Any = self.parser.get_event()
        while event is not None and not isinstance(event, yaml.DocumentStartEvent):
            event = self.parser.get_event()
        if event is None:
            return None
        self._check_version(event)
        return self._content()

    def _check_version(self, event: Any) -> None:
        if event.version is not None and tuple(event.version) != (1, 1):
            raise YamlError(_at(event.start_mark.line, "found incompatible YAML document"))

    def _content(self) -> Any:
        next_event = self.parser.get_event
        root: list[Any] = []
        parents: list[list[Any]] = []
        entries = root
        while True:
            event = next_event()
            kind = type(event)
            if kind is yaml.ScalarEvent:
                entries.append(self._scalar(event))
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                node: MapNode | ListNode = MapNode() if kind is yaml.MappingStartEvent else ListNode()
                if event.anchor is not None:
                    self.anchors[event.anchor] = node
                self.flows.append(self._closing(event) if event.flow_style else "")
                entries.append(node)
                parents.append(entries)
                entries = node.entries
                if len(parents) > MAX_DEPTH:
                    line = event.start_mark.line
                    raise YamlError(_at(line + bool(line), f"exceeded max depth of {MAX_DEPTH}"))
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                entries = parents.pop()
                self.flows.pop()
            elif kind is yaml.AliasEvent:
                entries.append(self._alias(event))
            else:
                return root[0]

    def _closing(self, event: Any) -> str:
        """What ends a flow collection; a single pair within a list ends where the list does."""
        if isinstance(event, yaml.SequenceStartEvent):
            return "]"
        return "}" if self.text[event.end_mark.index - 1] == "{" else self.flows[-1]

    def _alias(self, event: yaml.AliasEvent) -> Alias:
        name = str(event.anchor)
        if name not in self.anchors:
            raise YamlError(_at(0, f"unknown anchor '{name}' referenced"))
        return Alias(name, self.anchors[name])

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        text: str = event.value
        if self.has_colons:
            text = text.replace(_COLON, ":")
        if self.flows and self.flows[-1] and not event.style and "?" in text:
            self._refuse_question_mark(event)
        node: Any
        if event.tag is not None:
            node = Tagged(event.tag, text)
        elif event.implicit[0]:
            node = _MERGE if text == "<<" else plain(text)
        else:
            node = text
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def _refuse_question_mark(self, event: Any) -> None:
        """Within a flow collection go-yaml ends a plain scalar at a question mark, and then misses a comma."""
        start = event.start_mark
        before = self.text[start.index :].partition("?")[0]
        line = start.line + before.count("\n")
        raise YamlError(_at(line, f"did not find expected ',' or '{self.flows[-1]}'"))
