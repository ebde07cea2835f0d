"""Carries out the actions of the drawer by their ids."""

from pathlib import Path
from typing import TYPE_CHECKING

from kubetui.panes.drawer import contents

if TYPE_CHECKING:
    from kubetui.panes.drawer.drawer import Drawer

SUFFIXES = {"yaml": "yaml", "logs": "log"}
"""How the files of some tabs end."""


async def act(drawer: "Drawer", action: str) -> None:
    """Carry out one of DRAWER_ACTIONS."""
    tab = action.removeprefix("drawer-")
    if tab in contents.TABS:
        drawer.choose(tab)
    elif action in ("drawer-next-tab", "drawer-previous-tab"):
        drawer.choose_next(1 if action == "drawer-next-tab" else -1)
    elif action in ("drawer-older", "drawer-newer"):
        drawer.back = drawer.back + (1 if action == "drawer-older" else -1)
    elif action.startswith("logs-"):
        await _on_logs(drawer, action)
    elif action in ("drawer-close", "drawer-full"):
        _on_drawer(drawer, action)
    elif action in ("drawer-refresh", "drawer-edit", "drawer-managed", "drawer-decode"):
        await _on_object(drawer, action)
    else:
        _on_text(drawer, action)
    drawer.paint()


def _on_drawer(drawer: "Drawer", action: str) -> None:
    if action == "drawer-close" and (drawer.view.searching or drawer.log_view.filter):
        drawer.look_for("")
    elif action == "drawer-close" and not drawer.full:
        drawer.post_message(drawer.Closed())
    else:
        drawer.full = not drawer.full
        drawer.post_message(drawer.FullScreen(full=drawer.full))


def _on_text(drawer: "Drawer", action: str) -> None:
    view = drawer.view
    if action == "drawer-search":
        drawer.begin_search()
    elif action in ("drawer-next-match", "drawer-previous-match"):
        view.next_match(1 if action == "drawer-next-match" else -1)
    elif action == "drawer-copy":
        drawer.app.copy_to_clipboard("\n".join(view.lines))
        drawer.app.notify(f"{len(view.lines)} lines copied")
    elif action == "drawer-save":
        _save(drawer)
    elif action == "drawer-wrap":
        view.wrap = not view.wrap


def _save(drawer: "Drawer") -> None:
    detail = drawer.detail
    if detail is None:
        return
    key = detail.key
    place = "-".join(part for part in (key.gvr.resource, key.namespace, key.name) if part)
    path = Path(f"{place}.{SUFFIXES.get(drawer.tab, f'{drawer.tab}.txt')}")
    try:
        path.write_text("\n".join(drawer.view.lines) + "\n", encoding="utf-8")
    except OSError as error:
        drawer.app.notify(f"cannot write {path}: {error.strerror}", severity="error", markup=False)
        return
    drawer.app.notify(f"{len(drawer.view.lines)} lines written to {path}", markup=False)


async def _on_object(drawer: "Drawer", action: str) -> None:
    detail = drawer.detail
    if detail is None:
        return
    if action == "drawer-refresh":
        await detail.read()
    elif action == "drawer-edit":
        drawer.post_message(drawer.EditRequested(detail.key))
    elif action == "drawer-managed":
        drawer.how = drawer.how._replace(managed_fields=not drawer.how.managed_fields)
    elif action == "drawer-decode":
        drawer.how = drawer.how._replace(reveal=not drawer.how.reveal)


async def _on_logs(drawer: "Drawer", action: str) -> None:
    log = drawer.log_view
    if action == "logs-filter":
        drawer.begin_search()
    elif action == "logs-follow":
        log.follow = not log.follow
    elif action == "logs-times":
        log.toggle_times()
    elif action == "logs-before":
        await log.toggle_previous()
    elif action == "logs-all":
        await log.toggle_all()
    elif action == "logs-mark":
        log.mark()
    elif action == "logs-clear":
        log.clear()
