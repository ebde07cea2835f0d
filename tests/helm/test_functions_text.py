"""Text, encodings, paths, URLs, regular expressions and semantic versions."""

import pytest

from helm.rendering import failure, render
from kubesim.helm.functions.semver import is_compatible_range
from kubesim.objects.regex import Pattern, compile_pattern, linear


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{{ trim ` a\u00a0 ` }}|{{ trimAll `$` `$5$` }}|{{ trimSuffix `-` `a--` }}|{{ trimPrefix `-` `--a` }}",
            "a|5|a-|-a",
        ),
        (
            "{{ upper `éß` }} {{ lower `ÀB` }} {{ title `hello wORLD-a_b` }} {{ untitle `Hello World` }}"
            " {{ swapcase `aB cD` }}",
            "Éß àb Hello WORLD-A_b hello world Ab Cd",
        ),
        (
            "{{ trunc 3 `hello` }} {{ trunc -3 `hello` }} {{ trunc 9 `a` }} {{ trunc 2 `é✓` }} {{ trunc -9 `ab` }}",
            "hel llo a é ab",
        ),
        (
            "{{ substr 0 3 `hello` }} {{ substr 2 -1 `hello` }} {{ substr -1 3 `hello` }} {{ substr 1 99 `abc` }}",
            "hel llo hel bc",
        ),
        (
            "{{ nospace ` a b ` }} {{ initials `First Try` }} {{ abbrev 5 `hello world` }}"
            " {{ abbrevboth 5 10 `1234 5678 9123` }}",
            "ab FT he... ...5678...",
        ),
        (
            "{{ wrap 5 `aaa bbb ccc` }}|{{ wrapWith 3 `-` `abcdefgh` }}|{{ wrap 3 `abcdefgh ij` }}",
            "aaa\nbbb\nccc|abc-def-gh|abcdefgh\nij",
        ),
        (
            '{{ quote `a` nil 1.0 `b"` }} {{ squote `a` 1e6 nil }} {{ quote nil }}|{{ quote (list 1 2) }}',
            '"a" "1" "b\\"" \'a\' \'1e+06\' |"[1 2]"',
        ),
        (
            "{{ cat 1 nil `a` 2.5 }} {{ plural `1` `n` 1 }} {{ plural `1` `n` 2 }} {{ repeat 3 `ab` }}",
            "1 a 2.5 1 n ababab",
        ),
        ("{{ indent 2 `a\nb\n` }}|{{ nindent 2 `a\n\nb` }}", "  a\n  b\n  |\n  a\n  \n  b"),
        (
            "{{ replace ` ` `-` `a b c` }} {{ replace `` `-` `ab` }} {{ contains `b` `abc` }}"
            " {{ hasPrefix `a` `abc` }} {{ hasSuffix `x` `abc` }}",
            "a-b-c -a-b- true true false",
        ),
        (
            "{{ split `/` `a/b/c` }} {{ splitn `/` 2 `a/b/c` }} {{ splitList `` `aé` }} {{ splitn `,` 0 `a` }}",
            "map[_0:a _1:b _2:c] map[_0:a _1:b/c] [a é] map[]",
        ),
        (
            "{{ snakecase `HTTPServer` }} {{ snakecase `Bld4Floor` }} {{ snakecase `HTTP2xx` }}"
            " {{ kebabcase `aB1 c` }}",
            "http_server bld4_floor http_2xx a-b1-c",
        ),
        (
            "{{ camelcase `foo_bar-baz qux` }} {{ camelcase `GOLANG_IS_GREAT` }} {{ camelcase `_a` }}"
            " {{ camelcase `` }}|",
            "FooBarBazQux GolangIsGreat _A |",
        ),
        ("{{ toString nil }} {{ toString 1e6 }} {{ toString (list 1) }} {{ hello }}", "<nil> 1e+06 [1] Hello!"),
    ],
)
def test_text(text: str, expected: str):
    assert render(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{{ b64enc `a\n` }} {{ b64dec `YQo=` }}|{{ b64dec `YQ==\n` }} {{ b32enc `a` }} {{ b32dec `ME======` }}",
            "YQo= a\n|a ME====== a",
        ),
        ("{{ b64dec `!!` }}", "illegal base64 data at input byte 0"),
        ("{{ b64dec `YQ` }}", "illegal base64 data at input byte 0"),
        ("{{ b64dec `YWJjY` }}", "illegal base64 data at input byte 4"),
        ("{{ b64dec `YQ=` }}", "illegal base64 data at input byte 3"),
        ("{{ b64dec `YQ=a` }}", "illegal base64 data at input byte 3"),
        ("{{ b64dec `YQ==a` }}", "illegal base64 data at input byte 4"),
        (
            "{{ adler32sum `abc` }} {{ sha1sum `a` | trunc 8 }} {{ sha256sum `a` | trunc 8 }}"
            " {{ sha512sum `a` | trunc 8 }}",
            "38600999 86f7e437 ca978112 1f40fc92",
        ),
        (
            "{{ base `a/b/` }} {{ base `` }} {{ base `/` }} {{ dir `a` }} {{ dir `/a/b` }} {{ ext `a.b/c` }}|"
            " {{ ext `a.tar.gz` }}",
            "b . / . /a | .gz",
        ),
        (
            "{{ clean `a//b/../c/.` }} {{ clean `` }} {{ clean `/../a` }} {{ clean `../a/..` }} {{ isAbs `/a` }}",
            "a/c . /a .. true",
        ),
    ],
)
def test_encodings_and_paths(text: str, expected: str):
    assert render(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{{ urlParse `https://me:pw@h.x:80/a%20b/c?q=1#f` }}",
            "map[fragment:f host:h.x:80 hostname:h.x opaque: path:/a b/c query:q=1 scheme:https userinfo:me:pw]",
        ),
        ("{{ (urlParse `mailto:a@b`).opaque }} {{ (urlParse `http://[::1]:8/`).hostname }}", "a@b ::1"),
        (
            "{{ urlJoin (urlParse `http://u@h:1/p?q#f`) }} {{ urlJoin (dict `host` `h` `path` `p q`) }}",
            "http://u@h:1/p?q#f //h/p%20q",
        ),
        ("{{ urlJoin (dict `scheme` `x` `host` `h` `userinfo` `a:b`) }}", "x://a:b@h"),
    ],
)
def test_urls(text: str, expected: str):
    assert render(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ urlParse `://x` }}", 'unable to parse url: parse "://x": missing protocol scheme'),
        ("{{ urlParse `http://h:x/` }}", 'unable to parse url: parse "http://h:x/": invalid port ":x" after host'),
        ("{{ urlParse `http://a/%zz` }}", 'unable to parse url: parse "http://a/%zz": invalid URL escape "%zz"'),
        ("{{ urlJoin (dict `host` 1) }}", "unable to parse host key, must be of type string, but int found"),
    ],
)
def test_url_errors(text: str, message: str):
    assert failure(text).partition("error calling ")[2].partition(": ")[2] == message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{{ regexMatch `^a.c$` `abc` }} {{ regexMatch `a$` `a\n` }} {{ regexMatch `(?m)a$` `a\nb` }}"
            " {{ regexMatch `(?=x)` `x` }}",
            "true false true false",
        ),
        (
            "{{ regexMatch `^\\d+$` `१२` }} {{ regexMatch `(?i)É` `é` }} {{ regexMatch `\\pL` `é` }}"
            " {{ regexMatch `[[:alpha:]]+\\z` `ab` }}",
            "false true true true",
        ),
        (
            "{{ regexFind `a(b|c)` `xac` }} {{ regexFindAll `a.` `abacad` 2 }} {{ regexFindAll `x` `y` -1 }}",
            "ac [ab ac] []",
        ),
        (
            "{{ regexReplaceAll `a(x*)b` `-ab-axxb-` `${1}W$1W$$` }} {{ regexReplaceAllLiteral `a` `banana` `$1` }}",
            "-W$-xxW$- b$1n$1n$1",
        ),
        ("{{ regexReplaceAll `(?P<n>b)` `abc` `[$n]` }} {{ regexReplaceAll `x*` `abc` `-` }}", "a[b]c -a-b-c-"),
        (
            "{{ regexSplit `a` `banana` -1 }} {{ regexSplit `a` `banana` 2 }} {{ regexSplit `a` `banana` 0 }}",
            "[b n n ] [b nana] []",
        ),
        (
            "{{ regexQuoteMeta `1.2[3]` }} {{ regexReplaceAll `\\Qa.b\\E` `a.b axb` `z` }}"
            " {{ regexFind `a{,2}` `a{,2}` }}",
            "1\\.2\\[3\\] z axb a{,2}",
        ),
        (
            "{{ regexFind `(?U)a+` `aaa` }} {{ regexFind `a+?` `aaa` }} {{ regexFind `(?s).+` `a\nb` }}"
            " {{ regexFind `.+` `a\nb` }}",
            "a a a\nb a",
        ),
    ],
)
def test_regular_expressions(text: str, expected: str):
    assert render(text) == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("(", "missing closing ): `(`"),
        (")", "unexpected ): `)`"),
        ("[a", "missing closing ]: `[a`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("*a", "missing argument to repetition operator: `*`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        (r"\8", r"invalid escape sequence: `\8`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("(?P<n", "invalid named capture: `(?P<n`"),
        (
            "(?P<n>a)(?P<n>b)",
            "duplicate capture group name: `n`",
        ),
    ],
)
def test_malformed_expressions(expression: str, message: str):
    text = f"{{{{ mustRegexMatch `{expression}` `x` }}}}"
    assert failure(text).endswith(f"error calling mustRegexMatch: error parsing regexp: {message}")
    assert render(text.replace("mustRegexMatch", "regexMatch")) == "false"


def test_sure_functions_fail_as_must_compile():
    assert failure("{{ regexFind `(` `x` }}").endswith(
        "regexp: Compile(`(`): error parsing regexp: missing closing ): `(`"
    )


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("a(x*)b", "-ab-axxb-"),
        ("a*", "baaac"),
        ("", "abc"),
        ("(a|ab)(c|bcd)(d*)", "abcd"),
        ("(?m)^x$", "a\nx\nb"),
        (r"\bfoo\B", "foo food"),
        ("(a?)(ab)?", "ab"),
        ("x{2,3}?y", "xxxy xxy"),
        ("[^a-c]+", "abcxyz"),
        ("(a+)+$", "aaab"),
        ("(?:(a)|b)*", "abab"),
    ],
)
def test_both_engines_agree(expression: str, text: str):
    pattern = compile_pattern(expression)
    program = linear.assemble(pattern.tree, pattern.groups)
    for start in range(len(text) + 1):
        assert linear.search(program, text, start) == Pattern(expression).search(text, start)


@pytest.mark.parametrize("expression", ["(a+)+$", "(a|a)*$", "(a*)*$", "a*a*a*a*a*a*a*b"])
def test_hostile_expressions_take_linear_time(expression: str):
    assert compile_pattern(expression).search("a" * 400 + "c") is None or expression.endswith("$")


@pytest.mark.parametrize(
    ("constraint", "version", "expected"),
    [
        ("^1.2.0", "1.3.0", True),
        ("^0.2.3", "0.3.0", False),
        ("^0.0.3", "0.0.4", False),
        ("^0.0", "0.0.9", True),
        ("~1.2", "1.2.9", True),
        ("~1", "1.9.0", True),
        ("~1.2.3", "1.3.0", False),
        ("1.x", "1.9", True),
        ("*", "2.0.0", True),
        ("*", "2.0.0-rc1", False),
        (">= 1.27.x", "1.37.0", True),
        (">=1.20-0", "v1.37.0-gke.1", True),
        (">1.19-0", "v1.19.5-gke.1", False),
        (">=1.0.0", "1.2.0-rc1", False),
        ("!=1.0", "1.0.1", False),
        ("!=1.0.0", "1.0.1-rc", True),
        ("1.2 - 1.4", "1.3.5", True),
        ("1.2 - 1.4.5", "1.4.6", False),
        (">1.0, <2.0 || 3.x", "3.1.0", True),
        (">=1.2 <1.4", "1.3", True),
        (">11", "11.1.0", False),
        ("<=11", "11.9.0", True),
        ("=1.2.3", "v1.2.3+build", True),
        (">1.2.3-alpha.9", "1.2.3-alpha.10", True),
        ("bad", "1.0.0", False),
        ("1.0", "bad", False),
    ],
)
def test_version_constraints(constraint: str, version: str, expected: bool):
    assert is_compatible_range(constraint, version) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{{ $v := semver `v1.2.3-rc.1+b` }}{{ $v.Major }}{{ $v.Minor }}{{ $v.Patch }} {{ $v.Prerelease }}"
            " {{ $v.Metadata }}",
            "123 rc.1 b",
        ),
        (
            "{{ semver `v1.2` }} {{ (semver `v1.2`).Original }} {{ (semver `1.2.3`).IncMinor }}"
            " {{ (semver `1.2.3-a`).IncPatch }}",
            "1.2.0 v1.2 1.3.0 1.2.3",
        ),
        ("{{ (semver `1.0.0`).LessThan (semver `1.0.1`) }} {{ typeOf (semver `1.0.0`).Major }}", "true uint64"),
    ],
)
def test_versions(text: str, expected: str):
    assert render(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ semver `x` }}", "invalid semantic version"),
        ("{{ semver `1.2.3-01` }}", "version segment starts with 0"),
        ("{{ semverCompare `bad` `1.0.0` }}", 'improper constraint: "bad"'),
    ],
)
def test_version_errors(text: str, message: str):
    assert failure(text).endswith(f": {message}")
