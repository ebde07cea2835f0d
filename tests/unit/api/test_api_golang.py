import re

import pytest

from kubesim.api.golang import parse_json, repeated_fields


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "unexpected end of JSON input"),
        ('{"a":', "unexpected end of JSON input"),
        ('{"a"', "unexpected end of JSON input"),
        ("i\xb7", "invalid character 'i' looking for beginning of value"),
        ('{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a":1 "b":2}', "invalid character '\"' after object key:value pair"),
        ("[1 2]", "invalid character '2' after array element"),
        ("{} x", "invalid character 'x' after top-level value"),
        ("tru!", "invalid character '!' in literal true (expecting 'e')"),
        ("-x", "invalid character 'x' in numeric literal"),
        ("1.x", "invalid character 'x' after decimal point in numeric literal"),
        ("1ex", "invalid character 'x' in exponent of numeric literal"),
        ('"a\nb"', "invalid character '\\n' in string literal"),
        ('"\\q"', "invalid character 'q' in string escape code"),
        ('"\\u00g0"', "invalid character 'g' in \\u hexadecimal character escape"),
        ("{'a':1}", "invalid character '\\'' looking for beginning of object key string"),
    ],
)
def test_complaints_are_those_of_go(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}$"):
        parse_json(text.encode())


def test_a_document_is_decoded() -> None:
    assert parse_json(b' {"a": [1, -2.5, 1e3, true, null, "\\u00e9"]} ') == {"a": [1, -2.5, 1000.0, True, None, "é"]}


def test_repeated_fields_are_named_by_path() -> None:
    text = b'{"spec":{"replicas":1,"replicas":2,"items":[{"a":{}},{"a":1,"a":2}]},"spec":3}'
    assert repeated_fields(text)[0] == ["spec.replicas", "spec.items[1].a", "spec"]
