"""What a cluster can do, as templates see it: .Capabilities."""

import re
from collections.abc import Iterable, Mapping
from typing import ClassVar, Final

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.template.signatures import STRING, Function, function
from kubesim.helm.template.values import GoObject, StringSlice

KUBE_VERSION: Final = "v1.37.0"
HELM_VERSION: Final = "v4.3.1"

_KNOWN: Final = """
v1 admissionregistration.k8s.io/v1 admissionregistration.k8s.io/v1alpha1 admissionregistration.k8s.io/v1beta1
internal.apiserver.k8s.io/v1alpha1 apps/v1 apps/v1beta1 apps/v1beta2 authentication.k8s.io/v1
authentication.k8s.io/v1alpha1 authentication.k8s.io/v1beta1 authorization.k8s.io/v1 authorization.k8s.io/v1beta1
autoscaling/v1 autoscaling/v2 batch/v1 batch/v1beta1 certificates.k8s.io/v1 certificates.k8s.io/v1beta1
certificates.k8s.io/v1alpha1 coordination.k8s.io/v1alpha2 coordination.k8s.io/v1beta1 coordination.k8s.io/v1
discovery.k8s.io/v1 discovery.k8s.io/v1beta1 events.k8s.io/v1 events.k8s.io/v1beta1 extensions/v1beta1
flowcontrol.apiserver.k8s.io/v1 flowcontrol.apiserver.k8s.io/v1beta1 flowcontrol.apiserver.k8s.io/v1beta2
flowcontrol.apiserver.k8s.io/v1beta3 lifecycle.k8s.io/v1alpha1 networking.k8s.io/v1 networking.k8s.io/v1beta1
node.k8s.io/v1 node.k8s.io/v1alpha1 node.k8s.io/v1beta1 policy/v1 policy/v1beta1 rbac.authorization.k8s.io/v1
rbac.authorization.k8s.io/v1beta1 rbac.authorization.k8s.io/v1alpha1 resource.k8s.io/v1 resource.k8s.io/v1beta2
resource.k8s.io/v1beta1 resource.k8s.io/v1alpha3 scheduling.k8s.io/v1alpha3 scheduling.k8s.io/v1beta1
scheduling.k8s.io/v1 storage.k8s.io/v1beta1 storage.k8s.io/v1 storage.k8s.io/v1alpha1 storagemigration.k8s.io/v1
storagemigration.k8s.io/v1beta1 apiextensions.k8s.io/v1beta1 apiextensions.k8s.io/v1
"""
KNOWN_API_VERSIONS: Final = tuple(_KNOWN.split())
"""What Helm assumes when it does not ask a cluster."""


class VersionSet(StringSlice):
    """API versions (``apps/v1``), and kinds (``apps/v1/Deployment``) when they come from a cluster."""

    type_name = "common.VersionSet"
    go_methods: ClassVar[Mapping[str, Function]] = {}

    def has(self, version: str) -> bool:
        """Whether the cluster serves a version or kind."""
        return version in self


VersionSet.go_methods = {"Has": function("Has", VersionSet.has, STRING)}


class KubeVersion(GoObject):
    """The version of a cluster; ``normalized`` has no suffixes."""

    type_name = "common.KubeVersion"
    by_pointer = True
    printed_fields: ClassVar[Mapping[str, str]] = {
        "Version": "version",
        "normalizedVersion": "normalized",
        "Major": "major",
        "Minor": "minor",
    }
    go_fields: ClassVar[Mapping[str, str]] = {"Version": "version", "Major": "major", "Minor": "minor"}
    go_methods: ClassVar[Mapping[str, Function]] = {}

    def __init__(self, version: str, normalized: str, major: str, minor: str) -> None:
        self.version = version
        self.normalized = normalized
        self.major = major
        self.minor = minor

    def go_string(self) -> str:
        """What constraints are checked against."""
        return self.normalized or self.version

    def git_version(self) -> str:
        """The full version."""
        return self.version


KubeVersion.go_methods = {
    "String": function("String", KubeVersion.go_string),
    "GitVersion": function("GitVersion", KubeVersion.git_version),
}


class HelmVersion(GoObject):
    """The build of Helm that this one stands in for."""

    type_name = "version.BuildInfo"
    go_fields: ClassVar[Mapping[str, str]] = {
        "Version": "version",
        "GitCommit": "git_commit",
        "GitTreeState": "git_tree_state",
        "GoVersion": "go_version",
        "KubeClientVersion": "kube_client_version",
    }
    json_fields: ClassVar[Mapping[str, str]] = {
        "version": "version",
        "git_commit": "git_commit",
        "git_tree_state": "git_tree_state",
        "go_version": "go_version",
        "kube_client_version": "kube_client_version",
    }

    def __init__(self) -> None:
        self.version = HELM_VERSION
        self.git_commit = "c0d08d0d6d9424d4a14febb5e8a3e51b0dd00dff"
        self.git_tree_state = "clean"
        self.go_version = "go1.27.2"
        self.kube_client_version = "v1.37"


class Capabilities(GoObject):
    """What templates find in .Capabilities."""

    type_name = "*common.Capabilities"
    kind_name = "ptr"
    go_fields: ClassVar[Mapping[str, str]] = {
        "KubeVersion": "kube_version",
        "APIVersions": "api_versions",
        "HelmVersion": "helm_version",
    }

    def __init__(self, kube_version: KubeVersion, api_versions: Iterable[str]) -> None:
        self.kube_version = kube_version
        self.api_versions = VersionSet(api_versions)
        self.helm_version = HelmVersion()


_VERSION: Final = re.compile(r"\s*v?(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))+", re.ASCII)


def parse_kube_version(text: str) -> KubeVersion:
    """--kube-version; ChartError when it is no version."""
    match = _VERSION.match(text)
    if match is None:
        raise ChartError(f'could not parse "{text}" as version')
    numbers = match[0].strip().removeprefix("v").split(".")
    full = text if text.startswith("v") else f"v{text}"
    return KubeVersion(full, "v" + ".".join(numbers), numbers[0], numbers[1])


def default_capabilities(kube_version: str = KUBE_VERSION, more_api_versions: Iterable[str] = ()) -> Capabilities:
    """The capabilities of a render without a cluster; --api-versions come last."""
    return Capabilities(parse_kube_version(kube_version), [*KNOWN_API_VERSIONS, *more_api_versions])
