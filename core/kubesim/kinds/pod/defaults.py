"""The defaults of a pod spec, alike in a Pod and in a template, and those of a Pod alone."""

from typing import Any

from kubesim.kinds.pod.volumes import default_volume, image_pull_policy
from kubesim.kinds.shapes import each, filled, filled_empty, inside, inside_each
from kubesim.objects.quantities import add
from kubesim.objects.wire import Tree

LISTS = ("initContainers", "containers", "ephemeralContainers")
"""The fields of a pod spec that hold containers, in the order of their start."""


def default_pod_spec(spec: Tree) -> Tree:
    """The spec with every default that holds for templates too."""
    spec = inside_each(spec, "volumes", default_volume)
    for name in LISTS:
        spec = inside_each(spec, name, _container)
    spec = filled_empty(spec, restartPolicy="Always")
    spec = filled(spec, terminationGracePeriodSeconds=30)
    spec = filled_empty(spec, dnsPolicy="ClusterFirst")
    spec = _account(spec)
    spec = filled(spec, securityContext={})
    return filled_empty(spec, schedulerName="default-scheduler")


def default_template(template: Tree) -> Tree:
    """A pod template with its defaults."""
    return inside(filled(template, metadata={}, spec={}), "spec", default_pod_spec)


def default_pod(spec: Tree) -> Tree:
    """The spec of a Pod with every default. # k8s: SetDefaults_Pod."""
    spec = default_pod_spec(spec)
    for name in ("initContainers", "containers"):
        spec = inside_each(spec, name, _requests_from_limits)
    if spec.get("hostNetwork"):
        for name in ("initContainers", "containers"):
            spec = inside_each(spec, name, _host_ports)
    spec = filled(spec, enableServiceLinks=True)
    return _pod_resources(spec)


def _account(spec: Tree) -> Tree:
    # k8s: serviceAccount is the old name of serviceAccountName; both are always served.
    name = spec.get("serviceAccountName") or spec.get("serviceAccount")
    return filled_empty(spec, serviceAccountName=name, serviceAccount=name) if name else spec


def _container(container: Tree) -> Tree:
    container = inside_each(container, "ports", _port)
    container = inside_each(container, "env", _variable)
    container = filled(container, resources={})
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        container = inside(container, name, _probe)
    container = inside(container, "lifecycle", _lifecycle)
    container = filled_empty(container, terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File")
    if not container.get("imagePullPolicy"):
        container = {**container, "imagePullPolicy": image_pull_policy(container.get("image") or "")}
    return container


def _port(port: Tree) -> Tree:
    return filled_empty(port, protocol="TCP")


def _variable(variable: Tree) -> Tree:
    return inside(variable, "valueFrom", _source)


def _source(source: Tree) -> Tree:
    source = inside(source, "fieldRef", _field_reference)
    return inside(source, "resourceFieldRef", _resource_reference)


def _field_reference(reference: Tree) -> Tree:
    return filled_empty(reference, apiVersion="v1")


def _resource_reference(reference: Tree) -> Tree:
    return filled(reference, divisor="0")


def _probe(probe: Tree) -> Tree:
    probe = inside(probe, "httpGet", _http_get)
    probe = inside(probe, "grpc", _grpc)
    return filled_empty(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)


def _http_get(action: Tree) -> Tree:
    return filled_empty(action, path="/", scheme="HTTP")


def _grpc(action: Tree) -> Tree:
    return filled(action, service="")


def _lifecycle(lifecycle: Tree) -> Tree:
    for name in ("postStart", "preStop"):
        lifecycle = inside(lifecycle, name, _handler)
    return lifecycle


def _handler(handler: Tree) -> Tree:
    return inside(handler, "httpGet", _http_get)


def _requests_from_limits(container: Tree) -> Tree:
    return inside(container, "resources", _missing_requests)


def _missing_requests(resources: Tree) -> Tree:
    limits = resources.get("limits")
    if not limits:
        return resources
    requests = resources.get("requests") or {}
    missing = {name: amount for name, amount in limits.items() if name not in requests}
    return {**resources, "requests": {**requests, **missing}} if missing else resources


def _host_ports(container: Tree) -> Tree:
    return inside_each(container, "ports", _host_port)


def _host_port(port: Tree) -> Tree:
    number = port.get("containerPort")
    return filled_empty(port, hostPort=number) if number else port


def _pod_resources(spec: Tree) -> Tree:
    # k8s: requests of the pod default to the sum of its containers' where any asks, else to the pod's limits.
    resources = spec.get("resources")
    if not resources or not (resources.get("limits") or resources.get("requests")):
        return spec
    requests: dict[str, Any] = dict(resources.get("requests") or {})
    known = len(requests)
    for name, limit in (resources.get("limits") or {}).items():
        if name not in requests:
            asked = [
                container["resources"]["requests"][name]
                for container in spec.get("containers") or ()
                if name in ((container.get("resources") or {}).get("requests") or {})
            ]
            requests[name] = _sum(asked) if asked else limit
    return spec if len(requests) == known else {**spec, "resources": {**resources, "requests": requests}}


def _sum(amounts: list[Any]) -> str:
    total = "0"
    for amount in amounts:
        total = add(total, amount)
    return total


def default_templates(items: list[Any]) -> list[Any]:
    """Pod templates of a list, each with its defaults."""
    return each(items, default_template)
