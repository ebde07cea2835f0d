"""Turmoil: whatever is thrown at a cluster with every workload, it comes to rest as it should, and twice alike."""

import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from properties.turmoil import ACTIONS, Turmoil

TESTS = Path(__file__).parents[1]
LONG = """
import sys
sys.path[:0] = [{core!r}, {tests!r}]
from properties.turmoil import Turmoil
turmoil = Turmoil({seed})
for step in range({steps}):
    turmoil.act()
    if step % 100 == 99:
        turmoil.settle()
print(turmoil.cluster.digest())
"""


class TurmoilMachine(RuleBasedStateMachine):
    """Each rule does one thing with choices of its own; at quiet points everything is mended and checked."""

    @initialize(seed=st.integers(0, 2**16))
    def begin(self, seed: int) -> None:
        self.turmoil = Turmoil(seed)
        self.since = 0

    @rule(action=st.sampled_from(sorted(set(ACTIONS))), choice=st.integers(0, 2**16))
    def act(self, action: str, choice: int) -> None:
        self.turmoil.random = Random(choice)
        getattr(self.turmoil, action)()
        self.since += 1

    @rule(milliseconds=st.integers(1, 400_000))
    def jump(self, milliseconds: int) -> None:
        self.turmoil.cluster.advance(milliseconds)

    @rule()
    def settle(self) -> None:
        if self.since > 10:
            self.since = 0
            self.turmoil.settle()

    def teardown(self) -> None:
        self.turmoil.settle()


@pytest.mark.timeout(600)
def test_any_turmoil_comes_to_rest() -> None:
    chosen = settings(
        max_examples=8, stateful_step_count=80, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
    )
    run_state_machine_as_test(TurmoilMachine, settings=chosen)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_long_runs_are_alike(seed: int) -> None:
    """A thousand steps, in two processes whose hashes differ."""
    code = LONG.format(core=str(TESTS.parent / "core"), tests=str(TESTS), seed=seed, steps=1000)
    digests = []
    for hashes in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hashes},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        digests.append(done.stdout.strip())
    assert digests[0] == digests[1]
