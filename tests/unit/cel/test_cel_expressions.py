"""CEL expressions: values, Kubernetes' functions, errors in cel-go's words, costs."""

from typing import Any

import pytest

from kubesim.api.cel.library.authorizer import Asked, Authorizer
from kubesim.api.cel.program import CompileError, CostError, EvaluationError, Lazy, compiled

SELF = {
    "a": 2, "l": [1, 2, 3], "s": "abc", "m": {"x": 1, "y": 2}, "e": [], "o": [{"n": "a"}, {"n": "b"}], "foo-bar": 1,
}  # fmt: skip
VARIABLES = {"self": "dyn", "oldSelf": "dyn"}


def value(expression: str, **variables: Any) -> Any:
    return compiled(expression, VARIABLES).evaluate({"self": SELF, **variables})


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("self.a <= 3 && self.a <= 2.5", True),
        ("has(self.foo)", False),
        ("self.l.all(x, x > 0)", True),
        ("self.l.exists_one(x, x > 2)", True),
        ("self.l.filter(x, x > 1).map(x, x * 2)", [4, 6]),
        ("self.l.map(x, x > 1, x * 2)", [4, 6]),
        ("self.?foo.orValue(5)", 5),
        ("self[?'a'].orValue(1)", 2),
        ("[?self.?foo, 3]", [3]),
        ("optional.none().or(optional.of(1)).value()", 1),
        ("self.?x.?y.optMap(z, z + 1).hasValue()", False),
        ("self.m.transformMap(k, v, v + 1)", {"x": 2, "y": 3}),
        ("self.m.all(k, v, v > 0 && k != 'z')", True),
        ("self.l.transformList(i, v, i + v)", [1, 3, 5]),
        ("cel.bind(y, self.a, y * y)", 4),
        ("self.foo__dash__bar", 1),
        ("self.foo || true", True),
        ("self.foo && false", False),
        ("dyn(1) == 1.0 && dyn(1) != '1'", True),
        ("timestamp('2024-01-01T00:00:00Z') + duration('24h') == timestamp('2024-01-02T00:00:00Z')", True),
        ("duration('90m').getHours()", 1),
        ("-7 / 2 == -3 && -7 % 2 == -1", True),
        ("string(1.5) + string(true) + string(ip('1.2.3.4'))", "1.5true1.2.3.4"),
        ("'%s-%d-%.2f-%s'.format([self.s, self.a, 1.0, self.l])", "abc-2-1.00-[1, 2, 3]"),
        ("type(self.a) == int", True),
    ],
)
def test_values(expression: str, wanted: Any):
    assert value(expression) == wanted


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("self.l.sum() + self.l.max() + self.l.min()", 10),
        ("self.l.isSorted() && self.l.indexOf(2) == 1", True),
        ("self.s.indexOf('c') == 2 && self.s.lastIndexOf('a') == 0", True),
        ("self.s.find('b.')", "bc"),
        ("'a1b22'.findAll('[0-9]+')", ["1", "22"]),
        ("'A,b'.lowerAscii().split(',').join('-')", "a-b"),
        ("'hello'.substring(1, 3) + 'hello'.charAt(4) + 'ab'.reverse()", "eloba"),
        ("quantity('1Gi').isGreaterThan(quantity('500M'))", True),
        ("quantity('1500m').add(quantity('500m')).asInteger()", 2),
        ("isQuantity('1.5Gi') && !isQuantity('x')", True),
        ("cidr('10.0.0.0/8').containsIP('10.1.1.1') && cidr('10.0.0.0/8').containsCIDR('10.2.0.0/16')", True),
        ("ip('::1').family() == 6 && ip('::1').isLoopback()", True),
        ("url('https://a.b:80/x?y=1').getHost()", "a.b:80"),
        ("url('https://a.b:80/x?y=1&y=2').getQuery()", {"y": ["1", "2"]}),
        ("isURL('nothing')", False),
        ("semver('1.2.3').isLessThan(semver('1.10.0'))", True),
        ("semver('v1.2', true).minor()", 2),
        ("semver('1.0.0-rc.1').isLessThan(semver('1.0.0'))", True),
        ("format.dns1123Label().validate('A_').hasValue()", True),
        ("format.named('uuid').hasValue() && !format.named('x').hasValue()", True),
        ("sets.contains(self.l, [1]) && sets.intersects(self.l, [3, 9]) && sets.equivalent([1, 1], [1])", True),
    ],
)
def test_kubernetes_functions(expression: str, wanted: Any):
    assert value(expression) == wanted


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("self.foo", "no such key: foo"),
        ("self.l[7]", "index out of bounds: 7"),
        ("self.a / 0", "division by zero"),
        ("self.a % 0", "modulus by zero"),
        ("self.s + 1", "no such overload"),
        ("self.s > 1", "no such overload"),
        ("self.a && true", "no such overload"),
        ("self.a.startsWith('x')", "no such overload"),
        ("9223372036854775807 + self.a", "integer overflow"),
        ("self.e.min()", "min called on empty list"),
        ("optional.none().value()", "optional.none() dereference"),
        ("self.l.all(x, self.foo > x)", "no such key: foo"),
    ],
)
def test_errors(expression: str, text: str):
    with pytest.raises(EvaluationError) as caught:
        value(expression)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("self.a <", "ERROR: <input>:1:9: Syntax error: mismatched input '<EOF>'"),
        ("foo(self)", "ERROR: <input>:1:4: undeclared reference to 'foo' (in container '')\n | foo(self)\n | ...^"),
        ("1 + 'a'", "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'"),
        ("object.a", "undeclared reference to 'object'"),
    ],
)
def test_compile_errors(expression: str, text: str):
    with pytest.raises(CompileError) as caught:
        compiled(expression, VARIABLES)
    assert text in str(caught.value)


def test_costs_are_limited():
    program = compiled("self.l.all(x, self.l.all(y, x + y >= 0))", VARIABLES)
    assert program.evaluate({"self": {"l": list(range(100))}}) is True
    with pytest.raises(CostError, match="operation cancelled: actual cost limit exceeded"):
        program.evaluate({"self": {"l": list(range(1000))}})


def test_what_a_program_mentions():
    assert compiled("self.a == oldSelf.a || [1].exists(i, i == 1)", VARIABLES).names >= {"self", "oldSelf"}
    assert "oldSelf" not in compiled("self.oldSelf == 'oldSelf'", VARIABLES).names


def test_lazy_variables_are_worked_out_once_and_only_when_asked():
    asked: list[str] = []

    def work() -> int:
        asked.append("x")
        return 3

    types = {"variables": "map<string, dyn>", "self": "dyn"}
    variables = {"variables": {"n": Lazy(work)}, "self": True}
    assert compiled("self || variables.n > 1", types).evaluate(variables) is True
    assert asked == []
    assert compiled("variables.n > 1 && variables.n < 5", types).evaluate(variables) is True
    assert asked == ["x"]


def test_the_authorizer_is_asked():
    heard: list[Asked] = []

    def decide(asked: Asked) -> tuple[bool, str]:
        heard.append(asked)
        return asked.verb == "get", "because"

    types = {"authorizer": "kubernetes.authorization.Authorizer"}
    text = "authorizer.group('apps').resource('deployments').namespace('n').name('d').check('get').allowed()"
    assert compiled(text, types).evaluate({"authorizer": Authorizer(decide)}) is True
    assert heard == [Asked("get", "apps", "deployments", "", "n", "d")]
    other = "authorizer.serviceAccount('n', 'sa').path('/healthz').check('post').reason()"
    assert compiled(other, types).evaluate({"authorizer": Authorizer(decide)}) == "because"
    assert heard[1] == Asked("post", path="/healthz", account=("n", "sa"))
