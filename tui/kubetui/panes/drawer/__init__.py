"""The drawer: one object in detail, with a tab for each way to look at it, kept fresh while it is open.

``drawer.Drawer`` is the widget; ``actions.DRAWER_ACTIONS`` are its keys; ``text.TextView`` shows any long text.
"""
