"""Descriptions against texts that were compared with those of a real kubectl, and the parts that make them up."""

import json
from pathlib import Path

import pytest

from kubesim.objects import times
from kubesim.objects.wire import PODS, Key, Request, Response
from kubetui.model import describe
from kubetui.model.describe.generic import title
from kubetui.model.describe.layout import aligned, shown
from kubetui.model.describe.metadata import annotations, date, selector
from kubetui.model.describe.nodes import asked_by, taint
from kubetui.model.describe.pods import qos_class
from kubetui.model.describe.services import endpoints_of

HERE = Path(__file__).parent
NOW = times.parse_time("2026-11-23T13:44:59Z")
OBJECTS = [json.loads(line) for line in (HERE / "describe_objects.jsonl").read_text().splitlines()]


def expected():
    blocks = (HERE / "describe_expected.txt").read_text().split("\f\n")
    return dict(block.split("\n", 1) for block in blocks if block)


def fields_match(obj, text):
    for part in filter(None, text.split(",")):
        wanted = "!=" not in part
        path, _, value = part.replace("!=", "=").partition("=")
        found = obj
        for step in path.split("."):
            found = (found or {}).get(step)
        if ((found or "") == value) != wanted:
            return False
    return True


def labels_match(obj, text):
    labels = obj["metadata"].get("labels") or {}
    return all(labels.get(part.split("=")[0]) == part.split("=", 1)[1] for part in text.split(",") if "=" in part)


def answer(request):
    resource = request.key.gvr.resource
    found = [each for each in OBJECTS if each["kind"].lower() + "s" == resource]
    found = [each for each in found if request.key.namespace in ("", each["metadata"].get("namespace"))]
    if request.verb == "get":
        for each in found:
            if each["metadata"]["name"] == request.key.name:
                return Response(200, each)
        return Response(
            404, {"kind": "Status", "message": f'{request.key.gvr.qualified} "{request.key.name}" not found'}
        )
    query = request.query
    found = [each for each in found if fields_match(each, query.get("fieldSelector", ""))]
    return Response(200, {"items": [each for each in found if labels_match(each, query.get("labelSelector", ""))]})


def described(obj):
    requests = describe.related_requests(obj)
    return describe.describe(obj, describe.gather(requests, [answer(each) for each in requests]), NOW)


def name_of(obj):
    return f"{obj['kind']} {obj['metadata']['name']}"


@pytest.mark.parametrize("obj", OBJECTS, ids=name_of)
def test_as_kubectl_prints_it(obj):
    assert described(obj) == expected()[name_of(obj)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("Name:\tx\nLonger:\ty\n", "Name:    x\nLonger:  y\n", id="two-columns"),
        pytest.param("a\tb\nplain\nlonger\tb\n", "a  b\nplain\nlonger  b\n", id="a-line-without-cells-ends-the-run"),
        pytest.param("a\tb\tc\nd\te\nf\tgggg\th\n", "a  b  c\nd  e\nf  gggg  h\n", id="inner-column-broken"),
        pytest.param("\tx\nab\ty\n", "    x\nab  y\n", id="empty-cell"),
        pytest.param("é\tx\naa\ty", "é   x\naa  y", id="counts-characters"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_columns(text, wanted):
    assert aligned(text) == wanted


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("apiVersion", "API Version"),
        ("creationTimestamp", "Creation Timestamp"),
        ("uid", "UID"),
        ("podCIDR", "Pod CIDR"),
        ("foo-bar", "Foo - Bar"),
        ("f:spec", "f:spec"),
        ("involvedObject", "Involved Object"),
    ],
)
def test_generic_titles(name, wanted):
    assert title(name) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (True, "true"),
        (None, "<nil>"),
        (1.0, "1"),
        (1.5, "1.5"),
        (["a", 1], "[a 1]"),
        ({"b": 1, "a": False}, "map[a:false b:1]"),
    ],
    ids=str,
)
def test_values_as_go_prints_them(value, wanted):
    assert shown(value) == wanted


def test_dates():
    assert date("2026-11-13T13:44:59.123456Z") == "Fri, 13 Nov 2026 13:44:59 +0000"
    assert date(None) == "Mon, 01 Jan 0001 00:00:00 +0000"


@pytest.mark.parametrize(
    ("tree", "wanted"),
    [
        (None, ""),
        ({}, ""),
        ({"matchLabels": {"b": "2", "a": "1"}}, "a=1,b=2"),
        ({"matchExpressions": [{"key": "z", "operator": "NotIn", "values": ["b", "a"]}]}, "z notin (a,b)"),
        ({"matchLabels": {"m": "1"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]}, "a,m=1"),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, "!a"),
    ],
    ids=["none", "empty", "labels", "notin", "sorted-together", "absent"],
)
def test_selectors(tree, wanted):
    assert selector(tree) == wanted


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ({"key": "k", "effect": "NoExecute"}, "k:NoExecute"),
        ({"key": "k", "value": "v", "effect": "NoExecute"}, "k=v:NoExecute"),
        ({"key": "k", "value": "v"}, "k=v:"),
        ({"key": "k"}, "k"),
    ],
    ids=["effect", "all", "no-effect", "key"],
)
def test_taints(wanted, text):
    assert taint(wanted) == text


def test_a_secret_never_shows_its_values():
    text = described(next(each for each in OBJECTS if each["kind"] == "Secret"))
    assert "secret" not in text
    assert "pw:           6 bytes" in text


def container(cpu, **more):
    return {"name": "c", "resources": {"requests": {"cpu": cpu}}, **more}


def test_requests_of_a_pod_count_sidecars_and_the_largest_init_container():
    spec = {
        "containers": [container("100m"), container("200m")],
        "initContainers": [container("50m", restartPolicy="Always"), container("1")],
        "overhead": {"cpu": "10m"},
    }
    # the init container runs beside the sidecar: 1 + 50m is more than 300m + 50m
    assert asked_by({"spec": spec}, "requests") == {"cpu": "1060m"}


@pytest.mark.parametrize(
    ("resources", "wanted"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "2Gi"}}, "Burstable"),
    ],
    ids=["none", "cpu", "all", "different"],
)
def test_quality_of_service(resources, wanted):
    assert qos_class({"containers": [{"name": "c", "resources": resources}]}) == wanted


def endpoint(address, ready=True):
    return {"addresses": [address], "conditions": {"ready": ready}}


@pytest.mark.parametrize(
    ("ready", "wanted"),
    [
        ([], ""),
        ([True, True], "10.0.0.0:80,10.0.0.1:80"),
        ([True] * 5, "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 2 more..."),
        ([False, False], ""),
    ],
    ids=["nobody", "two", "five", "not-ready"],
)
def test_endpoints_of_a_service(ready, wanted):
    found = [endpoint(f"10.0.0.{at}", each) for at, each in enumerate(ready)]
    slices = [{"ports": [{"name": "http", "port": 80}], "endpoints": found}]
    assert endpoints_of(slices, "http") == wanted


def test_what_a_node_needs():
    node = {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "wk-1", "uid": "u"}}
    resources = [(each.verb, each.key.gvr.resource) for each in describe.related_requests(node)]
    assert resources == [("list", "events"), ("list", "events"), ("list", "pods"), ("get", "leases")]


def test_a_lease_that_cannot_be_read_is_told():
    text = described(next(each for each in OBJECTS if each["metadata"]["name"] == "n0"))
    assert 'Lease:              Failed to get lease: leases.coordination.k8s.io "n0" not found' in text


def test_failed_lists_leave_nothing():
    requests = [Request("list", Key(PODS, "a")), Request("get", Key(PODS, "a", "b"))]
    found = describe.gather(requests, [Response(403, {"message": "no"}), Response(404, {"message": "gone"})])
    assert found == {"pods": [{"message": "gone"}]}


def test_long_annotations_get_lines_of_their_own():
    from kubetui.model.describe.layout import Sheet

    sheet = Sheet()
    annotations(sheet, "Annotations", {"a": "x" * 150, "b": "one\ntwo\n"})
    assert sheet.text().split("\n") == [
        "Annotations:  a:",
        f"                {'x' * 138}...",
        "              b:",
        "                one",
        "                two",
        "",
    ]


def test_control_characters_are_spelled_out():
    config = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "c"}, "data": {"k": "\x1b[31mred\r"}}
    assert "^[[31mred\\r" in describe.describe(config, {}, NOW)
