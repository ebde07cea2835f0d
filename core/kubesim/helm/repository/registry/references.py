"""References to charts in registries: HOST/PATH/CHART:TAG or @DIGEST, with the checks of Helm's library."""

import re
from typing import Final, NamedTuple

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.functions.semver import Version, compare, parse_constraints, satisfies
from kubesim.helm.functions.urls import parse
from kubesim.helm.repository.addresses import OCI
from kubesim.helm.repository.index import version_of
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.quoting import quote

_REPOSITORY: Final = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG: Final = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")
_STRICT: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?", re.ASCII)
UNDERSCORE_NOTE: Final = """
OCI artifact references (e.g. tags) do not support the plus sign (+). To support
storing semantic versions, Helm adopts the convention of changing plus (+) to
an underscore (_) in chart version tags when pushing to a registry and back to
a plus (+) when pulling from a registry."""


class Reference(NamedTuple):
    """Where a chart is: the registry's host and port, the repository's path, and a tag, a digest or neither."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def host(self) -> str:
        """The host that answers for the registry."""
        # k8s: oras-go registry.Reference.Host
        return "registry-1.docker.io" if self.registry == "docker.io" else self.registry

    @property
    def wanted(self) -> str:
        """What to ask the registry for: the digest, or else the tag."""
        return self.digest or self.tag

    def __str__(self) -> str:
        """As Helm prints it."""
        text = f"{self.registry}/{self.repository}"
        if self.digest:
            return f"{text}@{self.digest}"
        return f"{text}:{self.tag}" if self.tag else text


def parse_reference(text: str) -> Reference:
    """The reference in a text, with or without oci://; ChartError with Helm's text."""
    registry, slash, path = text.removeprefix(OCI).partition("/")
    if not slash:
        raise ChartError("invalid reference: missing registry or repository")
    path, at, digest = path.partition("@")
    head, colon, tag = path.partition(":")
    if at:
        path = head if colon else path
    elif colon:
        path = head
    check_registry(registry)
    if not _REPOSITORY.fullmatch(path):
        raise ChartError(f"invalid reference: invalid repository {quote(path)}")
    if tag and not _TAG.fullmatch(tag):
        raise ChartError(f"invalid reference: invalid tag {quote(tag)}")
    if at and not _DIGEST.fullmatch(digest):
        raise ChartError(f"invalid reference: invalid digest {quote(digest)}: invalid checksum digest format")
    return Reference(registry, path, tag, digest)


def tag_of(version: str) -> str:
    """The tag for a version: tags cannot hold a plus sign, which versions may."""
    return version.replace("+", "_")


def check_registry(registry: str) -> None:
    """ChartError unless the text is a host with or without a port."""
    try:
        fits = bool(registry) and parse(f"dummy://{registry}").host == registry
    except GoError:
        fits = False
    if not fits or "/" in registry:
        raise ChartError(f"invalid reference: invalid registry {quote(registry)}")


class Wish(NamedTuple):
    """A reference as a user gave it, and what is still to be found out: nothing, or the tag that fits."""

    reference: Reference
    version: str
    is_complete: bool


def wish_of(text: str, version: str) -> Wish:
    """What a reference and --version ask for together; ChartError with Helm's text when they do not agree."""
    # k8s: helm pkg/registry Client.ValidateReference
    reference = parse_reference(text)
    tag = reference.tag
    if version and tag and version != tag:
        raise ChartError(f"chart reference and version mismatch: {version} is not {tag}")
    wanted = version or tag
    if reference.digest:
        return Wish(reference._replace(tag=""), wanted, is_complete=True)
    if version_of(wanted) is not None:
        return Wish(reference._replace(tag=tag_of(wanted)), wanted, is_complete=True)
    return Wish(reference, wanted, is_complete=False)


def versions_in(tags: list[str]) -> list[str]:
    """The tags that are whole semantic versions, newest first, with the plus signs that tags cannot have."""
    found: list[Version] = []
    for tag in tags:
        text = tag.replace("_", "+")
        version = version_of(text) if _STRICT.fullmatch(text) else None
        if version is not None:
            found.append(version)
    ordered: list[Version] = []
    for version in found:
        place = next((at for at, one in enumerate(ordered) if compare(version, one) > 0), len(ordered))
        ordered.insert(place, version)
    return [version.original for version in ordered]


def matching(versions: list[str], wanted: str) -> str:
    """The version that was asked for, or the newest that the constraint allows; GoError with Helm's text."""
    # k8s: helm pkg/registry GetTagMatchingVersionOrConstraint
    constraints = parse_constraints(wanted or "*")
    for text in versions:
        if wanted and text == wanted:
            return text
    for text in versions:
        version = version_of(text)
        if version is not None and satisfies(version, constraints):
            return text
    raise ChartError(f"could not locate a version matching provided version string {wanted}")
