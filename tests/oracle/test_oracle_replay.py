"""Replays the recorded transcripts against the server in this process, one test a case."""

import json

import pytest

from oracle.known_differences import DIFFERENCES, HTTP_ONLY, OUT_OF_SCOPE
from oracle.replaying import Replayer, is_covered
from oracle.transcripts import Difference, Step, cases, compare

FILES = ("defaults", "validation", "patches", "tables", "lists", "watch", "subresources")


def covered() -> dict[str, list[Step]]:
    found = {}
    for name, steps in cases(*FILES).items():
        chosen = [step for step in steps if is_covered(step)]
        if chosen and not name.startswith((*OUT_OF_SCOPE, *HTTP_ONLY)):
            found[name] = chosen
    return found


CASES = covered()


DEFINITION = cases("defaults")["def-crd"][0]
"""The custom resource that several cases use."""


def differences_of(steps: list[Step]) -> dict[int, Difference]:
    replayer = Replayer()
    if steps[0].get("ns"):
        replayer.namespace(steps[0]["ns"])
    if any("/apis/t.example.com/" in step["path"] for step in steps):
        replayer.answer(DEFINITION, {})
    answers: dict[int, object] = {}
    names: tuple[dict[str, str], dict[str, str]] = ({}, {})
    found: dict[int, Difference] = {}
    for step in steps:
        for _ in range(1 + 2 * step.get("retry", 0)):
            try:
                answer = replayer.answer(step, answers)
            except (KeyError, IndexError, TypeError) as error:
                found[step["step"]] = Difference("$", "an earlier answer", repr(error))
                break
            answers[step["step"]] = answer.body
            different = compare(step, answer.status, answer.body, answer.warnings, names)
            if not different:
                found.pop(step["step"], None)
                break
            found[step["step"]] = different
            replayer.wait(500)
    return found


@pytest.mark.parametrize("name", CASES)
def test_answers_as_recorded(name: str) -> None:
    steps = CASES[name]
    found = differences_of(steps)
    known = DIFFERENCES.get(name, {})
    unexpected = [
        f"step {step['step']} {step['method']} {step['path']} {json.dumps(step.get('body'))[:300]}\n"
        f"    {found[step['step']]}"
        for step in steps
        if step["step"] in found and step["step"] not in known
    ]
    assert not unexpected, "\n" + "\n".join(unexpected)
    cured = [number for number in known if number not in found]
    assert not cured, f"steps {cured} of {name} agree now: remove them from known_differences.py"


def test_every_known_difference_is_replayed() -> None:
    numbers = {name: {step["step"] for step in steps} for name, steps in CASES.items()}
    assert not [
        f"{name}#{step}"
        for name, steps in DIFFERENCES.items()
        if name not in HTTP_ONLY
        for step in steps
        if step not in numbers.get(name, ())
    ]
