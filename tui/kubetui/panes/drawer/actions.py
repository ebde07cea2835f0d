"""What can be done inside the drawer, in the words of the registry; the app's keymap and help take them up."""

from kubetui.keys import Action

GROUP = "Drawer"
TEXT = ("drawer",)
LOGS = ("drawer-logs",)
YAML = ("drawer-yaml",)

DRAWER_ACTIONS: tuple[Action, ...] = (
    Action(
        "drawer-close", ("Esc", "q"), "", "close", "Close; ends the search and the full screen first", TEXT, GROUP, 990
    ),
    Action("drawer-describe", ("d",), "", "describe", "Describe", TEXT, GROUP),
    Action("drawer-yaml", ("y",), "", "yaml", "YAML", TEXT, GROUP),
    Action("drawer-logs", ("l",), "", "logs", "Logs", TEXT, GROUP),
    Action("drawer-events", ("E",), "", "events", "Events", TEXT, GROUP),
    Action("drawer-why", ("W",), "", "why", "Why is it so?", TEXT, GROUP),
    Action("drawer-xray", ("x",), "", "xray", "What it hangs together with", TEXT, GROUP),
    Action("drawer-history", ("H",), "", "history", "Its pods, revisions and writes", TEXT, GROUP),
    Action("drawer-diff", ("D",), "", "diff", "What changed, and who wrote it", TEXT, GROUP),
    Action("drawer-older", ("[",), "", "older", "Compare with an older version", ("drawer-diff",), GROUP, 45),
    Action("drawer-newer", ("]",), "", "newer", "Compare with a newer version", ("drawer-diff",), GROUP, 46),
    Action("drawer-next-tab", ("Tab",), "", "next tab", "Next tab", TEXT, GROUP, 30),
    Action("drawer-previous-tab", ("Shift-Tab",), "", "previous tab", "Previous tab", TEXT, GROUP),
    Action("drawer-full", ("f",), "", "full screen", "Full screen and back", TEXT, GROUP, 20),
    Action("drawer-search", ("/",), "", "search", "Search (a regular expression)", TEXT, GROUP, 40),
    Action("drawer-next-match", ("n",), "", "next match", "Next match", TEXT, GROUP),
    Action("drawer-previous-match", ("N",), "", "previous match", "Previous match", TEXT, GROUP),
    Action("drawer-copy", ("c",), "", "copy", "Copy the whole text", TEXT, GROUP, 60),
    Action("drawer-save", ("Ctrl-S",), "", "save", "Write the whole text to a file", TEXT, GROUP),
    Action("drawer-wrap", ("w",), "", "wrap", "Wrap long lines", TEXT, GROUP, 70),
    Action("drawer-refresh", ("r",), "", "refresh", "Read everything again", TEXT, GROUP),
    Action("drawer-edit", ("e",), "", "edit", "Edit the object", TEXT, GROUP, 65),
    Action("drawer-managed", ("m",), "", "managed fields", "Show or hide managedFields", YAML, GROUP, 50),
    Action("drawer-decode", ("x",), "", "decode", "Show or hide a secret's values", YAML, GROUP, 51),
    Action("logs-filter", ("/",), "", "filter", "Only lines that match; !text: that do not", LOGS, "Logs", 40),
    Action("logs-follow", ("s",), "", "autoscroll", "Follow new lines", LOGS, "Logs", 41),
    Action("logs-times", ("t",), "", "times", "Show or hide timestamps", LOGS, "Logs", 42),
    Action("logs-before", ("p",), "", "previous", "Logs of the container before its last restart", LOGS, "Logs", 43),
    Action("logs-all", ("a",), "", "all containers", "All containers, or the first only", LOGS, "Logs", 44),
    Action("logs-mark", ("m",), "", "mark", "Draw a line under what is there", LOGS, "Logs"),
    Action("logs-clear", ("C",), "", "clear", "Forget what is shown", LOGS, "Logs"),
)

RANGES: tuple[tuple[str, str, int], ...] = (
    ("0", "tail", 0),
    ("1", "head", -1),
    ("2", "1m", 60_000),
    ("3", "5m", 300_000),
    ("4", "15m", 900_000),
    ("5", "30m", 1_800_000),
    ("6", "1h", 3_600_000),
)
"""The digit keys of logs: key, label, milliseconds back from now (0: everything and follow, -1: from the start)."""
