"""Objects as YAML and back, the difference, the server's opinion with lines, and edits carried over."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kubesim.objects.wire import Response
from kubetui.model import editing, yaml_text
from kubetui.model.editing import EditError, Presentation

AWKWARD = [
    "yes", "1", "1e3", "0x1F", "null", "~", "", "- a", "a: b", "a #b", "|", "2020-01-01", "on", "a\nb", "\n", "a\n\n",
    " x\ny", "\ta\nb", "a\r\nb", "%a", "@x", "`x", "!t", "&a", "*b", "{a", "[b", "it's", '"q"', "a:", "1:30", ".5", "=",
    "---", "... x", "?x", "- ", "-", "é", "0o7", "1_000", ".inf", "\u2028", "\x85", "a \nb", "a\t\nb", "#x\ny",
    "it's \"q\"",
]  # fmt: skip
text = st.text(st.characters(exclude_categories=("Cs",)), max_size=12) | st.sampled_from(AWKWARD)
leaf = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text
trees = st.recursive(
    leaf, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4), max_leaves=12
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(text, trees, min_size=1, max_size=4))
def test_what_is_written_is_read_back(tree):
    assert editing.parse_all(yaml_text.dump({"kind": "X", "tree": tree})) == [{"kind": "X", "tree": tree}]


@pytest.mark.parametrize("value", AWKWARD)
def test_other_readers_agree(value):
    assert yaml.safe_load(yaml_text.dump({"a": [value]})) == {"a": [value]}


def test_style():
    obj = {
        "status": {},
        "kind": "Pod",
        "spec": {"b": [{"name": "x", "args": ["a", 1, True]}, [1, [2]]], "a": "two\nlines\n", "port": "80"},
        "apiVersion": "v1",
        "metadata": {"name": "p", "creationTimestamp": "2026-01-01T00:00:00Z"},
    }
    assert (
        yaml_text.dump(obj)
        == """apiVersion: v1
kind: Pod
metadata:
  creationTimestamp: "2026-01-01T00:00:00Z"
  name: p
spec:
  a: |
    two
    lines
  b:
  - args:
    - a
    - 1
    - true
    name: x
  - - 1
    - - 2
  port: "80"
status: {}
"""
    )


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("  name: web", [("  name", "key"), (":", "punctuation"), ("web", "string")]),
        ("- replicas: 3", [("-", "punctuation"), ("replicas", "key"), (":", "punctuation"), ("3", "number")]),
        ("  on: true", [("on", "key"), (":", "punctuation"), ("true", "literal")]),
        ("# gone", [("# gone", "comment")]),
        ('  "a: b": x', [('"a: b"', "key"), (":", "punctuation"), ("x", "string")]),
        ("  text: |-", [("text", "key"), (":", "punctuation"), ("|-", "punctuation")]),
        ("- plain", [("-", "punctuation"), ("plain", "string")]),
        ("  url: http://x:80/", [("url", "key"), (":", "punctuation"), ("http://x:80/", "string")]),
    ],
    ids=["text", "item", "literal", "comment", "quoted-key", "block", "list-text", "url"],
)
def test_colours(line, wanted):
    found = [(line[span.start : span.end], span.kind) for span in yaml_text.spans(line)]
    assert [(part.strip(), kind) for part, kind in found] == [(part.strip(), kind) for part, kind in wanted]


# ---------------------------------------------------------------------- what is shown
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "s", "managedFields": [{"manager": "x"}]},
    "data": {"password": "c2VjcmV0", "raw": "/w=="},
}


def test_secrets_are_masked_and_managed_fields_hidden():
    shown = editing.present(SECRET)
    assert shown["data"] == {"password": editing.MASK, "raw": editing.MASK}
    assert "managedFields" not in shown["metadata"]
    assert "c2VjcmV0" not in editing.editable(SECRET)


def test_a_secret_that_is_revealed():
    shown = editing.present(SECRET, Presentation(reveal=True, managed_fields=True))
    assert shown["stringData"] == {"password": "secret"}
    assert shown["data"] == {"raw": "/w=="}
    assert "managedFields" in shown["metadata"]


@pytest.mark.parametrize("reveal", [False, True], ids=["masked", "revealed"])
def test_an_unchanged_secret_comes_back_as_it_was(reveal):
    edited = editing.parse(editing.editable(SECRET, reveal=reveal))
    assert editing.restore(edited, SECRET) == SECRET


def test_a_masked_value_can_be_replaced():
    edited = editing.parse(editing.editable(SECRET).replace(f"password: '{editing.MASK}'", "password: bmV3"))
    edited = {**edited, "data": {**edited["data"], "password": "bmV3"}}
    assert editing.restore(edited, SECRET)["data"] == {"password": "bmV3", "raw": "/w=="}


# ---------------------------------------------------------------------- what is read
@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        ("a: b: c\n", 1, "mapping values are not allowed"),
        ("a:\n  b: 1\n c: 2\n", 3, "did not find expected"),
        ("a: 1\nb: 2\na: 3\n", 3, 'key "a" already set in map'),
        ("a: [1, 2\n", 2, "did not find expected"),
        ("- a\n- b\n", 1, "an object is expected, not a list"),
        ("\ta: 1\n", 1, "cannot start any token"),
        ("kind: Pod\nmetadata: {}\n", 1, "apiVersion is missing"),
        ("", 0, "the text is empty"),
        ("a: 1\n---\nb: 1\n", 1, "one object is expected"),
    ],
    ids=["nested", "indent", "twice", "bracket", "list", "tab", "no-version", "empty", "two"],
)
def test_errors_name_the_line(source, line, message):
    with pytest.raises(EditError) as caught:
        editing.parse(source)
    assert caught.value.line == line
    assert message in caught.value.message


def test_times_stay_texts_and_numbers_with_exponents_are_numbers():
    assert editing.parse_all("a: 2026-01-01\nb: 1e3\n") == [{"a": "2026-01-01", "b": 1000.0}]


def test_lists_are_taken_apart():
    found = editing.parse_all("kind: List\nitems:\n- kind: A\n- kind: B\n---\n---\nkind: C\n")
    assert [each["kind"] for each in found] == ["A", "B", "C"]


TEXT = "spec:\n  containers:\n  - name: a\n    image: x\n  - name: b\n    image: ''\nmetadata:\n  labels:\n    k/v: w\n"


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("spec.containers[1].image", (6, 5)),
        ("spec.containers[1].resources.limits", (5, 5)),
        ("spec", (1, 1)),
        ("metadata.labels", (8, 3)),
        ("nothing", (1, 1)),
    ],
)
def test_places_of_fields(field, place):
    assert editing.locate(TEXT, field) == place


def test_the_servers_opinion_has_lines():
    cause = {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.containers[1].image"}
    found = editing.problems(Response(422, {"message": "invalid", "details": {"causes": [cause]}}), TEXT)
    assert [each.text for each in found] == ["line 6, column 5: spec.containers[1].image: Required value"]


def test_unknown_fields_have_lines():
    message = 'strict decoding error: unknown field "spec.containers[0].image", unknown field "metadata.odd"'
    found = editing.problems(Response(400, {"message": message}), TEXT)
    assert [(each.line, each.message) for each in found] == [
        (4, 'unknown field "spec.containers[0].image"'),
        (7, 'unknown field "metadata.odd"'),
    ]


def test_other_failures_are_told_as_they_are():
    assert [each.text for each in editing.problems(Response(403, {"message": "no"}), TEXT)] == ["no"]
    assert editing.problems(Response(200, {}), TEXT) == []


# ---------------------------------------------------------------------- difference
def test_difference():
    old = "\n".join(f"line {number}" for number in range(20))
    lines = editing.diff(old, old.replace("line 10", "LINE 10"))
    assert editing.counts(lines) == (1, 1)
    assert lines[0].text == "@@ -8,7 +8,7 @@"
    assert [(each.kind, each.old, each.new) for each in lines if each.kind in ("added", "removed")] == [
        ("removed", 11, 0),
        ("added", 0, 11),
    ]
    assert editing.unified(lines).splitlines()[4:6] == ["-line 10", "+LINE 10"]
    assert editing.diff(old, old) == []


# ---------------------------------------------------------------------- carried over
def containers(*images):
    return {"spec": {"containers": [{"name": name, "image": image} for name, image in images]}}


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "merged", "conflicts"),
    [
        ({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 3}, {"a": 2, "b": 3}, ()),
        ({"a": 1}, {"a": 2}, {"a": 3}, {"a": 2}, ("a",)),
        ({"a": 1}, {"a": 2}, {"a": 2}, {"a": 2}, ()),
        ({"a": 1, "b": 1}, {"b": 1}, {"a": 1, "b": 2}, {"b": 2}, ()),
        ({"a": 1}, {"a": 1, "n": 1}, {"a": 1, "m": 1}, {"a": 1, "m": 1, "n": 1}, ()),
        ({"l": [1]}, {"l": [1, 2]}, {"l": [1, 3]}, {"l": [1, 2]}, ("l",)),
        ({"metadata": {"resourceVersion": "1"}, "a": 1}, {"metadata": {"resourceVersion": "1"}, "a": 2},
         {"metadata": {"resourceVersion": "2"}, "a": 1}, {"metadata": {"resourceVersion": "2"}, "a": 2}, ()),
        (containers(("a", "1"), ("b", "1")), containers(("a", "2"), ("b", "1")), containers(("a", "1"), ("b", "2")),
         containers(("a", "2"), ("b", "2")), ()),
        (containers(("a", "1")), containers(("a", "2")), containers(("a", "3")), containers(("a", "2")),
         ("spec.containers[a].image",)),
    ],
    ids=["apart", "same-field", "same-change", "removed", "both-add", "list", "revision", "named", "named-conflict"],
)  # fmt: skip
def test_rebase(base, mine, theirs, merged, conflicts):
    assert editing.rebase(base, mine, theirs) == (merged, conflicts)
