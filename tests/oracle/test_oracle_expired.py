"""Replays the transcripts of a server whose history is compacted: 410 and its texts."""

from oracle.replaying import Replayer
from oracle.transcripts import cases, compare

COMPACT_AFTER = 9
"""The step after which the recorded server had compacted its history."""
SERVED_FROM_CACHE = 14
"""The recorded watch cache still had what etcd had not; here both are one log."""


def test_a_compacted_history_answers_as_recorded() -> None:
    replayer = Replayer()
    replayer.namespace("t-too-old")
    answers: dict[int, object] = {}
    for step in cases("too-old")["too-old"]:
        answer = replayer.answer(step, answers)
        answers[step["step"]] = answer.body
        if step["step"] == COMPACT_AFTER:
            replayer.store.compact(replayer.store.revision)
        if step["step"] == SERVED_FROM_CACHE:
            assert [event["type"] for event in answer.body] == ["ERROR"]
            continue
        different = compare(step, answer.status, answer.body, answer.warnings, ({}, {}))
        assert different is None, f"step {step['step']} {step['path']}: {different}"


def test_a_watch_after_a_restart_answers_as_recorded() -> None:
    replayer = Replayer()
    replayer.namespace("t-too-old")
    replayer.store.compact(replayer.store.revision)
    for step in cases("too-old")["too-old-watch"]:
        answer = replayer.answer(step, {})
        different = compare(step, answer.status, answer.body, answer.warnings, ({}, {}))
        assert different is None, f"step {step['step']} {step['path']}: {different}"
