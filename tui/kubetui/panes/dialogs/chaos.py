"""The chaos menu: what can be broken about an object, and who would be hit."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import events, on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from kubesim.objects import tree
from kubesim.objects.wire import NODES, PODS, Key, Tree
from kubetui.model.flows.faults import FAULT_TYPES, blast_radius, component_of, fault_name, missed
from kubetui.panes.dialogs.frame import Dialog


class ChaosOption(NamedTuple):
    """One way to break (or, when ``broken``, to mend) something; ``hit`` says who notices, one a line."""

    type: str
    key: Key
    label: str
    help: str
    hit: Sequence[str]
    broken: bool = False


def chaos_options(key: Key, pods: Sequence[Tree], faults: Sequence[Tree]) -> list[ChaosOption]:
    """What can be done to a node, to a pod and its node, or to the ``pods`` of a service."""
    present = {fault["metadata"]["name"] for fault in faults}
    found: list[ChaosOption] = []
    for target in _targets(key, pods):
        wanted = "Node" if target.gvr == NODES else "Pod"
        component = _component(target, pods)
        for kind in FAULT_TYPES:
            if kind.target == wanted or (component and kind.target == "Component"):
                broken = fault_name(kind.type, target) in present
                label = f"{'Mend: ' if broken else ''}{kind.label} {target.name}"
                hit = missed(component) if kind.target == "Component" else blast_radius(target, pods)
                found.append(ChaosOption(kind.type, target, label, kind.help, hit, broken))
    return found


def _component(key: Key, pods: Sequence[Tree]) -> str:
    """The part of the control plane that a pod runs, "" for none."""
    if key.gvr != PODS:
        return ""
    for pod in pods:
        if (pod["metadata"].get("namespace", ""), pod["metadata"]["name"]) == (key.namespace, key.name):
            return component_of(pod)
    return ""


def _targets(key: Key, pods: Sequence[Tree]) -> list[Key]:
    if key.gvr == NODES:
        return [key]
    if key.gvr != PODS:
        return [Key(PODS, pod["metadata"].get("namespace", ""), pod["metadata"]["name"]) for pod in pods]
    for pod in pods:
        metadata = pod["metadata"]
        node = tree.get(pod, "spec.nodeName")
        if (metadata.get("namespace", ""), metadata["name"]) == (key.namespace, key.name) and node:
            return [key, Key(NODES, "", node)]
    return [key]


class Chaos(Dialog[ChaosOption]):
    """A menu; under it who will be hit. The result is the option chosen."""

    KEYS = "1-9 or Enter do it · Esc cancel"
    WIDTH = "-wide"
    SHOWN: ClassVar[int] = 8

    def __init__(self, name: str, options: Sequence[ChaosOption]) -> None:
        super().__init__(f"Chaos: {name}")
        self._options = options

    def body(self) -> ComposeResult:
        """The menu and the list of who is hit."""
        yield OptionList(
            *(
                Option(
                    Content.styled(f"{number:>2} ", "bold")
                    + Content(option.label)
                    + Content.styled(f"  {option.help}", "dim")
                )
                for number, option in enumerate(self._options, 1)
            ),
            id="options",
            compact=True,
            markup=False,
        )
        yield Static("", id="hit", markup=False)

    def on_mount(self) -> None:
        """The first one highlighted."""
        super().on_mount()
        options = self.query_one("#options", OptionList)
        options.focus()
        if self._options:
            options.highlighted = 0
            self._tell(self._options[0])
        else:
            self.complain("nothing here can be broken")

    def _tell(self, option: ChaosOption) -> None:
        line = self.query_one("#hit", Static)
        if option.broken:
            line.update("ends the fault; what was hit recovers in the cluster's own time")
            return
        if not option.hit:
            line.update("nobody is hit")
            return
        shown = list(option.hit[: self.SHOWN])
        rest = len(option.hit) - len(shown)
        more = f"\n  … and {rest} more" if rest else ""
        line.update(f"will be hit ({len(option.hit)}):\n" + "\n".join(f"  {text}" for text in shown) + more)

    @on(OptionList.OptionHighlighted)
    def highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Say who would be hit."""
        event.stop()
        self._tell(self._options[event.option_index])

    @on(OptionList.OptionSelected)
    def selected(self, event: OptionList.OptionSelected) -> None:
        """Do it."""
        event.stop()
        self.dismiss(self._options[event.option_index])

    def on_key(self, event: events.Key) -> None:
        """The number of an option does it at once; j and k move."""
        options = self.query_one("#options", OptionList)
        if event.key.isdecimal() and 0 < int(event.key) <= len(self._options):
            event.stop()
            self.dismiss(self._options[int(event.key) - 1])
        elif event.key in ("j", "k"):
            event.stop()
            (options.action_cursor_down if event.key == "j" else options.action_cursor_up)()
