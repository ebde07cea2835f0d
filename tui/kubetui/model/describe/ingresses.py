"""Ingresses and their backends, as kubectl describes them."""

from collections.abc import Sequence

from kubesim.objects.wire import Tree
from kubetui.model.describe.events import events
from kubetui.model.describe.layout import Sheet
from kubetui.model.describe.metadata import annotations, field, labels

Related = Sequence[Tree] | None
_SERVICE = "kubernetes.io/service-name"


class Backends:
    """The Services and endpoints of a namespace, for what stands behind a path."""

    def __init__(self, services: Sequence[Tree], slices: Sequence[Tree]) -> None:
        self._services = {each["metadata"]["name"]: each for each in services}
        self._slices = slices

    def text(self, backend: Tree) -> str:
        """``web:80 (10.244.1.5:80)``."""
        service = backend.get("service")
        if not service:
            resource = backend.get("resource") or {}
            group, kind = resource.get("apiGroup", "<none>"), resource.get("kind", "")
            return f"APIGroup: {group}, Kind: {kind}, Name: {resource.get('name', '')}"
        name, port = service.get("name", ""), service.get("port") or {}
        shown = port.get("name") or port.get("number", 0)
        found = self._services.get(name)
        if found is None:
            return f'{name}:{shown} (<error: services "{name}" not found>)'
        return f"{name}:{shown} ({self._endpoints(name, self._port_name(found, port))})"

    def _port_name(self, service: Tree, port: Tree) -> str | None:
        for each in field(service, "spec.ports", ()):
            if (port.get("name") and each.get("name") == port["name"]) or each.get("port") == port.get("number"):
                return str(each.get("name", ""))
        return None

    def _endpoints(self, service: str, port: str | None) -> str:
        found = []
        for part in self._slices:
            if (part["metadata"].get("labels") or {}).get(_SERVICE) != service or port is None:
                continue
            for number in [each.get("port") for each in part.get("ports") or () if (each.get("name") or "") == port]:
                for endpoint in part.get("endpoints") or ():
                    if field(endpoint, "conditions.ready", True):
                        found += [f"{address}:{number}" for address in endpoint.get("addresses") or ()]
        text = ",".join(found[:3])
        more = len(found) - 3
        return text + (f" + {more} more..." if more > 0 else "")


def describe_ingress(obj: Tree, backends: Backends, found: Related, now: int) -> str:
    """An Ingress."""
    sheet, metadata, spec = Sheet(), obj["metadata"], obj.get("spec") or {}
    sheet.pair(0, "Name", metadata["name"])
    labels(sheet, "Labels", metadata.get("labels"))
    sheet.pair(0, "Namespace", metadata.get("namespace", ""))
    balancers = field(obj, "status.loadBalancer.ingress", ())
    sheet.pair(0, "Address", ",".join(str(each.get("ip") or each.get("hostname") or "") for each in balancers))
    sheet.pair(0, "Ingress Class", spec.get("ingressClassName") or "<none>")
    default = spec.get("defaultBackend")
    sheet.pair(0, "Default backend", backends.text(default) if default else "<default>")
    secured = spec.get("tls") or ()
    if secured:
        sheet.line(0, "TLS:")
        for each in secured:
            name, hosts = each.get("secretName", ""), ",".join(each.get("hosts") or ())
            sheet.line(1, f"{name} terminates {hosts}" if name else f"SNI routes {hosts}")
    sheet.line(0, "Rules:")
    sheet.row(1, "Host", "Path", "Backends")
    sheet.row(1, "----", "----", "--------")
    count = 0
    for rule in spec.get("rules") or ():
        paths = field(rule, "http.paths", ())
        if not paths:
            continue
        count += 1
        sheet.row(1, rule.get("host") or "*", "")
        for path in paths:
            sheet.row(1, "", f"{path.get('path', '')} ", backends.text(path.get("backend") or {}))
    if not count:
        sheet.row(1, "*", "*", backends.text(default) if default else "<default>")
    annotations(sheet, "Annotations", metadata.get("annotations"))
    events(sheet, found, now)
    return sheet.text()
