"""Bodies at the door: how many values they may have, and YAML that is read beside the loop."""

import orjson
import pytest

from kubesim.httpd import bodies
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import APPLY_PATCH, CONFIGMAPS, JSON, JSON_PATCH, Gvr

DEFINITIONS = Gvr("apiextensions.k8s.io", "v1", "customresourcedefinitions")
YAML = "application/yaml"


def fields(count: int) -> bytes:
    return b'{"data":{' + b",".join(b'"%d":""' % number for number in range(count)) + b"}}"


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (b"{}", 1),
        (b'{"a":[1,2,3],"b":{}}', 6),
        (b'{"a":"' + b"x,{[" * 100 + b'"}', 1),
        (b'{"a":"\\",\\\\",' + b'"b":"\\\\\\",{"}', 2),
    ],
    ids=["empty", "nested", "text", "escapes"],
)
def test_values_are_counted_outside_of_texts(data: bytes, count: int):
    orjson.loads(data)
    assert bodies.values_in(data, 0) == count


ADMITTED = {
    "some-fields": (fields(18_000), JSON, CONFIGMAPS),
    "a-long-text": (b'{"a":"' + b"{,[," * 700_000 + b'"}', JSON, CONFIGMAPS),
    "a-definition": (fields(20_000), JSON, DEFINITIONS),
    "a-patch": (b"[" + b",".join([b'{"op":"test","path":"/a"}'] * 9_000) + b"]", JSON_PATCH, CONFIGMAPS),
    "short-yaml": (b"a: b\n", YAML, CONFIGMAPS),
}


@pytest.mark.parametrize(("data", "kind", "gvr"), ADMITTED.values(), ids=ADMITTED.keys())
async def test_what_is_let_in(data: bytes, kind: str, gvr: Gvr):
    assert await bodies.admitted(data, kind, gvr) is data


REFUSED = {
    "fields": (fields(21_000), JSON, CONFIGMAPS),
    "applied": (fields(21_000), APPLY_PATCH, CONFIGMAPS),
    "million": (b"[" + b"1," * 1_000_000 + b"1]", JSON, CONFIGMAPS),
    "definition": (fields(40_000), JSON, DEFINITIONS),
    "rules": (b"[" + b",".join([b'{"rule":"true"}'] * 600) + b"]", JSON, DEFINITIONS),
    "yaml": ("\n".join(f"a{number}: b" for number in range(21_000)).encode(), YAML, CONFIGMAPS),
}


@pytest.mark.parametrize(("data", "kind", "gvr"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_is_refused(data: bytes, kind: str, gvr: Gvr):
    with pytest.raises(ApiError) as error:
        await bodies.admitted(data, kind, gvr)
    assert error.value.code == 413


async def test_long_yaml_becomes_json():
    data = b"a: |\n" + b"  some, text\n" * 10_000 + b"b: [1, 2020-01-01]\n"
    found = orjson.loads(await bodies.admitted(data, YAML, CONFIGMAPS))
    assert found == {"a": "some, text\n" * 10_000, "b": [1, "2020-01-01"]}


async def test_long_yaml_that_is_none():
    with pytest.raises(ApiError) as error:
        await bodies.admitted(b"a: b\n" * 5_000 + b"\t: [", YAML, CONFIGMAPS)
    assert error.value.code == 400
