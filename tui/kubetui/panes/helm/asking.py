"""Asks for what is to be installed: a name, a chart and a namespace."""

import shlex
from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Static

from kubetui.panes.dialogs.frame import Dialog


class Install(Dialog[str]):
    """Four fields; the result is the line that one would have typed after ``:install``."""

    TITLE_TEXT = "Install a chart"
    KEYS = "Tab next field · Enter preview · Esc cancel"
    WIDTH = "-wide"

    def __init__(self, charts: Sequence[str], namespace: str) -> None:
        super().__init__()
        self._charts = charts
        self._namespace = namespace

    def body(self) -> ComposeResult:
        """The fields."""
        yield Static("chart: a folder, an archive, or REPOSITORY/CHART", classes="dialog--label", markup=False)
        yield Input(self._charts[0] if self._charts else "", compact=True, id="install-chart")
        if self._charts:
            yield Static(f"beside this cluster: {', '.join(self._charts)}", classes="dialog--hint", markup=False)
        yield Static("name of the release", classes="dialog--label", markup=False)
        yield Input("", compact=True, id="install-name")
        yield Static("namespace", classes="dialog--label", markup=False)
        yield Input(self._namespace, compact=True, id="install-namespace")
        yield Static("values: -f FILE, --set KEY=VALUE", classes="dialog--label", markup=False)
        yield Input("", compact=True, id="install-flags")

    def on_mount(self) -> None:
        """Begin with the name when there is a chart to suggest."""
        super().on_mount()
        self.query_one("#install-name" if self._charts else "#install-chart").focus()

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Done, when name and chart are given."""
        event.stop()
        name, chart, namespace, flags = (
            self.query_one(f"#install-{field}", Input).value.strip()
            for field in ("name", "chart", "namespace", "flags")
        )
        missing = "chart" if not chart else "name" if not name else ""
        if missing:
            self.complain(f"the {missing} is missing")
            self.query_one(f"#install-{missing}").focus()
            return
        words = [name, chart, *(["-n", namespace] if namespace else [])]
        self.dismiss(f"{shlex.join(words)} {flags}".strip())
