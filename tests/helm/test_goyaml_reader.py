"""Reading YAML as go-yaml version 2 does; the cases were recorded with Helm's fromYaml."""

import json
from pathlib import Path

import pytest

from kubesim.helm.template.errors import GoError
from kubesim.helm.yaml.reader import read, read_exact, read_list, read_map

CASES = json.loads((Path(__file__).parent / "cases" / "goyaml.json").read_text(encoding="utf-8"))["read"]


def outcome(text: str):
    try:
        return read_map(text)
    except GoError as error:
        return {"Error": str(error)}


@pytest.mark.parametrize("case", CASES, ids=[f"{n}-{c['yaml'][:20]!r}" for n, c in enumerate(CASES)])
def test_recorded_case(case):
    assert outcome(case["yaml"]) == case["value"]


def test_every_number_is_a_float():
    value = read("a: 1\nb: 1.5\nc: [0x10]")
    assert [type(value["a"]), type(value["b"]), type(value["c"][0])] == [float, float, float]


def test_exact_reading_keeps_integers():
    assert read_exact("a: 1000000\nb: 1.0") == {"a": 1_000_000, "b": 1.0}
    assert type(read_exact("a: 1")["a"]) is int


def test_an_alias_is_a_copy_of_its_own():
    value = read("x: &a {p: 1}\nz: *a")
    value["z"]["p"] = 2
    assert value["x"] == {"p": 1.0}


@pytest.mark.parametrize(("text", "value"), [("", []), ("null", []), ("[1, a]", [1.0, "a"])])
def test_lists(text: str, value: list[object]):
    assert read_list(text) == value


def test_documents_that_grow_exponentially_are_refused():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for name, before in zip("bcdefghi", "abcdefgh", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    with pytest.raises(GoError, match="document contains excessive aliasing"):
        read("\n".join(lines))


def test_deep_nesting_is_an_error_not_a_crash():
    with pytest.raises(GoError, match="max depth"):
        read("[" * 5000 + "]" * 5000)


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(GoError, match="invalid leading UTF-8 octet"):
        read("a: \udcff")
