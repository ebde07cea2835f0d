"""What the screens look like: SVG snapshots of a paused cluster; `make golden` rewrites them."""

import pytest

from kubesim.cluster import DEFAULT_EPOCH_MS
from kubesim.scenario.description import read
from kubesim.scenario.loader import build, sample_folder
from kubetui.app import Explorer
from kubetui.client.local import LocalClient


def explorer(sample: str, seconds: int, namespace: str) -> Explorer:
    cluster = build(read(sample_folder() / sample), epoch_ms=DEFAULT_EPOCH_MS)
    cluster.advance(seconds * 1000)
    return Explorer(LocalClient(cluster, sample), namespace=namespace)


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (200, 60)], ids=["120x40", "80x24", "200x60"])
def test_home(snap_compare, size):
    assert snap_compare(explorer("hello", 30, "default"), terminal_size=size)


def test_broken(snap_compare):
    assert snap_compare(explorer("broken", 120, "broken"), terminal_size=(120, 40))


def test_why_a_pod_is_pending(snap_compare):
    keys = ["/", *"too-big", "enter", "W"]
    assert snap_compare(explorer("broken", 60, "broken"), terminal_size=(120, 40), press=keys)


def test_help(snap_compare):
    assert snap_compare(explorer("hello", 30, "default"), terminal_size=(120, 40), press=["question_mark"])


def test_scale_dialog(snap_compare):
    keys = [":", *"deploy", "enter", "s"]
    assert snap_compare(explorer("hello", 30, "default"), terminal_size=(120, 40), press=keys)
