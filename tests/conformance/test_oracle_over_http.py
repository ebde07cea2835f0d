"""The recorded transcripts of a real server, replayed over HTTP."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from conformance.served import Reply, Served
from kubesim.cluster import API_ONLY, Cluster, Settings
from oracle.known_differences import DIFFERENCES, OUT_OF_SCOPE
from oracle.transcripts import Difference, Step, cases, compare, filled

FILES = ("defaults", "validation", "patches", "tables", "lists", "watch", "subresources")


def steps_of(name: str, steps: list[Step]) -> list[Step]:
    return [] if name.startswith(tuple(OUT_OF_SCOPE)) else steps


CASES = {name: chosen for name, steps in cases(*FILES).items() if (chosen := steps_of(name, steps))}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings = Settings(name="oracle", epoch_ms=int(time.time()) * 1000, controllers=API_ONLY)
    found = Served(Cluster(settings), tmp_path_factory.mktemp("oracle"), speed=20)
    yield found
    found.stop()


def namespace(served: Served, name: str) -> None:
    created = served.send("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    assert created.status == 201, created.data
    for _ in range(200):
        if served.send("GET", f"/api/v1/namespaces/{name}/serviceaccounts/default").status == 200:
            return
        time.sleep(0.01)
    pytest.fail(f"no service account in {name}")


def parsed(reply: Reply, step: Step) -> Any:
    text = reply.data.decode("utf-8", "replace")
    if step.get("watch"):
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    try:
        return json.loads(text)
    except ValueError:
        return text


def answer(served: Served, step: Step, answers: dict[int, Any]) -> tuple[Reply, Any]:
    body = filled(step.get("body"), answers)
    data = None if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
    path = filled(step["path"], answers, in_path=True)
    if step.get("watch"):
        reply = served.watch(path, step.get("headers"))
        return reply, parsed(reply, step)
    reply = served.send(step["method"], path, data, step.get("headers"), step.get("token", "tok"))
    return reply, parsed(reply, step)


def differences_of(served: Served, steps: list[Step]) -> dict[int, Difference]:
    if steps[0].get("ns"):
        namespace(served, steps[0]["ns"])
    answers: dict[int, Any] = {}
    names: tuple[dict[str, str], dict[str, str]] = ({}, {})
    found: dict[int, Difference] = {}
    for step in steps:
        number = step["step"]
        end = time.monotonic() + min(step.get("retry", 0), 1)
        while True:
            try:
                reply, answers[number] = answer(served, step, answers)
            except (KeyError, IndexError, TypeError) as error:
                found[number] = Difference("$", "an earlier answer", repr(error))
                break
            different = compare(step, reply.status, answers[number], reply.warnings, names)
            if different is None or time.monotonic() > end:
                break
            time.sleep(0.05)
        if different is not None:
            found[number] = different
    return found


@pytest.mark.parametrize("name", CASES)
def test_answers_as_recorded(name: str, served: Served):
    found = differences_of(served, CASES[name])
    known = DIFFERENCES.get(name, {})
    unexpected = [f"step {step}: {different}" for step, different in found.items() if step not in known]
    assert not unexpected, "\n" + "\n".join(unexpected)
