"""What the API server warns of when a Service is written. # k8s: pkg/api/service/warnings.go."""

from kubesim.kinds.service.needs import is_headless
from kubesim.objects.wire import Tree


def spec_warnings(spec: Tree) -> list[str]:
    """Fields that are ignored, and those that will not be there for ever."""
    named, outside = spec.get("type") == "ExternalName", spec.get("externalIPs")
    found: list[str] = []
    if is_headless(spec):
        if spec.get("loadBalancerIP"):
            found.append("spec.loadBalancerIP is ignored for headless services")
        if outside:
            found.append("spec.externalIPs is ignored for headless services")
        if spec.get("sessionAffinity") != "None":
            found.append("spec.SessionAffinity is ignored for headless services")
    elif outside and not named:
        found.append("spec.externalIPs is deprecated and may no longer be implemented in some clusters")
    if named and outside:
        found.append('spec.externalIPs is ignored when spec.type is "ExternalName"')
    if not named and spec.get("externalName"):
        found.append('spec.externalName is ignored when spec.type is not "ExternalName"')
    if spec.get("trafficDistribution") == "PreferClose":
        found.append('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
    return found
