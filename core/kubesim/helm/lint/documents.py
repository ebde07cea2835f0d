"""The rules for the documents that templates render and that lie in crds/."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from kubesim.helm.capabilities import KUBE_VERSION, KubeVersion, parse_kube_version
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.sources import split_documents
from kubesim.helm.lint.messages import ERROR, WARNING, Findings
from kubesim.helm.manifest import RESOURCE_POLICY
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.numbers import format_float
from kubesim.helm.template.quoting import quote
from kubesim.helm.yaml.reader import json_kind, read_exact

_DEPRECATED: Final = Path(__file__).parents[2] / "data" / "helm-deprecated-apis.txt"
_SINCE: Final = re.compile(r" is deprecated in v([0-9]+)\.([0-9]+)\+")
_WORKLOADS: Final = ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet")
_EXTENSIONS: Final = (".yaml", ".yml", ".tpl", ".txt")
_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(\.{_LABEL})*"
_SERVICE: Final = "[a-z]([-a-z0-9]*[a-z0-9])?"


class Naming(NamedTuple):
    """What a name must look like, and what is said when it does not."""

    pattern: str
    longest: int
    rule: str


_NAMINGS: Final = {
    "subdomain": Naming(
        _SUBDOMAIN,
        253,
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
        "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is",
    ),
    "label": Naming(
        _LABEL,
        63,
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
        "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is",
    ),
    "service": Naming(
        _SERVICE,
        63,
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
        "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation "
        "is",
    ),
}
_NAMING_OF: Final = {"service": "service", "namespace": "label"}
_PATH_SEGMENTS: Final = ("role", "clusterrole", "rolebinding", "clusterrolebinding")


class Head(NamedTuple):
    """What the rules look at in a document."""

    api_version: str
    kind: str
    name: str


def read_head(document: str) -> Head | None:
    """The head of a document, None when it is empty; GoError with the decoder's text."""
    value = read_exact(document)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _mismatch(value, "Go value of type rules.k8sYamlStruct")
    fields = {name.lower(): value[name] for name in sorted(value)}
    metadata = fields.get("metadata")
    if metadata is None:
        metadata = {}
    elif not isinstance(metadata, dict):
        raise _mismatch(metadata, "Go struct field .metadata of type rules.k8sYamlMetadata")
    inner = {name.lower(): metadata[name] for name in sorted(metadata)}
    _text(inner.get("namespace"), ".metadata.namespace")
    return Head(
        _text(fields.get("apiversion"), ".apiVersion"),
        _text(fields.get("kind"), ".kind"),
        _text(inner.get("name"), ".metadata.name"),
    )


def _mismatch(value: Any, target: str) -> GoError:
    return GoError(
        f"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {json_kind(value)} into {target}"
    )


def _text(value: Any, field: str) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return format_float(value) if isinstance(value, float) else str(value)
    raise _mismatch(value, f"Go struct field {field} of type string")


def documents_of(text: str) -> list[str]:
    """The documents of a file; GoError for a separator with text behind it."""
    try:
        return split_documents(text)
    except ChartError as error:
        raise GoError(str(error).removeprefix("error reading yaml document: ")) from None


def check_template(name: str, rendered: str, version: KubeVersion | None, found: Findings) -> bool:
    """Add what is wrong with a rendered template; False when it cannot be read, which ends the linting of templates."""
    found.rule(ERROR, name, extension_problem(name))
    if not name.lower().endswith((".yaml", ".yml")) or not rendered.strip():
        return True
    found.rule(WARNING, name, indent_problem(rendered))
    try:
        for document in documents_of(rendered):
            head = read_head(document)
            if head is not None:
                _check_head(name, head, rendered, version, found)
    except GoError as error:
        return found.rule(ERROR, name, f"unable to parse YAML: {error}")
    return True


def _check_head(name: str, head: Head, rendered: str, version: KubeVersion | None, found: Findings) -> None:
    found.rule(WARNING, name, name_problem(head))
    found.rule(WARNING, name, deprecation(head, version))
    found.rule(ERROR, name, selector_problem(head, rendered))
    found.rule(ERROR, name, _list_problem(head, rendered))


def check_crd(name: str, text: str, found: Findings) -> bool:
    """Add what is wrong with a file under crds/; False when it cannot be read, which ends the linting of crds/."""
    try:
        for document in documents_of(text):
            head = read_head(document)
            if head is None:
                continue
            extension = head.api_version.startswith("apiextensions.k8s.io")
            found.rule(ERROR, name, None if extension else "apiVersion is not in 'apiextensions.k8s.io'")
            definition = head.kind == "CustomResourceDefinition"
            found.rule(ERROR, name, None if definition else "object kind is not 'CustomResourceDefinition'")
    except GoError as error:
        return found.rule(ERROR, name, f"unable to parse YAML: {error}")
    return True


def extension_problem(name: str) -> str | None:
    """Whether a file may lie in templates/."""
    base = name.rpartition("/")[2]
    extension = base[base.rindex(".") :] if "." in base else ""
    if extension in _EXTENSIONS:
        return None
    return f"file extension '{extension}' not valid. Valid extensions are .yaml, .yml, .tpl, or .txt"


def indent_problem(rendered: str) -> str | None:
    """Whether the first line that is not blank starts at the margin."""
    first = next((line for line in rendered.split("\n") if line.strip()), "").removesuffix("\r")
    if not first.startswith((" ", "\t")):
        return None
    return f"document starts with an illegal indent: {quote(first)}, which may cause parsing problems"


def name_problem(head: Head) -> str | None:
    """Whether Kubernetes would take an object's name."""
    problems = [f"metadata.name: Invalid value: {quote(head.name)}: {problem}" for problem in _name_problems(head)]
    if not problems:
        return None
    text = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
    return f"object name does not conform to Kubernetes naming requirements: {quote(head.name)}: {text}"


def _name_problems(head: Head) -> list[str]:
    kind = head.kind.lower()
    if kind == "certificatesigningrequest":
        return []
    if kind in _PATH_SEGMENTS:
        if head.name in {".", ".."}:
            return [f"may not be '{head.name}'"]
        return [f"may not contain '{letter}'" for letter in "/%" if letter in head.name]
    naming = _NAMINGS[_NAMING_OF.get(kind, "subdomain")]
    problems: list[str] = []
    if len(head.name) > naming.longest:
        problems.append(f"must be no more than {naming.longest} characters")
    if re.fullmatch(naming.pattern, head.name) is None:
        problems.append(f"{naming.rule} '{naming.pattern}')")
    # k8s: IsDNS1123Subdomain and its like tell of the length first
    return problems


@lru_cache(maxsize=1)
def _deprecations() -> dict[tuple[str, str], str]:
    lines = _DEPRECATED.read_text(encoding="utf-8").splitlines()
    return {(line.split(" ")[0], line.split(" ")[1]): line for line in lines}


def deprecation(head: Head, version: KubeVersion | None) -> str | None:
    """The API server's warning about a kind, if it is deprecated in that version of Kubernetes."""
    text = _deprecations().get((head.api_version, head.kind))
    if text is None:
        return None
    version = version or parse_kube_version(KUBE_VERSION)
    since = _SINCE.search(text)
    if since is None or (int(version.major), int(version.minor)) < (int(since[1]), int(since[2])):
        return None
    return text


def selector_problem(head: Head, rendered: str) -> str | None:
    """Whether a workload says which pods are its own."""
    if head.kind not in _WORKLOADS or "matchLabels" in rendered or "matchExpressions" in rendered:
        return None
    return f"a {head.kind} must contain matchLabels or matchExpressions, and {quote(head.name)} does not"


def _list_problem(head: Head, rendered: str) -> str | None:
    if head.kind != "List":
        return None
    try:
        tree = read_exact(rendered)
    except GoError as error:
        return f"unable to parse YAML: {error}"
    items = tree.get("items") if isinstance(tree, dict) else None
    for item in items if isinstance(items, list) else ():
        metadata = item.get("metadata") if isinstance(item, dict) else None
        annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
        if isinstance(annotations, dict) and RESOURCE_POLICY in annotations:
            return f"annotation '{RESOURCE_POLICY}' within List objects are ignored"
    return None
