"""What Helm's screens look like: SVG snapshots; `make golden` rewrites them."""

import re

import pytest

from kubesim.cluster import DEFAULT_EPOCH_MS
from kubesim.scenario.description import read
from kubesim.scenario.loader import build, sample_folder
from kubetui.app import Explorer
from kubetui.client.local import LocalClient
from kubetui.model.helm.shelf import Origin
from kubetui.panes.helm.preview import Preview


def explorer(sample: str, namespace: str) -> Explorer:
    description = read(sample_folder() / sample)
    cluster = build(description, epoch_ms=DEFAULT_EPOCH_MS)
    cluster.advance(30_000)
    origins = tuple(Origin(*release[:5]) for release in description.releases)
    client = LocalClient(cluster, sample)
    return Explorer(client, namespace=namespace, folder=description.folder, releases=origins)


def typed(text: str, *keys: str, until: str):
    """Type a command and keys, then wait until a text is on the screen and nothing moves any more."""

    async def type_and_wait(pilot) -> None:
        letters = {" ": "space", "-": "minus", ".": "full_stop", "=": "equals_sign"}
        await pilot.press(":", *[letters.get(letter, letter) for letter in text], "enter")
        await pilot.pause(0.2)
        await pilot.press(*keys)
        previous = ""
        for _ in range(200):
            await pilot.pause(0.05)
            preview = pilot.app.screen
            if isinstance(preview, Preview) and preview.rehearsal is not None and preview.rehearsal.outcome is not None:
                # How long the machine took is another time each time.
                preview.rehearsal.wall = 0.1
                preview._show_prediction()
            shot = pilot.app.export_screenshot()
            if until in shot.replace("&#160;", " ") and shot == previous:
                return
            previous = shot
        pytest.fail(f"{until!r} did not come to rest on the screen:\n" + re.sub(r"<[^>]*>", " ", previous)[-3000:])

    return type_and_wait


def test_releases(snap_compare):
    app = explorer("shop", "")
    assert snap_compare(app, terminal_size=(120, 40), run_before=typed("helm", until="shop-1.2.0"))


@pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=["120x40", "80x24"])
def test_preview(snap_compare, size):
    app = explorer("shop", "shop-staging")
    command = "upgrade staging --set catalog.resources.requests.cpu=8 --set minAvailable=2"
    keys = typed("helm", until="shop-1.2.0")

    async def run(pilot) -> None:
        await keys(pilot)
        await typed(command, until="STALLS")(pilot)

    assert snap_compare(app, terminal_size=size, run_before=run)


def test_where_values_are_from(snap_compare):
    app = explorer("shop", "shop-staging")
    assert snap_compare(app, terminal_size=(120, 40), run_before=typed("helm", "W", until="INSTEAD OF"))
