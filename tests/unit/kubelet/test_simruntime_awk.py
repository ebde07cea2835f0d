"""awk in the simulated shell."""

import pytest

from kubesim.kubelet.simruntime import sh, shell
from kubesim.kubelet.simruntime.machine import Surroundings

TEXT = "a 1 x\nb 22 y\nc 3 z\n"


def said(line: str) -> tuple[int, str]:
    timeline = sh.interpret(shell.literal(("sh", "-c", line)), Surroundings({}, {"/t": TEXT}))
    return timeline.code, "".join(event.text for event in timeline.events)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("wc -l /t | awk {'print $1'}", "3\n"),
        ("awk '{print $1, $NF}' /t", "a x\nb y\nc z\n"),
        ("awk '{print $1\"=\"$2}' /t", "a=1\nb=22\nc=3\n"),
        ("awk 'NR==2' /t", "b 22 y\n"),
        ("awk 'NR>1 {print NR \": \" $0}' /t", "2: b 22 y\n3: c 3 z\n"),
        ("awk '/^c/{print $3}' /t", "z\n"),
        ("awk '$2 > 2 {print $1}' /t", "b\nc\n"),
        ("awk '$1 == \"b\" {print $2}' /t", "22\n"),
        ("awk '{s+=$2} END {print s}' /t", "26\n"),
        ("awk 'END {print NR}' /t", "3\n"),
        ("awk 'BEGIN {print \"hi\"}'", "hi\n"),
        ("echo root:x:0 | awk -F: '{print $3}'", "0\n"),
        ("echo a,b | awk -F , '{print $2}'", "b\n"),
    ],
)
def test_lines_and_words(line: str, wanted: str):
    assert said(line) == (0, wanted)


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ("awk '{print $1' /t", 1, "awk: cmd. line:1: Unexpected token\n"),
        ("awk '{frob()}' /t", 1, "awk: cmd. line:1: Unexpected token\n"),
        ("awk '/[/{print}' /t", 1, "awk: cmd. line:1: Unexpected token\n"),
        ("awk '{print}' /none", 2, "awk: /none: No such file or directory\n"),
    ],
)
def test_mistakes(line: str, code: int, text: str):
    assert said(line) == (code, text)
