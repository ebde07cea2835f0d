"""Whether a text matches at all: the same answers as from the engine that finds the place, in much less time."""

import random

import pytest

from kubesim.objects.regex import compile_pattern, linear
from kubesim.objects.regex.deciding import Decider

EXPRESSIONS = [
    "(a|ab)*c", "^(a|b)+$", r"(\ba+\b)*x", "(?m)^(a*)*$", r"(a\n?)+b$", r"\b(ab)*\B", "(a*)*", "(^a|b$)+",
    r"((a|\n)*)+$", "(?i)(A|b)+c", "(a+)+$", "([^a]|ab)*x",
]  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_both_engines_agree(expression: str):
    pattern = compile_pattern(expression)
    program = linear.assemble(pattern.tree, pattern.groups)
    decider, chance = Decider(program), random.Random(expression)
    for _ in range(500):
        text = "".join(chance.choice("abcx\n _") for _ in range(chance.randrange(9)))
        assert decider.matches(text) is (linear.search(program, text, 0) is not None), text


def test_a_long_text_that_would_take_python_forever():
    assert not compile_pattern("^(a+)+$").found_in("a" * 500_000 + "!")
    assert compile_pattern("^(a+)+$").found_in("a" * 500_000)


def test_more_states_than_are_remembered():
    chance = random.Random(1)
    text = "".join(chance.choice("ab") for _ in range(3_000))
    pattern = compile_pattern("(a|b)*a(a|b){11}z")
    assert not pattern.found_in(text)
    assert pattern.found_in(text + "a" * 12 + "z")
