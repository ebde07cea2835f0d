"""Numbers: arithmetic, comparisons, rounding, sequences and conversions."""

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from kubesim.helm.functions.casting import to_float, to_int, to_int64
from kubesim.helm.functions.faults import divide_by_zero
from kubesim.helm.template.errors import GoError
from kubesim.helm.template.execute.context import Context as Render
from kubesim.helm.template.formatting import text
from kubesim.helm.template.numbers import format_float, parse_int
from kubesim.helm.template.signatures import ANY, FLOAT64, INT, STRING, Function, function
from kubesim.helm.template.values import Int64, IntSlice, wrap64

_EXACT = Context(prec=2000, Emax=999999, Emin=-999999)
_DIVISION = Decimal("1e-16")


def atoi(value: str) -> int:
    """A decimal string as an int; 0 when malformed, the nearest int when out of range."""
    try:
        return parse_int(value)
    except GoError as error:
        if "out of range" not in str(error):
            return 0
        return -(2**63) if value.startswith("-") else 2**63 - 1


def add(*values: Any) -> Int64:
    """The sum."""
    return Int64(wrap64(sum(map(to_int, values))))


def add_one(value: Any) -> Int64:
    """The number and one."""
    return Int64(wrap64(to_int(value) + 1))


def subtract(one: Any, two: Any) -> Int64:
    """The difference."""
    return Int64(wrap64(to_int(one) - to_int(two)))


def divide(one: Any, two: Any) -> Int64:
    """The quotient, cut towards zero."""
    dividend, divisor = to_int(one), to_int(two)
    if divisor == 0:
        divide_by_zero()
    quotient = abs(dividend) // abs(divisor)
    return Int64(wrap64(quotient if (dividend < 0) == (divisor < 0) else -quotient))


def remainder(one: Any, two: Any) -> Int64:
    """The remainder, with the sign of the dividend."""
    dividend, divisor = to_int(one), to_int(two)
    if divisor == 0:
        divide_by_zero()
    rest = abs(dividend) % abs(divisor)
    return Int64(-rest if dividend < 0 else rest)


def multiply(first: Any, *others: Any) -> Int64:
    """The product."""
    product = to_int(first)
    for other in others:
        product = wrap64(product * to_int(other))
    return Int64(product)


def largest(first: Any, *others: Any) -> Int64:
    """The largest integer."""
    return Int64(max(map(to_int, (first, *others))))


def smallest(first: Any, *others: Any) -> Int64:
    """The smallest integer."""
    return Int64(min(map(to_int, (first, *others))))


def largest_float(first: Any, *others: Any) -> float:
    """The largest float."""
    return max(map(to_float, (first, *others)))


def smallest_float(first: Any, *others: Any) -> float:
    """The smallest float."""
    return min(map(to_float, (first, *others)))


def _decimal(value: Any) -> Decimal:
    number = to_float(value)
    if math.isnan(number) or math.isinf(number):
        raise GoError(f"Cannot create a Decimal from {format_float(number)}")
    return Decimal(repr(number))


def _folded(operation: Callable[[Decimal, Decimal], Decimal], first: Any, others: tuple[Any, ...]) -> float:
    result = _decimal(first)
    for other in others:
        result = operation(result, _decimal(other))
    return float(result)


def _quotient(one: Decimal, two: Decimal) -> Decimal:
    if two == 0:
        raise GoError("decimal division by 0")
    return _EXACT.divide(one, two).quantize(_DIVISION, rounding=ROUND_HALF_UP, context=_EXACT)


def add_floats(*values: Any) -> float:
    """The sum of floats."""
    return _folded(_EXACT.add, 0.0, values)


def add_one_float(value: Any) -> float:
    """The float and one."""
    return _folded(_EXACT.add, value, (1,))


def subtract_floats(first: Any, *others: Any) -> float:
    """The first less the others."""
    return _folded(_EXACT.subtract, first, others)


def divide_floats(first: Any, *others: Any) -> float:
    """The first divided by the others, to 16 decimal places."""
    return _folded(_quotient, first, others)


def multiply_floats(first: Any, *others: Any) -> float:
    """The product of floats."""
    return _folded(_EXACT.multiply, first, others)


def floor(value: Any) -> float:
    """The float rounded down."""
    number = to_float(value)
    return float(math.floor(number)) if math.isfinite(number) else number


def ceiling(value: Any) -> float:
    """The float rounded up."""
    number = to_float(value)
    return float(math.ceil(number)) if math.isfinite(number) else number


def rounded(value: Any, places: int, *threshold: float) -> float:
    """The float rounded to some places; fractions from the threshold (one half) go up."""
    number = to_float(value)
    power = math.pow(10, places) if abs(places) < 308 else math.inf
    digit = power * number
    if not math.isfinite(digit) or not power:
        return digit / power if power else math.nan
    up = math.fmod(digit, 1.0) >= (threshold[0] if threshold else 0.5)
    return (math.ceil(digit) if up else math.floor(digit)) / power


def octal(value: Any) -> Int64:
    """What a number's digits mean as octal; 0 when they are none."""
    try:
        return Int64(parse_int(text(value), 8))
    except GoError:
        return Int64(0)


def until_step(render: Render, start: int, stop: int, step: int) -> IntSlice:
    """The ints from start to before stop."""
    if (stop < start and step >= 0) or (stop >= start and step <= 0):
        return IntSlice()
    render.budget.spend(abs(stop - start) // abs(step))
    return IntSlice(range(start, stop, step))


def until(render: Render, count: int) -> IntSlice:
    """The ints from 0 to before a count."""
    return until_step(render, 0, count, -1 if count < 0 else 1)


def sequence(render: Render, *parameters: int) -> str:
    """The numbers that the command seq prints, on one line."""
    if len(parameters) == 1:
        end = parameters[0]
        step = 1 if end >= 1 else -1
        numbers = until_step(render, 1, end + step, step)
    elif len(parameters) == 2:
        start, end = parameters
        step = 1 if end >= start else -1
        numbers = until_step(render, start, end + step, step)
    elif len(parameters) == 3:
        start, step, end = parameters
        if end < start and step > 0:
            return ""
        numbers = until_step(render, start, end + (1 if end >= start else -1), step)
    else:
        return ""
    return " ".join(map(str, numbers))


def random_int(render: Render, low: int, high: int) -> int:
    """A random int from low to before high."""
    if high <= low:
        raise GoError("invalid argument to Intn")
    return render.sources.random.randrange(low, high)


FUNCTIONS: tuple[Function, ...] = (
    function("atoi", atoi, STRING),
    function("int", to_int, ANY),
    function("int64", to_int64, ANY),
    function("float64", to_float, ANY),
    function("toDecimal", octal, ANY),
    function("add", add, more=ANY),
    function("add1", add_one, ANY),
    function("sub", subtract, ANY, ANY),
    function("div", divide, ANY, ANY),
    function("mod", remainder, ANY, ANY),
    function("mul", multiply, ANY, more=ANY),
    function("max", largest, ANY, more=ANY),
    function("biggest", largest, ANY, more=ANY),
    function("min", smallest, ANY, more=ANY),
    function("maxf", largest_float, ANY, more=ANY),
    function("minf", smallest_float, ANY, more=ANY),
    function("addf", add_floats, more=ANY),
    function("add1f", add_one_float, ANY),
    function("subf", subtract_floats, ANY, more=ANY),
    function("divf", divide_floats, ANY, more=ANY),
    function("mulf", multiply_floats, ANY, more=ANY),
    function("floor", floor, ANY),
    function("ceil", ceiling, ANY),
    function("round", rounded, ANY, INT, more=FLOAT64),
    function("until", until, INT, context=True),
    function("untilStep", until_step, INT, INT, INT, context=True),
    function("seq", sequence, more=INT, context=True),
    function("randInt", random_int, INT, INT, context=True),
)
