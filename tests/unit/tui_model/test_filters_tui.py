"""What can be typed after the slash."""

import pytest

from kubetui.model.filters import Candidate, parse

CELLS = {"NAME": "web-7d9-4xk", "STATUS": "CrashLoopBackOff"}
CANDIDATE = Candidate(
    {"app": "web", "tier": "front"}, lambda: "default web-7d9-4xk CrashLoopBackOff", CELLS.__getitem__
)


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("web", True),
        ("WEB", False),
        ("crash", True),
        ("^default", True),
        ("api|web", True),
        ("!web", False),
        ("!api", True),
        ("-l app=web", True),
        ("-l app=web,tier!=front", False),
        ("-l tier in (front,back)", True),
        ("-f wbxk", True),
        ("-f xkwb", False),
        ("STATUS:crash", True),
        ("NAME:crash", False),
        ("NAME:^web", True),
    ],
)
def test_filter(text, passes):
    found = parse(text)
    assert not found.error
    assert found.matches(CANDIDATE) is passes


@pytest.mark.parametrize("text", ["", "   "])
def test_nothing_typed_filters_nothing(text):
    assert not parse(text)


@pytest.mark.parametrize("text", ["[", "!(", "-l a==b==c", "NAME:["])
def test_what_cannot_be_read_says_so_and_hides_nothing(text):
    found = parse(text)
    assert found.error
    assert found.matches is None
