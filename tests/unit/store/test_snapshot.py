"""Snapshot files: round trip, damage, and pickles that try to do something else."""

import os
import pickle

import pytest

from kubesim.kernel.loop import Loop
from kubesim.store import snapshot


class Evil:
    def __reduce__(self):
        return os.system, ("true",)


class Reach:
    def __reduce__(self):
        return getattr, (Loop(0), "__class__")


def test_round_trip(tmp_path):
    file = tmp_path / "deep" / "cluster.snapshot"
    loop = Loop(42)
    loop.after(5, loop.mark)
    snapshot.write(file, loop)
    copy = snapshot.read(file)
    copy.run_until(100)
    assert (copy.now, copy.steps) == (100, 1)
    assert [path.name for path in file.parent.iterdir()] == ["cluster.snapshot"]


@pytest.mark.parametrize("graph", [Evil(), Reach()], ids=["os.system", "dunder"])
def test_foreign_code_is_refused(graph):
    with pytest.raises(snapshot.SnapshotError):
        snapshot.from_bytes(pickle.dumps(graph))


@pytest.mark.parametrize(
    "data", [b"", b"hello", snapshot.MAGIC, snapshot.MAGIC + b"x" * 50], ids=["empty", "text", "cut", "damaged"]
)
def test_damaged_files_say_so(tmp_path, data):
    file = tmp_path / "x"
    file.write_bytes(data)
    with pytest.raises(snapshot.SnapshotError):
        snapshot.read(file)
