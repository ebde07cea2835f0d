"""Writing YAML as toYaml and toYamlPretty do, byte for byte; the cases were recorded with Helm."""

import json
import math
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubesim.helm.template.errors import GoError
from kubesim.helm.template.values import Int64, NilList, NilMap, StringMap
from kubesim.helm.yaml.order import ordered
from kubesim.helm.yaml.reader import read
from kubesim.helm.yaml.toml import to_toml
from kubesim.helm.yaml.writer import to_yaml, to_yaml_pretty

RECORDED = json.loads((Path(__file__).parent / "cases" / "goyaml.json").read_text(encoding="utf-8"))
WRITE, TOML = RECORDED["write"], RECORDED["toml"]


def floats(value):
    """Values as a values file gives them: all numbers are floats."""
    if isinstance(value, dict):
        return {key: floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [floats(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def written(write, value) -> str:
    try:
        return write(floats(value)).removesuffix("\n")
    except GoError:
        return ""


@pytest.mark.parametrize("case", WRITE, ids=range(len(WRITE)))
def test_to_yaml(case):
    assert written(to_yaml, case["value"]) == case["yaml"]


@pytest.mark.parametrize("case", WRITE, ids=range(len(WRITE)))
def test_to_yaml_pretty(case):
    assert written(to_yaml_pretty, case["value"]) == case["pretty"]


@pytest.mark.parametrize("case", TOML, ids=range(len(TOML)))
def test_to_toml(case):
    try:
        text = to_toml(floats(case["value"]))
    except GoError as error:
        text = str(error)
    assert text == case["toml"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Int64(5), "5\n"),
        (10**18, "1000000000000000000\n"),
        (-0.0, "0\n"),
        (1e18, "1000000000000000000\n"),
        (1e20, "1e+20\n"),
        (b"hi", "aGk=\n"),
        (StringMap(), "{}\n"),
        (NilMap(), "null\n"),
        ({"a": NilList()}, "a: null\n"),
        ("a\udcffb", "a\ufffdb\n"),
    ],
    ids=["int64", "int", "minus zero", "whole", "large", "bytes", "empty", "nil map", "nil list", "no text"],
)
def test_go_values(value, text: str):
    assert to_yaml(value) == text


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_numbers_that_json_cannot_say(number: float):
    with pytest.raises(GoError, match="json: unsupported value"):
        to_yaml({"a": number})


def test_a_map_within_itself_is_an_error():
    value: dict[str, object] = {}
    value["again"] = value
    with pytest.raises(GoError, match="cycle"):
        to_yaml(value)


def test_keys_keep_the_natural_order_where_go_contradicts_itself():
    assert ordered({"10": 0, "9": 0, "1a": 0}, 2) == ("1a", "9", "10")


scalars = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=40)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
plain_text = st.text(st.characters(exclude_characters="\x7f\x85\u2028\u2029\ufeff", exclude_categories=["Cs", "Cc"]))
plain_trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53).map(float)
    | plain_text
    | st.sampled_from(["a\nb", "\n", " x\n"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(plain_text, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=80, deadline=None)
@given(plain_trees)
def test_what_is_written_reads_back(value):
    assert read(to_yaml(value)) == value
    assert read(to_yaml_pretty(value)) == value


@settings(max_examples=80, deadline=None)
@given(trees)
def test_any_value_is_written_or_refused(value):
    for write in (to_yaml, to_yaml_pretty):
        with suppress(GoError):
            assert write(value).endswith("\n")
