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


def typed(*keys: str, until: str = ""):
    """Type the keys, then wait until a text is on the screen and nothing moves any more."""

    async def type_and_wait(pilot) -> None:
        await pilot.press(*keys)
        previous = ""
        for _ in range(200):
            await pilot.pause(0.05)
            shot = pilot.app.export_screenshot()
            words = shot.replace("&#160;", " ")
            if until in words and shot == previous:
                return
            previous = shot
        pytest.fail(f"{until!r} did not come to rest on the screen")

    return type_and_wait


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (200, 60)], ids=["120x40", "80x24", "200x60"])
def test_home(snap_compare, size):
    assert snap_compare(explorer("hello", 30, "default"), terminal_size=size, run_before=typed(until="hello"))


def test_broken(snap_compare):
    app = explorer("broken", 120, "broken")
    assert snap_compare(app, terminal_size=(120, 40), run_before=typed(until="CrashLoopBackOff"))


def test_help(snap_compare):
    assert snap_compare(
        explorer("hello", 30, "default"), terminal_size=(120, 40), run_before=typed("question_mark", until="Keys")
    )


def test_scale_dialog(snap_compare):
    keys = typed(":", *"deploy", "enter", "s", until="replicas now")
    assert snap_compare(explorer("hello", 30, "default"), terminal_size=(120, 40), run_before=keys)
