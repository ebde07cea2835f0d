"""Descriptions compared with what kubectl 1.37 printed for the same objects."""

import json
from pathlib import Path

import pytest

from kubetui.model import describe

KEPT = json.loads((Path(__file__).parent / "kubectl_describe.json").read_text())


@pytest.mark.parametrize(
    "case", KEPT["cases"], ids=lambda case: f"{case['object']['kind']}-{case['object']['metadata']['name']}"
)
def test_as_kubectl_prints_it(case):
    related = {**KEPT["related"], "pods": [], "events": []}
    text = describe.describe(case["object"], related, 1_800_000_000_000).split("Events:")[0]
    assert text.rstrip() == case["text"].rstrip()


def test_what_an_ingress_needs_is_asked_for():
    ingress = next(case["object"] for case in KEPT["cases"] if case["object"]["kind"] == "Ingress")
    asked = [request.key.gvr.resource for request in describe.related_requests(ingress)]
    assert asked == ["events", "services", "endpointslices"]
