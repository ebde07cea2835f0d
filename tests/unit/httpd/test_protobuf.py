"""Protobuf bodies: what client-go sends becomes the JSON that the same client would have sent."""

import re
import struct
from typing import Any

import pytest

from kubesim.api.schema import Schema
from kubesim.httpd import protobuf

SCHEMA = Schema.load()


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, value: Any) -> bytes:
    if isinstance(value, bool | int):
        return varint(number << 3) + varint(int(value))
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def body(api_version: str, kind: str, message: bytes) -> bytes:
    meta = field(1, api_version) + field(2, kind)
    return protobuf.MAGIC + field(1, meta) + field(2, message) + field(3, "") + field(4, "")


def decoded(api_version: str, kind: str, message: bytes) -> dict[str, Any]:
    tree = protobuf.decode(SCHEMA, body(api_version, kind, message))
    assert (tree.pop("apiVersion"), tree.pop("kind")) == (api_version, kind)
    return tree


# ObjectMeta as client-go writes it: every plain field, zero or not, and an empty creation time.
META = b"".join(field(number, "") for number in (2, 3, 4, 5, 6)) + field(7, 0) + field(8, b"")


def meta(name: str, more: bytes = b"") -> bytes:
    return field(1, field(1, name) + META + more)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (meta("a"), {"metadata": {"name": "a"}}),
        (
            meta("a", field(8, field(1, 1_767_225_600))),
            {"metadata": {"name": "a", "creationTimestamp": "2026-01-01T00:00:00Z"}},
        ),
        (
            meta("a", field(11, field(1, "app") + field(2, "web"))),
            {"metadata": {"name": "a", "labels": {"app": "web"}}},
        ),
        (meta("a") + field(2, field(1, "k") + field(2, "v")), {"metadata": {"name": "a"}, "data": {"k": "v"}}),
        (meta("a") + field(2, field(1, "k")), {"metadata": {"name": "a"}, "data": {"k": ""}}),
        (
            meta("a") + field(3, field(1, "k") + field(2, b"\x00\xff")),
            {"metadata": {"name": "a"}, "binaryData": {"k": "AP8="}},
        ),
        (meta("a") + field(4, False), {"metadata": {"name": "a"}, "immutable": False}),
        (meta("a") + field(99, "later"), {"metadata": {"name": "a"}}),
    ],
    ids=["zeros", "time", "labels", "map", "empty value", "bytes", "pointer to false", "unknown field"],
)
def test_config_maps(message: bytes, expected: Any):
    assert decoded("v1", "ConfigMap", message) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (field(1, 0), {"replicas": 0}),
        (field(1, -1), {"replicas": -1}),
        (field(4, field(1, "")), {"strategy": {}}),
        (field(5, 0) + field(7, False), {}),
        (
            field(4, field(1, "RollingUpdate") + field(2, field(1, field(1, 1) + field(2, 0) + field(3, "25%")))),
            {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%"}}},
        ),
        (
            field(4, field(2, field(2, field(1, 0) + field(2, 3) + field(3, "")))),
            {"strategy": {"rollingUpdate": {"maxSurge": 3}}},
        ),
    ],
    ids=["zero behind a pointer", "negative", "empty struct", "plain zeros", "percentage", "number"],
)
def test_deployment_specs(spec: bytes, expected: Any):
    assert decoded("apps/v1", "Deployment", field(2, spec))["spec"] == expected


def container(more: bytes) -> bytes:
    return field(2, field(2, field(1, "c") + field(2, "nginx") + field(5, "") + more))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (field(3, "sh") + field(3, "-c") + field(3, ""), {"command": ["sh", "-c", ""]}),
        (
            field(6, field(1, "") + field(2, 0) + field(3, 80) + field(4, "") + field(5, "")),
            {"ports": [{"containerPort": 80}]},
        ),
        (
            field(8, field(2, field(1, "cpu") + field(2, field(1, "100m")))),
            {"resources": {"requests": {"cpu": "100m"}}},
        ),
        (
            field(10, field(1, field(2, field(1, "/healthz") + field(2, field(1, 0) + field(2, 80)))) + field(2, 5)),
            {"livenessProbe": {"httpGet": {"path": "/healthz", "port": 80}, "initialDelaySeconds": 5}},
        ),
        (field(7, field(1, "A") + field(2, "")), {"env": [{"name": "A"}]}),
    ],
    ids=["list of texts", "port", "quantity", "embedded struct", "empty text"],
)
def test_containers(more: bytes, expected: Any):
    found = decoded("v1", "Pod", container(more))["spec"]["containers"][0]
    assert {name: value for name, value in found.items() if name in expected} == expected


def test_volume_sources_are_inlined():
    volume = field(1, "v") + field(2, field(19, field(1, field(1, "cm"))))
    assert decoded("v1", "Pod", field(2, field(1, volume)))["spec"]["volumes"] == [
        {"name": "v", "configMap": {"name": "cm"}}
    ]


def test_delete_options():
    message = field(1, 0) + field(4, "Foreground") + field(2, field(1, "u-1"))
    assert decoded("v1", "DeleteOptions", message) == {
        "gracePeriodSeconds": 0,
        "preconditions": {"uid": "u-1"},
        "propagationPolicy": "Foreground",
    }


def test_lists_inside_maps():
    extra = field(5, field(1, "scopes") + field(2, field(1, "a") + field(1, "b")))
    spec = decoded("authorization.k8s.io/v1", "SubjectAccessReview", field(2, extra))["spec"]
    assert spec == {"extra": {"scopes": ["a", "b"]}}


def test_managed_fields_hold_json():
    entry = field(1, "helm") + field(7, field(1, '{"f:data":{}}'))
    found = decoded("v1", "Secret", meta("a", field(17, entry)))
    assert found["metadata"]["managedFields"] == [{"manager": "helm", "fieldsV1": {"f:data": {}}}]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"{}", "does not appear to be a protobuf message"),
        (protobuf.MAGIC + b"\x0a\xff", "unexpected EOF"),
        (protobuf.MAGIC + b"\x0b", "illegal wireType"),
        (body("v1", "Nope", b""), 'no kind "Nope" is registered for version "v1"'),
        (body("apiregistration.k8s.io/v1", "APIService", b""), "no kind"),
        (protobuf.MAGIC + b"\xff" * 12, "integer overflow"),
    ],
    ids=["json", "cut off", "wire type", "unknown kind", "kind without numbers", "overflow"],
)
def test_bad_bodies(data: bytes, text: str):
    with pytest.raises(ValueError, match=re.escape(text)):
        protobuf.decode(SCHEMA, data)
