"""Label and field selectors: texts, errors, matches."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.objects import selectors

LABELS = {"app": "web", "tier": "front", "n": "5", "empty": ""}


@pytest.mark.parametrize(
    ("text", "printed", "matches"),
    [
        ("", "", True),
        ("app=web", "app=web", True),
        ("app==web", "app==web", True),
        (" app = web , tier ", "app=web,tier", True),
        ("app=web,tier=back", "app=web,tier=back", False),
        ("app!=web", "app!=web", False),
        ("absent!=x", "absent!=x", True),
        ("app in (web,db)", "app in (db,web)", True),
        ("app notin (web,db)", "app notin (db,web)", False),
        ("absent notin (x)", "absent notin (x)", True),
        ("!app", "!app", False),
        ("! absent", "!absent", True),
        ("app", "app", True),
        ("empty=", "empty=", True),
        ("app in ()", "app in ()", False),
        ("empty in (,a)", "empty in (,a)", True),
        ("n>4", "n>4", True),
        ("n<5", "n<5", False),
        ("app>1", "app>1", False),
        ("in in (in)", "in in (in)", False),
        ("tier=front,app=web", "app=web,tier=front", True),
    ],
)
def test_labels(text, printed, matches):
    selector = selectors.parse_labels(text)
    assert str(selector) == printed
    assert selector.matches(LABELS) is matches
    assert pickle.loads(pickle.dumps(selector)) == selector


NAME_PART = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("a===b", "unable to parse requirement: found '=', expected: identifier"),
        ("-a=b", f'unable to parse requirement: <nil>: Invalid value: "-a": {NAME_PART}'),
        ("a=b,", "found '', expected: identifier after ','"),
        ("a,,b", "found ',', expected: identifier after ','"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a in (=)", "unable to parse requirement: found '=', expected: ',', ')' or identifier"),
        ("!a=b", "found '=', expected: ',' or 'end of string'"),
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        (
            "x>y",
            "unable to parse requirement: values[0]: Invalid value: \"y\": for 'Gt', 'Lt' operators, the value must be "
            "an integer",
        ),
        (
            "a=" + "b" * 64,
            f'unable to parse requirement: values[0][a]: Invalid value: "{"b" * 64}": must be no more than 63 bytes',
        ),
    ],
)
def test_bad_labels(text, message):
    with pytest.raises(ValueError, match=r".*") as caught:
        selectors.parse_labels(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("tree", "printed", "matches"),
    [
        (None, "", False),
        ({}, "", True),
        ({"matchLabels": {"app": "web"}}, "app=web", True),
        ({"matchLabels": {"app": "db"}}, "app=db", False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["x", "web"]}]}, "app in (web,x)", True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, "app notin (web)", False),
        ({"matchExpressions": [{"key": "z", "operator": "DoesNotExist"}], "matchLabels": {"n": "5"}}, "n=5,!z", True),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, "app", True),
    ],
)
def test_label_selector_objects(tree, printed, matches):
    selector = selectors.from_label_selector(tree)
    assert str(selector) == printed
    assert selector.matches(LABELS) is matches


def test_unknown_operator():
    with pytest.raises(ValueError, match='"Bogus" is not a valid label selector operator'):
        selectors.from_label_selector({"matchExpressions": [{"key": "a", "operator": "Bogus"}]})
    assert selectors.format_label_selector({"matchExpressions": [{"key": "a", "operator": "Bogus"}]}) == "<error>"
    assert selectors.format_label_selector(None) == "<none>"


def test_node_expressions_know_numbers():
    greater = selectors.from_node_expressions([{"key": "n", "operator": "Gt", "values": ["4"]}])
    assert greater.matches(LABELS)
    assert not greater.matches({"n": "4"})
    assert not selectors.from_node_expressions([]).matches(LABELS)


def test_from_map():
    assert selectors.from_map({"b": "2", "a": "1"}).matches({"a": "1", "b": "2", "c": "3"})
    assert str(selectors.from_map({"b": "2", "a": "1"})) == "a=1,b=2"
    assert selectors.from_map({}).matches_everything
    assert selectors.from_label_selector(None).matches_nothing
    assert selectors.from_map({"a": "1"}).matches(None) is False


def test_exact_is_absent_when_contradicting():
    selector = selectors.parse_labels("a=1,a=2")
    assert selector.exact is None
    assert not selector.matches({"a": "1"})


FIELDS = {"metadata.name": "a", "status.phase": "Running", "odd": "x,y=z"}


@pytest.mark.parametrize(
    ("text", "printed", "matches"),
    [
        ("", "", True),
        ("metadata.name=a", "metadata.name=a", True),
        ("metadata.name==b", "metadata.name=b", False),
        ("status.phase!=Running", "status.phase!=Running", False),
        ("status.phase!=Failed,metadata.name=a", "metadata.name=a,status.phase!=Failed", True),
        ("spec.nodeName=", "spec.nodeName=", True),
        ("odd=x\\,y\\=z", "odd=x\\,y\\=z", True),
        (",metadata.name=a,", "metadata.name=a", True),
    ],
)
def test_fields(text, printed, matches):
    selector = selectors.parse_fields(text)
    assert str(selector) == printed
    assert selector.matches(FIELDS) is matches


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"),
        ("metadata.name in (a,b)", "invalid selector: 'metadata.name in (a,b)'; can't understand 'b)'"),
        ("a=\\x", "invalid field selector: invalid escape sequence: \\x"),
        ("a=b=c", "invalid field selector: unescaped character in value: ="),
    ],
)
def test_bad_fields(text, message):
    with pytest.raises(ValueError, match=r".*") as caught:
        selectors.parse_fields(text)
    assert str(caught.value) == message


def test_exact_field():
    selector = selectors.parse_fields("metadata.name=a,spec.nodeName!=n")
    assert selector.exact("metadata.name") == "a"
    assert selector.exact("spec.nodeName") is None


NAME = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)


@given(
    st.lists(
        st.one_of(
            st.tuples(NAME, st.sampled_from(["=", "==", "!="]), NAME).map("".join),
            st.builds("{} in ({})".format, NAME, st.lists(NAME, min_size=1, max_size=3).map(",".join)),
            st.builds("{} notin ({})".format, NAME, st.lists(NAME, min_size=1, max_size=3).map(",".join)),
            NAME,
            NAME.map("!{}".format),
        ),
        max_size=4,
    ).map(",".join)
)
def test_printing_and_parsing_are_inverse(text):
    selector = selectors.parse_labels(text)
    assert selectors.parse_labels(str(selector)) == selector


@given(st.lists(st.tuples(NAME, st.sampled_from(["=", "!="]), st.text("ab,=\\", max_size=4)), max_size=3))
def test_field_escapes_round_trip(terms):
    selector = selectors.FieldSelector(
        tuple(selectors.FieldTerm(field, value, sign == "!=") for field, sign, value in terms)
    )
    parsed = selectors.parse_fields(str(selector))
    assert sorted(parsed.terms) == sorted(selector.terms)
