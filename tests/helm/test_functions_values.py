"""Lists, dictionaries, numbers, types and defaults."""

import pytest

from helm.rendering import failure, render
from kubesim.helm.functions import FUNCTIONS

DATA = {"l": [3.0, 1.0, 2.0], "m": {"b": 1.0, "a": None}, "s": "two", "f": 1e6}

NEVER_USED = """
abbrev abbrevboth add1f addf adler32sum ago all any b32dec b32enc bcrypt biggest call camelcase ceil chunk clean
dateModify
date_in_zone date_modify decryptAES derivePassword dir duration durationDays durationHours durationMicroseconds
durationMilliseconds durationMinutes durationNanoseconds durationRound durationRoundTo durationSeconds
durationTruncateTo
durationWeeks encryptAES ext fromToml genCAWithKey genSelfSignedCert genSelfSignedCertWithKey genSignedCertWithKey
getHostByName hello html htmlDate htmlDateInZone initial initials isAbs js maxf minf mustAppend mustChunk mustCompact
mustDateModify mustDeepCopy mustFirst mustFromJson mustHas mustInitial mustLast mustPrepend mustPush mustRegexFindAll
mustRegexReplaceAll mustRegexReplaceAllLiteral mustRegexSplit mustRest mustReverse mustSlice mustToDate mustToDuration
mustToRawJson mustToToml mustToYaml mustWithout must_date_modify nospace osBase osClean osDir osExt osIsAbs plural
println
push randBytes randInt regexFindAll regexQuoteMeta regexSplit repeat rest round seq sha1sum sha512sum snakecase
subf swapcase
title toDate toDecimal toRawJson toStrings toToml toYamlPretty trimall tuple typeIsLike unixEpoch untilStep
untitle urlJoin
uuidv4 wrap wrapWith
"""
USED = """
include dict nindent quote if and not toYaml printf or list eq default trimSuffix trunc empty indent tpl print
ternary ne omit
b64enc int hasKey contains append dig sha256sum coalesce semverCompare join required index fromYaml mergeOverwrite
genSignedCert toString genCA fail upper gt trim until without kindIs replace len has add regexFind set lower
mustMergeOverwrite randAlphaNum trimAll mul pick sub concat merge get lookup b64dec int64 splitList lt add1 squote
div le
typeIs regexMatch hasSuffix now toJson first deepCopy date float64 floor typeOf mustUniq mulf uniq prepend split
regexReplaceAll trimPrefix mustMerge htpasswd kindOf mod toPrettyJson max keys splitn randAlpha compact last
fromYamlArray min
urlquery fromJson randNumeric cat genPrivateKey deepEqual unset ge mustToPrettyJson sortAlpha values kebabcase
dateInZone
semver randAscii regexReplaceAllLiteral substr shuffle reverse urlParse hasPrefix atoi divf base buildCustomCert
mustRegexMatch slice mustToJson fromJsonArray mustRegexFind
"""


def test_exactly_helms_functions_exist():
    assert len(FUNCTIONS) == 251
    assert set(NEVER_USED.split()) <= set(FUNCTIONS)
    assert set(USED.split()) - {"if"} <= set(FUNCTIONS)
    assert not {"env", "expandenv", "mustFromYaml"} & set(FUNCTIONS)
    assert all(name == one.name for name, one in FUNCTIONS.items())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ append .l 4 }} {{ prepend .l 0 }} {{ len .l }}", "[3 1 2 4] [0 3 1 2] 3"),
        ("{{ first .l }} {{ last .l }} {{ rest .l }} {{ initial .l }} {{ first (list) }}|", "3 2 [1 2] [3 1] |"),
        ("{{ slice .l 1 }} {{ slice .l 0 2 }} {{ slice (list) }}|", "[1 2] [3 1] |"),
        ("{{ chunk 2 .l }} {{ concat .l (list `a`) }} {{ reverse .l }}", "[[3 1] [2]] [3 1 2 a] [2 1 3]"),
        ("{{ uniq (list 1 1.0 `1` 1 (list 1) (list 1)) }} {{ compact (list 0 1 `` nil) }}", "[1 1 1 [1]] [1]"),
        ("{{ has 3.0 .l }} {{ has 3 .l }} {{ has nil (list nil) }} {{ has 1 nil }}", "true false true false"),
        (
            "{{ without (list 1 2 nil) nil 1 }} {{ sortAlpha (list 10 9 `a` `B`) }} {{ sortAlpha 5 }}",
            "[2] [10 9 B a] [5]",
        ),
        ("{{ join `-` (list 1 nil `a`) }} {{ join `,` `x` }} {{ toStrings (list 1.0 nil) }}", "1-a x [1]"),
        ("{{ toJson (rest (list)) }} {{ toJson (list) }} {{ toJson (compact (list)) }}", "null [] []"),
        (
            "{{ until 3 }} {{ until -2 }} {{ untilStep 0 10 4 }} {{ seq 3 }} {{ seq 0 -2 -4 }}",
            "[0 1 2] [0 -1] [0 4 8] 1 2 3 0 -2 -4",
        ),
    ],
)
def test_lists(text: str, expected: str):
    assert render(text, DATA) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ append nil 1 }}", "runtime error: invalid memory address or nil pointer dereference"),
        ("{{ append `x` 1 }}", "Cannot push on type string"),
        ("{{ prepend 1 1 }}", "Cannot prepend on type int"),
        ("{{ first (dict) }}", "Cannot find first on type map"),
        ("{{ concat (list) `a` }}", "Cannot concat type string as list"),
        ("{{ chunk 0 (list 1) }}", "runtime error: makeslice: len out of range"),
        ("{{ slice .l 2 1 }}", "reflect.Value.Slice: slice index out of bounds"),
        ("{{ slice `abc` 1 2 }}", "list should be type of slice or array but string"),
        ("{{ slice 1 }}", "list should be type of slice or array but int"),
        ("{{ has 1 `x` }}", "Cannot find has on type string"),
        ("{{ repeat -1 `x` }}", "strings: negative Repeat count"),
        ("{{ randInt 2 1 }}", "invalid argument to Intn"),
        ("{{ divf 1 0 }}", "decimal division by 0"),
        ("{{ mod 1 0 }}", "runtime error: integer divide by zero"),
        ("{{ set nil `a` 1 }}", "assignment to entry in nil map"),
        ("{{ dig `a` 1 }}", "dig needs at least three arguments"),
        ("{{ dig `s` `x` 1 . }}", "interface conversion: interface {} is string, not map[string]interface {}"),
        ("{{ dig 1 1 . }}", "interface conversion: interface {} is int, not string"),
        ("{{ substr 2 1 `abc` }}", "runtime error: slice bounds out of range [2:1]"),
    ],
)
def test_failures(text: str, message: str):
    assert failure(text, DATA).partition("error calling ")[2].partition(": ")[2] == message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ $d := dict `a` 1 }}{{ $e := $d }}{{ $_ := set $e `b` 2 }}{{ $d }}", "map[a:1 b:2]"),
        (
            "{{ dict `a` }} {{ dict 1 2 nil 3 }} {{ get (dict) `x` }}| {{ unset (dict `a` 1) `a` }}",
            "map[a:] map[1:2 <nil>:3] | map[]",
        ),
        ("{{ pick (dict `a` 1 `b` 2) `a` `z` }} {{ omit (dict `a` 1 `b` 2) `a` }}", "map[a:1] map[b:2]"),
        (
            "{{ pluck `a` (dict `a` 1) (dict) (dict `a` nil) }} {{ keys (dict `b` 1 `a` 2) (dict `a` 1) }}",
            "[1 <nil>] [a b a]",
        ),
        ("{{ values (dict `b` 2 `a` 1) }} {{ hasKey . `s` }} {{ hasKey . `zz` }}", "[1 2] true false"),
        ("{{ dig `m` `b` 9 . }} {{ dig `m` `zz` 9 . }} {{ dig `q` `zz` 9 . }}", "1 9 9"),
        (
            "{{ merge (dict `a` false `n` (dict `x` 1)) (dict `a` true `n` (dict `x` 2 `y` 3)) }}",
            "map[a:true n:map[x:1 y:3]]",
        ),
        (
            "{{ merge (dict `l` (list 1)) (dict `l` (list 2) `k` nil) }} {{ merge nil (dict `a` 1) }}",
            "map[l:[1]] map[a:1]",
        ),
        (
            "{{ merge (dict `a` (dict)) (dict `a` 1) }} {{ merge (dict `a` 1) (dict `a` (dict `b` 1)) }}",
            "map[a:1] map[a:1]",
        ),
        ("{{ mergeOverwrite (dict `a` 1 `l` (list 1)) (dict `a` 0 `l` (list) `n` nil) }}", "map[a:0 l:[] n:<nil>]"),
        ("{{ mergeOverwrite (dict `a` (dict `x` 1)) (dict `a` (dict `y` 2)) (dict `a` 5) }}", "map[a:5]"),
        (
            "{{ $a := dict `n` (dict `x` 1) }}{{ $b := deepCopy $a }}{{ $_ := set $a.n `x` 2 }}{{ $b }}",
            "map[n:map[x:1]]",
        ),
        (
            "{{ $t := dict }}{{ $s := dict `n` (dict `x` 1) }}{{ $_ := merge $t $s }}{{ $_ := set $t.n `x` 2"
            " }}{{ $s }}",
            "map[n:map[x:2]]",
        ),
    ],
)
def test_dictionaries(text: str, expected: str):
    assert render(text, DATA) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{{ int `12abc` }} {{ int `0x1f` }} {{ int `017` }} {{ int 3.9 }} {{ int true }} {{ int `3.0` }}"
            " {{ int nil }}",
            "0 31 15 3 1 3 0",
        ),
        (
            "{{ int64 `9999999999` }} {{ float64 `1e3` }} {{ float64 true }} {{ atoi `42` }} {{ atoi `x` }}"
            " {{ toDecimal 777 }}",
            "9999999999 1000 1 42 0 511",
        ),
        ("{{ int 1e300 }} {{ atoi `99999999999999999999` }}", "-9223372036854775808 9223372036854775807"),
        (
            "{{ add 1 2.9 `3` nil }} {{ sub 1 5 }} {{ mul 2 `3` }} {{ div -7 2 }} {{ mod -7 2 }} {{ add1 1 }}",
            "6 -4 6 -3 -1 2",
        ),
        (
            "{{ add 9223372036854775807 1 }} {{ mul 4611686018427387904 2 }}",
            "-9223372036854775808 -9223372036854775808",
        ),
        (
            "{{ addf 0.1 0.2 }} {{ subf 1 0.9 }} {{ mulf 1.1 3 }} {{ divf 1 3 }} {{ add1f 1.5 }}",
            "0.3 0.1 3.3 0.3333333333333333 2.5",
        ),
        ("{{ max 1 `5` 3.0 }} {{ min 4 2 }} {{ maxf 1.5 `2.5` }} {{ minf 1 0.5 }} {{ biggest 1 2 }}", "5 2 2.5 0.5 2"),
        (
            "{{ floor `1.9` }} {{ ceil 1.1 }} {{ round 123.5555 3 }} {{ round -2.5 0 }} {{ round 2.4 0 0.3 }}",
            "1 2 123.556 -3 3",
        ),
        (
            "{{ typeOf (add 1 2) }} {{ typeOf (int 1) }} {{ typeOf (len `a`) }} {{ typeOf (floor 1) }}",
            "int64 int int float64",
        ),
        ("{{ int (mustToDuration 5) }} {{ int64 (index `a` 0) }}", "0 97"),
    ],
)
def test_numbers(text: str, expected: str):
    assert render(text, DATA) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{{ kindOf 1 }} {{ kindOf (dict) }} {{ kindOf (list) }} {{ kindOf now }}"
            " {{ kindOf (semver `1.2.3`) }} {{ kindOf nil }}",
            "int map slice struct ptr invalid",
        ),
        (
            "{{ typeOf (split `,` `a`) }} {{ typeOf (splitList `,` `a`) }} {{ typeOf (semver `1.2.3`) }}"
            " {{ typeOf now }}",
            "map[string]string []string *semver.Version time.Time",
        ),
        (
            "{{ typeIs `string` `a` }} {{ typeIsLike `semver.Version` (semver `1.2.3`) }} {{ kindIs `map` . }}",
            "true true true",
        ),
        (
            "{{ deepEqual (list 1) (list 1) }} {{ deepEqual 1 1.0 }} {{ deepEqual (dict `a` nil) (dict `a` nil) }}",
            "true false true",
        ),
        (
            "{{ default 1 0 }} {{ default 1 false }} {{ default 1 (list) }} {{ default 1 now | kindOf }}"
            " {{ default 1 nil }}",
            "1 1 1 struct 1",
        ),
        (
            "{{ empty 0.0 }} {{ empty `x` }} {{ coalesce 0 `` 5 }} {{ all 1 0 }} {{ any 0 1 }} {{ all }} {{ any }}",
            "true false 5 false true true false",
        ),
        ("{{ ternary 1 2 true }} {{ false | ternary 1 2 }}", "1 2"),
    ],
)
def test_types_and_defaults(text: str, expected: str):
    assert render(text, DATA) == expected
