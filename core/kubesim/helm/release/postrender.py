"""The stream that post-renderers get: all documents, each noting in an annotation which file it is from; and back.

# k8s: Helm 4's annotateAndMerge and splitAndDeannotate
"""

import re
from collections.abc import Mapping
from typing import Final

import yaml

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.manifest import split
from kubesim.helm.yaml.reader import read_exact

ANNOTATION: Final = "postrenderer.helm.sh/postrender-filename"
_OWN_LINE: Final = re.compile(rf"^[ \t]*[\"']?{re.escape(ANNOTATION)}[\"']?:.*\n?", re.MULTILINE)
_IN_BRACES: Final = re.compile(
    rf"(, *)?[\"']?{re.escape(ANNOTATION)}[\"']?: *('[^']*'|\"[^\"]*\"|[^,}}\n]*)(?(1)|(, *)?)"
)
_EMPTY_IN_BRACES: Final = re.compile(r"(, *)?annotations: *\{ *\}(?(1)|(, *)?)")
_EMPTY_LINE: Final = re.compile(r"^([ \t]*)annotations:[ \t]*(\{ *\})?[ \t]*\n(?!\1[ \t]+\S|\1- )", re.MULTILINE)


def annotated(files: Mapping[str, str]) -> str:
    """All documents as one stream, in the order of their files' names."""
    documents: list[str] = []
    for name in sorted(files):
        if files[name].strip():
            documents += [_with(document, name) for document in split(files[name]) if _is_object(document)]
    return "---\n".join([f"{document.rstrip()}\n" for document in documents])


def _is_object(document: str) -> bool:
    return isinstance(read_exact(document), dict)


def _with(document: str, name: str) -> str:
    """A document with the annotation, otherwise as it was written."""
    note = f"{ANNOTATION}: '{name}'"
    root = yaml.compose(document, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    metadata = _field(root, "metadata")
    if metadata is None:
        return f"{document.rstrip()}\nmetadata:\n  annotations:\n    {note}\n"
    annotations = _field(metadata, "annotations")
    if annotations is not None and annotations.value:
        return _inserted(document, annotations, note)
    if metadata.flow_style:
        return _inserted(document, metadata, f"annotations: {{{note}}}")
    inner = " " * (metadata.start_mark.column + 2)
    return _inserted(document, metadata, f"annotations:\n{inner}{note}")


def _field(node: yaml.Node | None, name: str) -> yaml.MappingNode | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    found = [value for key, value in node.value if key.value == name]
    return found[0] if found and isinstance(found[0], yaml.MappingNode) else None


def _inserted(document: str, node: yaml.MappingNode, text: str) -> str:
    """The document with one more pair at the end of a map."""
    if node.flow_style:
        end = node.end_mark.index - 1
        return f"{document[:end]}{', ' if node.value else ''}{text}{document[end:]}"
    last = node.value[-1][1].end_mark
    lines = document.splitlines(keepends=True)
    # the end of a block is where the next thing begins, so blanks belong to what follows
    at = last.line if last.column == 0 or not lines[last.line : last.line + 1] else last.line + 1
    if isinstance(node.value[-1][1], yaml.CollectionNode) and not node.value[-1][1].flow_style:
        at = last.line
    pair = f"{' ' * node.start_mark.column}{text}\n"
    before = "".join(lines[:at])
    return f"{before}{'' if not before or before.endswith(chr(10)) else chr(10)}{pair}{''.join(lines[at:])}"


def regrouped(text: str) -> dict[str, str]:
    """The files of a stream that a post-renderer wrote; ChartError when it is no YAML."""
    files: dict[str, list[str]] = {}
    for number, document in enumerate(split(text)):
        tree = read_exact(document)
        if not isinstance(tree, dict):
            if tree is None:
                continue
            raise ChartError("error while parsing post rendered output: it is no list of objects")
        annotations = (tree.get("metadata") or {}).get("annotations") or {}
        name = annotations.get(ANNOTATION) or f"generated-by-postrender-{number}.yaml"
        files.setdefault(str(name), []).append(_without(document))
    return {name: "---\n".join(documents) for name, documents in files.items()}


def _without(document: str) -> str:
    text = _IN_BRACES.sub("", _OWN_LINE.sub("", document))
    return f"{_EMPTY_LINE.sub('', _EMPTY_IN_BRACES.sub('', text)).rstrip()}\n"
