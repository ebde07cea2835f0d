"""Media types: which representation a client accepts, and in which format it sends its body."""

from typing import NamedTuple

from kubesim.api.failures import no_representation, not_acceptable

JSON = "application/json"
YAML = "application/yaml"
KNOWN = (JSON, YAML, "application/vnd.kubernetes.protobuf")
FORMS = ("Table", "PartialObjectMetadata", "PartialObjectMetadataList")


class Representation(NamedTuple):
    """How to answer: the media type, and ``form``, "" for the object itself or one of ``FORMS``."""

    media_type: str = JSON
    form: str = ""
    version: str = "v1"


PLAIN = Representation()


def media_type(header: str) -> str:
    """The media type without its parameters, in lower case."""
    return header.split(";", 1)[0].strip().lower()


def _clauses(header: str) -> list[tuple[str, dict[str, str]]]:
    found = []
    for position, clause in enumerate(header.split(",")):
        kind, *options = [part.strip() for part in clause.split(";")]
        parameters = dict(option.split("=", 1) for option in options if "=" in option)
        try:
            weight = float(parameters.get("q", "1"))
        except ValueError:
            weight = 1.0
        found.append((-weight, position, kind.lower(), parameters))
    return [(kind, parameters) for _, _, kind, parameters in sorted(found, key=_rank)]


def _rank(clause: tuple[float, int, str, dict[str, str]]) -> tuple[float, int]:
    return clause[0], clause[1]


def negotiate(header: str) -> Representation:
    """The first representation of an Accept header that exists. Raises NotAcceptable.

    # k8s: apiserver/pkg/endpoints/handlers/negotiation
    """
    if header in {"", JSON, "*/*"}:
        return PLAIN
    known = False
    for kind, parameters in _clauses(header):
        if kind not in {*KNOWN, "*/*", "application/*"}:
            continue
        known = True
        wanted = parameters.get("as", "")
        chosen = kind if kind in KNOWN else JSON
        if not wanted:
            return Representation(chosen)
        version = parameters.get("v", "")
        if wanted in FORMS and parameters.get("g") == "meta.k8s.io" and version in {"v1", "v1beta1"}:
            return Representation(chosen, wanted, version)
    raise not_acceptable() if known else no_representation()
