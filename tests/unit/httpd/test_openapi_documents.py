"""OpenAPI v2 in both encodings, and the descriptions in v3."""

import json

import orjson
import pytest

from kubesim.api.schema import Schema
from kubesim.cluster import Cluster, Settings
from kubesim.httpd import descriptions, enums, gnostic
from kubesim.httpd.discovery import Discovery
from kubesim.httpd.openapi import OpenApi
from kubesim.httpd.swagger import Swagger

CONTAINER_PORT = "io.k8s.api.core.v1.ContainerPort"


@pytest.fixture(scope="module")
def documents() -> OpenApi:
    schema = Schema.load()
    return OpenApi(schema, Discovery(schema, Cluster(Settings(name="openapi")).api.resources()))


@pytest.fixture(scope="module")
def swagger(documents: OpenApi) -> Swagger:
    found = Swagger(documents)
    assert sum(1 for _ in found.steps()) > 20
    return found


def test_the_json_of_version_two(swagger: Swagger):
    tree = orjson.loads(swagger.json())
    assert tree["swagger"] == "2.0"
    port = tree["definitions"][CONTAINER_PORT]
    assert port["required"] == ["containerPort"]
    assert port["properties"]["containerPort"]["format"] == "int32"
    template = tree["definitions"]["io.k8s.api.apps.v1.DeploymentSpec"]["properties"]["template"]
    assert template["$ref"] == "#/definitions/io.k8s.api.core.v1.PodTemplateSpec"
    assert tree["definitions"]["io.k8s.apimachinery.pkg.api.resource.Quantity"]["type"] == "string"
    patch = tree["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert {"body", "fieldValidation"} <= {item["name"] for item in patch["parameters"]}
    assert patch["x-kubernetes-group-version-kind"]["kind"] == "Deployment"
    assert "#/components" not in json.dumps(tree)


def test_kinds_are_named_once(swagger: Swagger):
    options = orjson.loads(swagger.json())["definitions"]["io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"]
    assert options["x-kubernetes-group-version-kind"] == [{"group": "", "version": "v1", "kind": "DeleteOptions"}]


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def fields(data: bytes) -> list[tuple[int, bytes | int]]:
    """The fields of a protobuf message."""
    found: list[tuple[int, bytes | int]] = []
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        value, at = varint(data, at)
        if key & 7 == 2:
            found.append((key >> 3, data[at : at + value]))
            at += value
        else:
            found.append((key >> 3, value))
    return found


def test_the_protobuf_of_version_two(swagger: Swagger):
    document = dict(fields(swagger.protobuf()))
    assert document[1] == b"2.0"
    assert isinstance(document[9], bytes)
    definitions = {}
    for _, named in fields(document[9]):
        assert isinstance(named, bytes)
        pair = dict(fields(named))
        definitions[pair[1]] = pair[2]
    schema = definitions[CONTAINER_PORT.encode()]
    assert isinstance(schema, bytes)
    assert (19, b"containerPort") in fields(schema)
    assert len(definitions) == len(orjson.loads(swagger.json())["definitions"])


def test_a_small_document_byte_by_byte():
    tree = {
        "swagger": "2.0",
        "info": {"title": "K", "version": "v"},
        "paths": {},
        "definitions": {"A": {"type": "string"}},
    }
    expected = (
        b"\n\x032.0"
        + b"\x12\x06\n\x01K\x12\x01v"
        + b"\x42\x00"
        + b"\x4a\x12\n\x10\n\x01A\x12\x0b\xb2\x01\x08\n\x06string"
    )
    assert b"".join(gnostic.pieces(tree)) == expected


def test_descriptions(documents: OpenApi):
    texts = descriptions.load()
    assert texts.of_type(CONTAINER_PORT) == "ContainerPort represents a network port in a single container."
    assert texts.of_field(CONTAINER_PORT, "nope") == ""
    assert descriptions.Descriptions({}).of_type(CONTAINER_PORT) == ""
    document = orjson.loads(documents.document("api/v1") or b"")
    schema = document["components"]["schemas"][CONTAINER_PORT]
    assert schema["description"].startswith("ContainerPort")
    assert "protocol" in schema["properties"]["protocol"]["description"].lower()


def test_the_values_of_fields_are_told(documents: OpenApi):
    types = {type_.name: type_ for type_ in Schema.load().types()}
    for (name, field), values in enums.VALUES.items():
        assert types[name].fields[field].shape == "s", (name, field)
        assert list(values) == sorted(values)
    schemas = orjson.loads(documents.document("apis/apps/v1") or b"")["components"]["schemas"]
    found = schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["restartPolicy"]
    assert found["enum"] == ["Always", "Never", "OnFailure"]
    if "description" in found:
        assert found["description"].endswith('\n\nPossible enum values:\n - `"Always"`\n - `"Never"`\n - `"OnFailure"`')
