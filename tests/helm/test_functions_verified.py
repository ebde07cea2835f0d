"""What Helm 4.3.1 prints for calls at the edges of its functions; each text was printed by the program itself."""

import pytest

from helm.rendering import failure, render


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{{ snakecase "@!-" }}',
            "@!-",
        ),
        (
            '{{ snakecase "a--B_c" }}',
            "a__b_c",
        ),
        (
            '{{ kebabcase "[_]" }}',
            "[_]",
        ),
        (
            '{{ kebabcase "x---.y z" }}',
            "x---.y-z",
        ),
        (
            '{{ camelcase "_" }}',
            "__",
        ),
        (
            '{{ camelcase "--" }}',
            "---",
        ),
        (
            '{{ camelcase ":  _x" }}',
            ":  X",
        ),
        (
            '{{ camelcase "a_-b" }}',
            "A_B",
        ),
        (
            '{{ regexSplit "x" "" -1 | toJson }}',
            '[""]',
        ),
        (
            '{{ regexSplit "" "" -1 | toJson }}',
            "[]",
        ),
        (
            '{{ regexSplit "a*" "" 3 | toJson }}',
            '[""]',
        ),
        (
            "{{ toYamlPretty (rest (list)) }}",
            "[]",
        ),
        (
            "{{ toYaml (rest (list)) }}",
            "null",
        ),
        (
            '{{ toYamlPretty (dict "a" (initial (list))) }}',
            "a: []",
        ),
        (
            '{{ b32dec "=" }}',
            "illegal base32 data at input byte 0",
        ),
        (
            '{{ b32dec "A=" }}',
            "illegal base32 data at input byte 1",
        ),
        (
            '{{ b32dec "========" }}',
            "illegal base32 data at input byte 0",
        ),
        (
            '{{ b32dec "A" }}',
            "illegal base32 data at input byte 0",
        ),
        (
            '{{ b32dec "MFRGG=" }}',
            "illegal base32 data at input byte 6",
        ),
        (
            '{{ b32dec "MFRGG===" }}',
            "abc",
        ),
        (
            '{{ trunc 2 "aé" | toJson }}',
            '"a�"',
        ),
        (
            '{{ trunc -1 "é" | toJson }}',
            '"�"',
        ),
        (
            '{{ fromJson "✓" }}',
            "map[Error:invalid character '✓' looking for beginning of value]",
        ),
        (
            '{{ fromJson "\\"a\\nb\\"" }}',
            "map[Error:invalid character '\\n' in string]",
        ),
        (
            '{{ fromJson `{"a":"\\x"}` }}',
            "map[Error:invalid escape sequence `\\x` in string]",
        ),
        (
            '{{ fromJson `{"a":1.}` }}',
            "map[Error:invalid character '}' in numeric literal]",
        ),
        (
            '{{ fromJson `["\\u12x4"]` }}',
            "map[Error:invalid escape sequence `\\u12x4` in string]",
        ),
        (
            '{{ toYaml (dict "a" (printf "%s\\"1\\"} x" "\\uFEFF") "b" "x\\u00a0\\t") }}',
            'a: "\\uFEFF\\"\\x31\\"\\x7D\\x20\\x78"\nb: "x\xa0\\t"',
        ),
        (
            '{{ toYaml (fromJson `{"a":12345678901234567890,"b":-9223372036854775808,"c":9007199254740993}`) }}',
            "a: 12345678901234567000\nb: -9.223372036854776e+18\nc: 9007199254740992",
        ),
        (
            '{{ quote "a\\"b\\\\c" }}',
            '"a\\"b\\\\c"',
        ),
        (
            '{{ printf "%q" "tab\\t\\"" }}',
            '"tab\\t\\""',
        ),
        (
            '{{ toJson "a\\"b\\\\c\\n" }}',
            '"a\\"b\\\\c\\n"',
        ),
    ],
)
def test_as_helm_prints_it(text: str, expected: str):
    assert render(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ slice `abc` 0 }}", "list should be type of slice or array but string"),
        ("{{ slice 5 0 }}", "list should be type of slice or array but int"),
        ("{{ slice (dict) 0 }}", "list should be type of slice or array but map"),
    ],
)
def test_as_helm_refuses_it(text: str, message: str):
    assert failure(text).endswith(f"error calling slice: {message}")
