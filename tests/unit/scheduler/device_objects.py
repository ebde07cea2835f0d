"""Devices, classes, claims, templates and pods that use them, as bodies of requests."""

from typing import Any

DRIVER = "gpu.example.com"


def device_class(name: str = "gpu", **spec: Any) -> dict[str, Any]:
    selector = {"cel": {"expression": f'device.driver == "{DRIVER}"'}}
    return {"kind": "DeviceClass", "metadata": {"name": name}, "spec": {"selectors": [selector], **spec}}


def device(name: str, **fields: Any) -> dict[str, Any]:
    attributes = {"model": {"string": "big" if name.startswith("big") else "small"}, "numa": {"int": int(name[-1]) % 2}}
    return {"name": name, "attributes": attributes, "capacity": {"memory": {"value": "40Gi"}}, **fields}


def slice_of(node: str, *devices: dict[str, Any], pool: str = "", count: int = 1, **spec: Any) -> dict[str, Any]:
    place = {} if "allNodes" in spec or "nodeSelector" in spec else {"nodeName": node}
    published = {"name": pool or node, "generation": 1, "resourceSliceCount": count}
    body = {"driver": DRIVER, "pool": published, "devices": list(devices), **place, **spec}
    return {"kind": "ResourceSlice", "metadata": {"name": f"{node}-{pool or 'gpus'}"}, "spec": body}


def request(name: str = "r", class_name: str = "gpu", **more: Any) -> dict[str, Any]:
    return {"name": name, "exactly": {"deviceClassName": class_name, **more}}


def selecting(*expressions: str) -> list[dict[str, Any]]:
    return [{"cel": {"expression": each}} for each in expressions]


def claim(name: str = "c", *requests: dict[str, Any], **devices: Any) -> dict[str, Any]:
    spec = {"devices": {"requests": list(requests) or [request()], **devices}}
    return {"kind": "ResourceClaim", "metadata": {"name": name}, "spec": spec}


def template(name: str = "t", *requests: dict[str, Any]) -> dict[str, Any]:
    spec = {"metadata": {"labels": {"a": "b"}}, "spec": {"devices": {"requests": list(requests) or [request()]}}}
    return {"kind": "ResourceClaimTemplate", "metadata": {"name": name}, "spec": spec}


def pod(name: str = "p", *claims: str, from_template: str = "", **spec: Any) -> dict[str, Any]:
    used: list[dict[str, str]] = [{"name": f"use-{each}", "resourceClaimName": each} for each in claims]
    if from_template:
        used.append({"name": "made", "resourceClaimTemplateName": from_template})
    containers = [{"name": "c", "image": "i"}]
    return {
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": containers, "resourceClaims": used, **spec},
    }
