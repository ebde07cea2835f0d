"""The drawer: one object in detail, with a tab for each way to look at it, kept fresh while it is open."""

from kubetui.panes.drawer.actions import DRAWER_ACTIONS
from kubetui.panes.drawer.drawer import Drawer

__all__ = ["DRAWER_ACTIONS", "Drawer"]
