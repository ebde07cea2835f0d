"""One scenario, one seed, one history: in two processes, in a fork, after save and load."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kubesim.cluster import DEFAULT_EPOCH_MS, Cluster
from kubesim.objects.wire import DEPLOYMENTS, Key, Request
from kubesim.scenario.description import read
from kubesim.scenario.loader import build, sample_folder

ROOT = Path(__file__).resolve().parent.parent.parent


def run(seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT / 'core'}:{ROOT / 'tui'}"}
    script = str(ROOT / "tests" / "scenarios" / "digest.py")
    done = subprocess.run(
        [sys.executable, script, "hello", "broken", "zones"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_two_processes_with_different_hash_seeds_agree():
    first, second = run("1"), run("4242")
    assert first == second
    assert len(set(first.splitlines())) == 24


@pytest.fixture(scope="module")
def shop() -> Cluster:
    cluster = build(read(sample_folder() / "shop"), epoch_ms=DEFAULT_EPOCH_MS)
    cluster.advance(4_000)
    return cluster


def go_on(cluster: Cluster) -> str:
    key = Key(DEPLOYMENTS, "shop", "catalog")
    body = {"spec": {"replicas": 7}}
    request = Request("patch", key, body=body, content_type="application/merge-patch+json")
    assert cluster.handle(request).code == 200
    cluster.advance(90_000)
    return cluster.digest()


def test_a_fork_goes_on_identically_and_leaves_the_original_alone(shop):
    before = shop.digest()
    one, other = shop.fork(), shop.fork()
    assert go_on(one) == go_on(other)
    assert shop.digest() == before
    assert one.digest() != before


def test_the_original_goes_on_as_its_fork_does(shop):
    original = shop.fork()
    original.advance(1_000)
    fork = original.fork()
    assert go_on(original) == go_on(fork)


def test_a_saved_cluster_goes_on_identically(shop, tmp_path):
    file = tmp_path / "shop.snapshot"
    shop.save(file)
    assert go_on(Cluster.load(file)) == go_on(shop.fork())


def test_saving_in_the_middle_of_a_slice(shop):
    fork = shop.fork()
    for _ in range(50):
        fork.loop.run_one()
    assert go_on(fork.fork()) == go_on(fork)


def test_another_seed_is_another_history():
    digests = set()
    for seed in (1, 2):
        cluster = build(read(sample_folder() / "hello"), epoch_ms=DEFAULT_EPOCH_MS, seed=seed)
        cluster.advance(30_000)
        digests.add(cluster.digest())
    assert len(digests) == 2
