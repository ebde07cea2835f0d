"""The one registry of actions: id, key, command, label and help; footer, help, palette and docs are made from it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from kubesim.objects.wire import Gvr


class Action(NamedTuple):
    """Something the person can do.

    ``keys`` are written as the help shows them (``Ctrl-D``, ``Shift-Tab``, ``F``, ``;``). ``contexts`` say where they
    work; an action of a narrow context (``nodes``) hides one of a wide context (``table``) on the same key.
    ``rank`` orders the footer, 0 keeps the action out of it.
    """

    id: str
    keys: tuple[str, ...]
    command: str
    label: str
    help: str
    contexts: tuple[str, ...] = ("anywhere",)
    group: str = "General"
    rank: int = 0


_WORKLOADS = ("deployments", "statefulsets", "daemonsets", "replicasets", "replicationcontrollers", "jobs")
_LOGGED = (*_WORKLOADS, "pods", "services", "containers")
_SCALABLE = ("deployments", "statefulsets", "replicasets", "replicationcontrollers", "scalable")
_FORWARDED = (*_WORKLOADS, "pods", "services", "containers")
_TEMPLATED = ("deployments", "statefulsets", "daemonsets")
_TRACED = ("pods", "services", "ingresses", "networkpolicies", "endpointslices")
_USED = ("configmaps", "secrets", "persistentvolumeclaims", "serviceaccounts", "priorityclasses")
_BEFORE = (*_WORKLOADS, "pods", "containers")
_INSIDE = ("pods", "containers")
_N = ("nodes",)
_R = ("releases",)
_RR = ("releases", "revisions")
_RM = ("releases", "resources")
_RRR = ("releases", "revisions", "resources")

ACTIONS: tuple[Action, ...] = (
    # -------------------------------------------------------------- general
    Action("command", (":",), "", "cmd", "Command line", rank=900),
    Action("filter", ("/",), "filter", "filter", "Filter the table", ("table",), rank=910),
    Action("help", ("?",), "help", "help", "All keys of this view", rank=990),
    Action("palette", ("Ctrl-P",), "palette", "palette", "Search all actions"),
    Action("back", ("Esc", "q"), "leave", "back", "Back; clears the filter first"),
    Action("quit", ("Ctrl-C",), "q", "quit", "Quit (asks first; once more quits at once)"),
    Action("redraw", ("Ctrl-R",), "redraw", "redraw", "Read the table again"),
    Action("header", ("Ctrl-E",), "header", "header", "Hide or show the header"),
    Action("crumbs", ("Ctrl-G",), "crumbs", "crumbs", "Hide or show the breadcrumbs"),
    Action("api", (), "api", "api", "Show the KUBECONFIG line for kubectl and helm"),
    Action("shell", ("!",), "shell", "shell", "A shell in which kubectl and helm drive this cluster"),
    Action("aliases", ("Ctrl-A",), "aliases", "aliases", "All resources and their short names"),
    Action("context", (), "context", "context", "Another context of the kubeconfig; without a name a list"),
    Action("theme", (), "theme", "theme", "Choose a colour theme"),
    # -------------------------------------------------------------- moving about
    Action("drill", ("Enter",), "open", "view", "Open: children, or the details", ("table",), "Move"),
    Action("next-pane", ("Tab",), "next-pane", "pane", "Next pane", ("anywhere",), "Move"),
    Action("previous-pane", ("Shift-Tab",), "previous-pane", "pane", "Previous pane", ("anywhere",), "Move"),
    Action("home", ("`",), "home", "home", "Home, and back to the last browser", ("anywhere",), "Move"),
    Action("history-back", ("[",), "previous-view", "back", "Back in the history of views", ("anywhere",), "Move"),
    Action("history-forward", ("]",), "next-view", "forward", "Forward in the history of views", ("anywhere",), "Move"),
    Action("last-view", ("-",), "last-view", "last", "The view before this one", ("anywhere",), "Move"),
    Action("zoom", ("+",), "zoom", "zoom", "Enlarge the pane", ("home",), "Move", 820),
    Action("unzoom", ("_",), "unzoom", "restore", "Restore the pane", ("home",), "Move"),
    Action("link", ("=",), "link", "link", "Link the panes: the selection filters the others", ("home",), "Move", 825),
    Action("namespace", (), "ns", "ns", "Choose a namespace; without a name a list", ("anywhere",), "Move"),
    Action("owner", ("J",), "owner", "owner", "Go to the owner", ("table",), "Move"),
    Action("node", ("o",), "go-node", "node", "Go to the node", ("pods", "containers"), "Move"),
    Action(
        "object", ("o",), "go-object", "object", "Go to the object that the event is about", ("events",), "Move", 110
    ),
    Action("replicasets", ("z",), "go-replicasets", "replicasets", "Its ReplicaSets", ("deployments",), "Move"),
    # -------------------------------------------------------------- motion in a table
    Action("down", ("j", "Down"), "down", "down", "Next row", ("table",), "Move"),
    Action("up", ("k", "Up"), "up", "up", "Previous row", ("table",), "Move"),
    Action("page-down", ("Ctrl-F", "PgDn"), "page-down", "page", "A page down", ("table",), "Move"),
    Action("page-up", ("Ctrl-B", "PgUp"), "page-up", "page", "A page up", ("table",), "Move"),
    Action("first", ("g", "Home"), "first", "first", "First row", ("table",), "Move"),
    Action("last", ("G", "End"), "last", "last", "Last row", ("table",), "Move"),
    Action("left", ("h", "Left"), "left", "left", "Scroll to the left", ("table",), "Move"),
    Action("right", ("Right",), "right", "right", "Scroll to the right", ("table",), "Move"),
    # -------------------------------------------------------------- table
    Action("mark", ("Space",), "select", "mark", "Mark or unmark the row", ("table",), "Table"),
    Action(
        "mark-range",
        ("Ctrl-Space",),
        "select-range",
        "mark range",
        "Mark from the last mark to here",
        ("table",),
        "Table",
    ),
    Action("clear-marks", ("Ctrl-\\",), "unmark", "unmark", "Clear all marks", ("table",), "Table"),
    Action("clear-filter", ("Ctrl-U", "Ctrl-Q"), "clear", "clear filter", "Clear the filter", ("table",), "Table"),
    Action("wide", ("Ctrl-W",), "wide", "wide", "More columns", ("table",), "Table"),
    Action("faults", ("Ctrl-Z",), "faults", "faults", "Only rows in trouble", ("table",), "Table"),
    Action("sort-next", ("Shift-Right",), "sort-next", "sort", "Sort by the next column", ("table",), "Table"),
    Action("sort-previous", ("Shift-Left",), "sort-previous", "sort", "Sort by the column before", ("table",), "Table"),
    Action("sort-reverse", ("O",), "reverse", "reverse", "Turn the order around", ("table",), "Table"),
    Action("sort-name", ("N",), "sort", "by name", "Sort by name, or by the column named", ("table",), "Table"),
    Action("sort-age", ("A",), "sort-age", "by age", "Sort by age", ("table",), "Table"),
    Action("sort-status", ("S",), "sort-status", "by status", "Sort by status", ("table",), "Table"),
    Action("sort-namespace", ("P",), "sort-namespace", "by ns", "Sort by namespace", ("table",), "Table"),
    Action("sort-node", ("O",), "sort-node", "by node", "Sort by node", ("pods",), "Table"),
    Action("sort-cpu", ("C",), "sort-cpu", "by cpu", "Sort by CPU", ("pods", "nodes"), "Table"),
    Action("sort-memory", ("M",), "sort-memory", "by memory", "Sort by memory", ("pods", "nodes"), "Table"),
    Action("copy-name", ("c",), "copy", "copy", "Copy the name", ("table",), "Table"),
    Action("copy-namespace", ("n",), "copy-namespace", "copy ns", "Copy the namespace", ("table",), "Table"),
    Action("save", ("Ctrl-S",), "dump", "save", "Write the table to a file", ("table",), "Table"),
    # -------------------------------------------------------------- the object
    Action("describe", ("d",), "describe", "desc", "Describe the object", ("table",), "Object", 200),
    Action("yaml", ("y",), "yaml", "yaml", "Show it as YAML", ("table",), "Object", 210),
    Action(
        "edit",
        ("e",),
        "edit",
        "edit",
        "Edit it; shows the difference before anything is sent",
        ("table",),
        "Object",
        220,
    ),
    Action("logs", ("l",), "logs", "logs", "Logs", _LOGGED, "Object", 190),
    Action("logs-previous", ("p",), "previous-logs", "prev logs", "Logs of the previous container", _BEFORE, "Object"),
    Action("events-of", ("E",), "events-of", "events", "Events of this object", ("table",), "Object", 260),
    Action(
        "history", ("H",), "timeline", "history", "Its pods over time, revisions, writes", ("table",), "Object", 270
    ),
    Action("diff", ("D",), "diff", "diff", "What changed on it, and who wrote it", ("table",), "Object", 280),
    Action(
        "xray", ("x",), "xray", "xray", "What it hangs together with; or all of a RESOURCE", ("table",), "Object", 265
    ),
    Action("why", ("W",), "why", "why", "Why is it so?", ("table",), "Object", 240),
    Action(
        "delete", ("Ctrl-D",), "delete", "delete", "Delete the object or the marked ones", ("table",), "Object", 400
    ),
    Action("kill", ("Ctrl-K",), "kill", "kill", "Delete at once, without grace", ("pods",), "Object"),
    Action("evict", ("Ctrl-V",), "evict", "evict", "Evict the pod; respects disruption budgets", ("pods",), "Object"),
    Action("scale", ("s",), "scale", "scale", "Change the number of replicas", _SCALABLE, "Object", 180),
    Action("scale-up", ("Alt-Up",), "scale-up", "+1", "One replica more", _SCALABLE, "Object"),
    Action("scale-down", ("Alt-Down",), "scale-down", "-1", "One replica less", _SCALABLE, "Object"),
    Action("restart", ("r",), "restart", "restart", "Restart the rollout", _TEMPLATED, "Object", 185),
    Action("set-image", ("i",), "image", "image", "Change a container's image", (*_TEMPLATED, "pods"), "Object"),
    Action(
        "rollback",
        ("Ctrl-L",),
        "rollback",
        "rollback",
        "Roll back to this ReplicaSet, or a revision",
        ("replicasets", "deployments"),
        "Object",
    ),
    Action("trigger", ("t",), "trigger", "trigger", "Run the CronJob now", ("cronjobs",), "Object", 180),
    Action("suspend", ("s",), "suspend", "suspend", "Suspend or resume the CronJob", ("cronjobs",), "Object", 185),
    Action("exec", ("s",), "exec", "shell", "A shell in the container, or one COMMAND", _INSIDE, "Object", 192),
    Action("attach", ("a",), "attach", "attach", "What the container writes from now on", _INSIDE, "Object"),
    Action("transfer", ("t",), "cp", "copy files", "Copy files: FROM TO, one of them :PATH", _INSIDE, "Object"),
    Action("sanitize", ("z",), "sanitize", "sanitize", "Delete all pods here that have ended", ("pods",), "Object"),
    Action("used-by", ("u",), "used-by", "used by", "The pods that use it", _USED, "Object", 181),
    Action("decode", ("x",), "decode", "decode", "Show the secret's values", ("secrets",), "Object", 180),
    Action("use-namespace", ("u",), "use", "use", "Make it the namespace of all views", ("namespaces",), "Object", 180),
    Action("forward", ("F",), "forward", "fwd", "Forward a local port to it", _FORWARDED, "Object", 230),
    Action("forwards", ("f",), "pf", "forwards", "The port-forwards that are open", _FORWARDED, "Object"),
    Action("apply", (), "apply", "apply", "Apply manifests: a FILE or a folder", group="Object"),
    # -------------------------------------------------------------- nodes
    Action("cordon", ("c",), "cordon", "cordon", "Schedule nothing more on the node", ("nodes",), "Nodes", 180),
    Action(
        "uncordon", ("u",), "uncordon", "uncordon", "Let pods be scheduled on the node again", ("nodes",), "Nodes", 182
    ),
    Action("node-shell", ("s",), "node-shell", "shell", "A shell on the node, in a privileged pod", _N, "Nodes", 186),
    Action("drain", ("r",), "drain", "drain", "Evict the node's pods", ("nodes",), "Nodes", 184),
    # -------------------------------------------------------------- Helm
    Action("helm", (), "helm", "helm", "Helm releases; helm install NAME CHART installs one", group="Helm"),
    Action("helm-edit", ("e",), "edit-values", "edit", "Edit its values; previews the change", _R, "Helm", 180),
    Action("helm-values", ("v",), "values", "values", "Its values: given ones, all, where from", _RRR, "Helm", 190),
    Action("helm-manifest", ("y",), "manifest", "manifest", "Its manifest", _RR, "Helm", 200),
    Action("helm-notes", ("d",), "notes", "notes", "Its status, description and notes", _RR, "Helm", 210),
    Action("helm-origin", ("W",), "provenance", "where from", "Which file or flag set each value", _RR, "Helm", 220),
    Action("helm-history", ("H",), "history", "history", "Its revisions", _RM, "Helm", 230),
    Action("helm-rollback", ("r",), "helm-rollback", "rollback", "Roll back; previews the change", _RR, "Helm", 240),
    Action("helm-compare", ("D",), "compare", "diff", "Compare the two marked revisions", ("revisions",), "Helm", 180),
    Action("helm-upgrade", ("u",), "upgrade", "upgrade", "Upgrade from its files; previews it", _R, "Helm", 250),
    Action("helm-install", ("i",), "install", "install", "Install a chart: NAME CHART", ("releases",), "Helm", 260),
    Action("helm-uninstall", ("Ctrl-D",), "uninstall", "uninstall", "Uninstall the release", _R, "Helm", 400),
    # -------------------------------------------------------------- network
    Action("trace", ("T",), "trace", "trace", "Follow a connection hop by hop: FROM TO:PORT", _TRACED, "Network"),
    Action("load", ("b",), "load", "load", "Traffic on a Service: [SERVICE] RPS, or off", ("services",), "Network"),
    # -------------------------------------------------------------- chaos and undo
    Action(
        "chaos",
        ("X",),
        "chaos",
        "chaos",
        "Break something: menu of faults",
        ("nodes", "pods", "services"),
        "Chaos",
        250,
    ),
    Action(
        "crash",
        ("Ctrl-X",),
        "crash",
        "crash",
        "Crash this: the node, or the pod's containers",
        ("nodes", "pods"),
        "Chaos",
    ),
    Action("mend", (), "mend", "mend", "End all faults", ("anywhere",), "Chaos"),
    Action("undo", ("U",), "undo", "undo", "Undo the last action", ("anywhere",), "Chaos", 700),
    # -------------------------------------------------------------- time
    Action("pause", (";",), "pause", "pause", "Pause or resume time", ("anywhere",), "Time", 800),
    Action("step", (".",), "step", "step", "Pause and do one unit of work", ("anywhere",), "Time"),
    Action("faster", (">",), "faster", "faster", "Run time faster", ("anywhere",), "Time"),
    Action("slower", ("<",), "slower", "slower", "Run time slower", ("anywhere",), "Time"),
    Action("speed", (), "speed", "speed", "Set the speed: 0.1 1 2 5 10 60 600 max", ("anywhere",), "Time"),
    Action("run", (), "run", "run", "Run a stretch of time at once: 90s, 10m, 2h", ("anywhere",), "Time"),
    Action("step-back", (",",), "back", "step back", "One unit of work back, or N", ("anywhere",), "Time"),
    Action("previous-stop", ("{",), "previous", "before", "Back to the bookmark, fault or action before", group="Time"),
    Action("next-stop", ("}",), "next", "after", "On to the next of them, at last to the present", group="Time"),
    Action("bookmark", ("B",), "mark", "bookmark", "Set a bookmark, with a NAME or without", ("anywhere",), "Time"),
    Action("goto", (), "goto", "goto", "Go to a bookmark or a time: NAME, 14:32, -90s, now", ("anywhere",), "Time"),
    Action(
        "fork",
        ("I",),
        "fork",
        "what if",
        "What if: a fork; again compares it: MINUTES, keep, drop",
        ("anywhere",),
        "Time",
    ),
    Action("break", (), "break", "break", "Stop at a moment: event REASON, or pods Pending for 30s", group="Time"),
    Action("reconcile", (), "reconcile", "loops", "The control loops, their queues; steps one of them", group="Time"),
    Action("forecast", (), "forecast", "forecast", "What will be: [[SVC] ramp 10 200 5m] [TIME]", group="Time"),
    Action("warp", ("w",), "warp", "warp", "To the moment of this event, or of its last change", ("table",), "Time"),
    Action("go-on", ("Y",), "resume", "go on", "In the past: go on from here", ("anywhere",), "Time"),
    # -------------------------------------------------------------- events pane
    Action(
        "verbosity",
        ("v",),
        "verbosity",
        "verbosity",
        "1 Events, 2 + writes and your actions, 3 + every write",
        ("events",),
        "Events",
        100,
    ),
)

RESERVED = frozenset("0123456789")
"""Namespace favourites; Shift-digits are left to the person."""

_NAMES = {
    "escape": "Esc", "enter": "Enter", "tab": "Tab", "space": "Space", "backspace": "Backspace", "delete": "Del",
    "up": "Up", "down": "Down", "left": "Left", "right": "Right", "home": "Home", "end": "End", "pageup": "PgUp",
    "pagedown": "PgDn", "backslash": "\\", "at": "Space", "circumflex_accent": "^",
}  # fmt: skip


def spell(key: str, character: str | None = None) -> str:
    """A terminal key event in the spelling of the registry: ``ctrl+d`` is ``Ctrl-D``, ``semicolon`` is ``;``."""
    if character is not None and character.isprintable() and character != " " and "+" not in key.replace("plus", ""):
        return character
    *modifiers, last = key.split("+")
    name = _NAMES.get(last, last if len(last) == 1 else last.capitalize())
    if modifiers and len(name) == 1:
        name = name.upper()
    return "-".join([*(modifier.capitalize() for modifier in modifiers), name])


def contexts_of(gvr: Gvr | None, *, scalable: bool = False) -> tuple[str, ...]:
    """The contexts of a row of this resource, the narrowest first."""
    if gvr is None:
        return ("table", "anywhere")
    narrow = ("scalable",) if scalable else ()
    return (gvr.resource, *narrow, "table", "anywhere")


class ConflictError(ValueError):
    """Actions want one key, or the keys file names what does not exist; ``actions`` are the ids it is about."""

    def __init__(self, text: str, *actions: str) -> None:
        super().__init__(text)
        self.actions = actions


def meet(first: str, second: str) -> bool:
    """Whether two contexts can hold at the same time."""
    if first == second or "anywhere" in {first, second}:
        return True
    drawers = [context.startswith("drawer") for context in (first, second)]
    if any(drawers):
        return all(drawers) and "drawer" in {first, second}
    if "scalable" in {first, second} and {first, second} <= set(_SCALABLE):
        return True
    # A table has one resource; being a table and being at home are none.
    return bool({first, second} & {"table", "home"})


class Keymap:
    """The registry with the person's own keys: ``overrides`` maps an action id to its keys. Raises ConflictError."""

    def __init__(
        self, overrides: Mapping[str, Sequence[str]] | None = None, actions: Iterable[Action] = ACTIONS
    ) -> None:
        self.actions: dict[str, Action] = {action.id: action for action in actions}
        for action_id, keys in (overrides or {}).items():
            if action_id not in self.actions:
                msg = f"keys: there is no action {action_id!r}"
                raise ConflictError(msg, action_id)
            self.actions[action_id] = self.actions[action_id]._replace(keys=tuple(keys))
        self._refuse_twins([self.actions[action_id] for action_id in overrides or ()])
        self._by_context: dict[str, dict[str, Action]] = {}
        self._by_command: dict[str, Action] = {}
        for action in self.actions.values():
            self._register(action)

    def _refuse_twins(self, remapped: Sequence[Action]) -> None:
        """What the person remapped may not hide what else they remapped."""
        for number, action in enumerate(remapped):
            for other in remapped[:number]:
                shared = [key for key in action.keys if key in other.keys]
                places = [one for one in action.contexts for two in other.contexts if meet(one, two)]
                if shared and places:
                    msg = f"keys: {shared[0]!r} of {action.id!r} in {places[0]!r} belongs to {other.id!r}"
                    raise ConflictError(msg, action.id, other.id)

    def _register(self, action: Action) -> None:
        for context in action.contexts:
            table = self._by_context.setdefault(context, {})
            for key in action.keys:
                holder = table.get(key)
                if key in RESERVED or holder is not None:
                    whose = f"{holder.id!r}" if holder is not None else "the namespaces"
                    msg = f"keys: {key!r} of {action.id!r} in {context!r} belongs to {whose}"
                    raise ConflictError(msg, action.id, *((holder.id,) if holder is not None else ()))
                table[key] = action
        if action.command:
            self._by_command[action.command] = action

    def find(self, key: str, contexts: Iterable[str]) -> Action | None:
        """The action on a key (in the registry's spelling), the narrowest context first."""
        for context in contexts:
            action = self._by_context.get(context, {}).get(key)
            if action is not None:
                return action
        return None

    def command(self, name: str) -> Action | None:
        """The action of a ``:command``."""
        return self._by_command.get(name)

    def commands(self) -> list[str]:
        """All commands, sorted."""
        return sorted(self._by_command)

    def available(self, contexts: Sequence[str]) -> list[Action]:
        """The actions that can be reached in these contexts, in the order of the registry; hidden ones left out."""
        found = []
        for action in self.actions.values():
            inside = any(context in contexts for context in action.contexts)
            if inside and (not action.keys or any(self.find(key, contexts) is action for key in action.keys)):
                found.append(action)
        return found

    def footer(self, contexts: Sequence[str]) -> list[Action]:
        """The actions that the footer shows, the most useful first."""
        return sorted((action for action in self.available(contexts) if action.rank and action.keys), key=_rank)


def _rank(action: Action) -> int:
    return action.rank
