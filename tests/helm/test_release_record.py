"""Release records: the Secret that Helm stores, written and read back."""

import base64
import gzip
import json

import pytest

from helm.charts import chart_of
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.manifest import Hook
from kubesim.helm.release.record import (
    Record,
    chart_tree,
    decode,
    encode,
    from_secret,
    hook_of,
    hook_tree,
    to_secret,
)
from kubesim.helm.release.record import (
    chart_of as chart_in,
)

CHART = chart_of({
    "Chart.yaml": "apiVersion: v2\nname: t\nversion: 0.1.0\nkeywords: [a]\n"
    "dependencies: [{name: s, version: 1.x, alias: q}]\n",
    "templates/a.yaml": "kind: Pod", "values.yaml": "a: 1\nb: null\n", "values.schema.json": "{}", "x.bin": b"\xff\x00",
    "charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.0.0\n",
})  # fmt: skip
HOOK = Hook("x", "Service", "t/b.yaml", "kind: Service", ("pre-install",), 5, ("hook-succeeded",))
RECORD = Record(
    name="r", namespace="ns", version=3, status="deployed", chart=chart_tree(CHART), config={"q": 5.0}, manifest="m",
    hooks=(hook_tree(HOOK),), description="Install complete", notes="n", first_deployed=1_790_000_000_120,
    last_deployed=1_790_000_001_000, labels={"team": "a"},
)  # fmt: skip


def test_the_json_is_helms():
    tree = RECORD.to_tree()
    assert tree["info"] == {
        "first_deployed": "2026-09-21T14:13:20.12Z", "last_deployed": "2026-09-21T14:13:21Z",
        "description": "Install complete", "status": "deployed", "notes": "n",
    }  # fmt: skip
    assert tree["chart"]["metadata"] == {
        "name": "t", "version": "0.1.0", "keywords": ["a"], "apiVersion": "v2",
        "dependencies": [{"name": "s", "repository": "", "version": "1.x", "alias": "q"}],
    }  # fmt: skip
    assert tree["chart"]["templates"] == [
        {"name": "templates/a.yaml", "data": "a2luZDogUG9k", "modtime": "0001-01-01T00:00:00Z"}
    ]
    assert (tree["chart"]["values"], tree["chart"]["schema"], tree["chart"]["lock"]) == (
        {"a": 1.0, "b": None}, "e30=", None,
    )  # fmt: skip
    assert tree["hooks"] == [
        {
            "name": "x", "kind": "Service", "path": "t/b.yaml", "manifest": "kind: Service", "events": ["pre-install"],
            "last_run": {"phase": ""}, "weight": 5, "delete_policies": ["hook-succeeded"],
        }
    ]  # fmt: skip
    assert (tree["version"], tree["namespace"], tree["apply_method"]) == (3, "ns", "ssa")


def test_the_secret_is_helms():
    secret = to_secret(RECORD, created=1_790_000_000_120)
    assert secret["metadata"] == {
        "name": "sh.helm.release.v1.r.v3", "namespace": "ns",
        "labels": {
            "team": "a", "name": "r", "owner": "helm", "status": "deployed", "version": "3", "createdAt": "1790000000",
        },
    }  # fmt: skip
    assert secret["type"] == "helm.sh/release.v1"
    packed = base64.b64decode(base64.b64decode(secret["data"]["release"]))
    assert json.loads(gzip.decompress(packed))["name"] == "r"
    assert to_secret(RECORD)["data"] == secret["data"], "the same record is always the same text"


def test_reading_back():
    read = from_secret(to_secret(RECORD, modified=1))
    assert read._replace(system_labels={}, stamps={}) == RECORD
    assert (read.system_labels["modifiedAt"], read.system_labels["version"]) == ("0", "3")
    assert read.stamp("first_deployed") == "2026-09-21T14:13:20.12Z"
    chart = chart_in(RECORD.chart)
    assert (chart.metadata.name, chart.values, chart.schema) == ("t", {"a": 1.0, "b": None}, b"{}")
    assert [file.data for file in chart.files] == [b"\xff\x00"]
    assert chart.metadata.dependencies[0].alias == "q"
    assert hook_of(RECORD.hooks[0]) == HOOK


def test_old_records_are_not_compressed():
    text = base64.b64encode(base64.b64encode(b'{"name": "old", "info": {"deleted": "0001-01-01T00:00:00Z"}}')).decode()
    record = from_secret({"data": {"release": text}})
    assert (record.name, record.deleted, record.first_deployed) == ("old", None, 0)


@pytest.mark.parametrize("text", ["%", "", base64.b64encode(base64.b64encode(b"[]")).decode(), encode({})[:-8]])
def test_what_is_no_record(text: str):
    with pytest.raises(ChartError, match="release record cannot be read"):
        decode(text)
    with pytest.raises(ChartError, match="release record cannot be read"):
        from_secret({"data": {}})
