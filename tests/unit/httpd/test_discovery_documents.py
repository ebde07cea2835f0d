"""Discovery and OpenAPI documents against those of a recorded server."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from kubesim.api.schema import Schema
from kubesim.httpd.discovery import Discovery
from kubesim.httpd.documents import Documents
from kubesim.httpd.openapi import OpenApi
from kubesim.kinds import strategies
from oracle.transcripts import compare

RECORDED = Path(__file__).parents[2] / "conformance" / "recordings" / "discovery.jsonl"
STEPS = [json.loads(line) for line in RECORDED.read_text().splitlines()]
NEWER = {
    "disc-apis-certificates-k8s-io-v1": "1.37 serves more resources than the recorded 1.36",
    "disc-apis-2": "1.37 serves more resources than the recorded 1.36",
    "disc-openapi-v3-api-v1": "1.37 has more types than the recorded 1.36",
    "disc-openapi-v3-apis-batch-v1": "1.37 has more types than the recorded 1.36",
}
"""Recordings that differ, and why; the list may only shrink."""

SCHEMA = Schema.load()
SERVED = strategies()
DISCOVERY = Discovery(SCHEMA, SERVED)


def served() -> list[Any]:
    return SERVED


DOCUMENTS = Documents(SCHEMA, served, (), "127.0.0.1:6443")


def answered(step: dict[str, Any]) -> tuple[int, Any, str]:
    from kubesim.httpd import openid
    from kubesim.httpd.answers import refused
    from kubesim.httpd.tokens import Keyring
    from kubesim.objects.errors import ApiError

    path, _, query = step["path"].partition("?")
    pairs = dict(pair.partition("=")[::2] for pair in query.split("&") if pair)
    try:
        headers = {"Accept": "application/json", **step["headers"]}
        keys = openid.answer(path, headers["Accept"], Keyring.passing(), "https://127.0.0.1:6443")
        answer = keys or DOCUMENTS.answer(path.rstrip("/") or "/", pairs, headers)
    except ApiError as error:
        answer = refused(error)
    assert answer is not None
    content = answer.body
    if isinstance(content, bytes):
        text = content.decode()
        content = orjson.loads(text) if text[:1] == "{" else text
    return answer.code, content, answer.content_type


@pytest.mark.parametrize("step", STEPS, ids=[step["case"] for step in STEPS])
def test_documents_as_recorded(step: dict[str, Any]):
    status, content, content_type = answered(step)
    different = compare(step, status, content, [], ({}, {}))
    if step["case"] in NEWER:
        assert different, f"{step['case']} agrees now: take it off the list"
    else:
        assert not different, str(different)
        assert content_type.startswith(step.get("response_type", "application/json"))


def test_etag_follows_what_is_served():
    assert Discovery(SCHEMA, SERVED[1:]).etag != DISCOVERY.etag
    assert Discovery(SCHEMA, strategies()).etag == DISCOVERY.etag


def test_unchanged_documents_are_not_sent_again():
    headers = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
    first = DOCUMENTS.answer("/apis", {}, headers)
    assert first is not None
    again = DOCUMENTS.answer("/apis", {}, {**headers, "If-None-Match": first.headers["Etag"]})
    assert again is not None
    assert (first.code, again.code, again.body) == (200, 304, b"")


def test_openapi_index_names_every_document():
    index = DOCUMENTS.answer("/openapi/v3", {}, {})
    assert index is not None
    for path, entry in index.body["paths"].items():
        route, _, query = entry["serverRelativeURL"].partition("?hash=")
        found = DOCUMENTS.answer(route, {"hash": query}, {})
        assert found is not None
        assert found.code == 200, path
        assert "immutable" in found.headers["Cache-Control"]
    stale = DOCUMENTS.answer("/openapi/v3/apis/apps/v1", {"hash": "OLD"}, {})
    assert stale is not None
    assert stale.code == 301
    assert stale.headers["Location"] == index.body["paths"]["apis/apps/v1"]["serverRelativeURL"]


def documents() -> list[str]:
    return OpenApi(SCHEMA, DISCOVERY).paths()


@pytest.mark.parametrize("path", documents())
def test_every_reference_leads_somewhere(path: str):
    document = orjson.loads(OpenApi(SCHEMA, DISCOVERY).document(path) or b"{}")
    schemas = document["components"]["schemas"]
    text = json.dumps(document)
    wanted = {part.split('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]}
    assert not wanted - set(schemas)


def test_patch_operations_say_what_kubectl_looks_for():
    document = orjson.loads(OpenApi(SCHEMA, DISCOVERY).document("apis/apps/v1") or b"{}")
    patch = document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert patch["x-kubernetes-group-version-kind"] == {"group": "apps", "version": "v1", "kind": "Deployment"}
    assert "application/strategic-merge-patch+json" in patch["requestBody"]["content"]
    assert {"fieldValidation", "force"} <= {item["name"] for item in patch["parameters"]}
    ports = document["components"]["schemas"]["io.k8s.api.core.v1.Container"]["properties"]["ports"]
    assert ports["x-kubernetes-list-map-keys"] == ["containerPort", "protocol"]
    assert (ports["x-kubernetes-patch-merge-key"], ports["x-kubernetes-patch-strategy"]) == ("containerPort", "merge")
