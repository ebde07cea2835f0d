"""The list of port-forwards."""

from pathlib import Path

import pytest
from detail_double import EPOCH, PODS, SERVICES
from textual.app import App

import kubetui
from kubesim.objects.wire import Key
from kubetui.model.forwards import Endpoint, Forward, PortMapping
from kubetui.panes.forwards import ForwardList, table

STYLES = Path(kubetui.__file__).parent / "styles" / "detail.tcss"
GOOD = Forward(
    Key(SERVICES, "shop", "web"),
    PortMapping(8000, "8080"),
    8000,
    EPOCH,
    Endpoint("shop", "web-1", 8080),
    1,
    12,
    3400,
    1_200_000,
)
BAD = Forward(
    Key(PODS, "shop", "web-2"),
    PortMapping(0, "80"),
    40123,
    EPOCH,
    last_error="lost connection to pod web-2",
    connections=3,
)


class Host(App):
    CSS_PATH = [STYLES]  # noqa: RUF012

    def __init__(self):
        super().__init__()
        self.heard = []

    def compose(self):
        yield ForwardList()

    def on_forward_list_stop(self, event):
        self.heard.append(("stop", event.forward))

    def on_forward_list_copy(self, event):
        self.heard.append(("copy", event.forward))


def test_rows():
    lines = table([GOOD, BAD], EPOCH + 65_000)
    assert lines[0].split() == ["LOCAL", "OBJECT", "REMOTE", "POD", "CONN", "IN", "OUT", "AGE", "LAST", "ERROR"]
    assert lines[1].split()[:5] == ["F", "127.0.0.1:8000", "services/shop/web", "8080", "web-1:8080"]
    assert lines[1].split()[5:] == ["1/12", "3.3", "KiB", "1.1", "MiB", "65s", "-"]
    assert lines[2].startswith("!")
    assert lines[2].endswith("lost connection to pod web-2")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_keys(size):
    app = Host()
    async with app.run_test(size=size) as pilot:
        view = app.query_one(ForwardList)
        view.show([GOOD, BAD], EPOCH)
        view.focus()
        await pilot.press("ctrl+d", "j", "c", "j", "ctrl+d", "k")
        assert app.heard == [("stop", GOOD), ("copy", BAD), ("stop", BAD)]
        assert view.current is GOOD
        view.show([], EPOCH)
        await pilot.press("ctrl+d")
        assert len(app.heard) == 3
        assert view.lines[0].startswith("no port-forwards")
        assert view.border_title == "Port-forwards[0]"
