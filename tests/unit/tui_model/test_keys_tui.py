"""The registry of actions: every key means one thing in one place, and people may change it."""

import pytest

from kubesim.objects.wire import DEPLOYMENTS, NODES, PODS, Gvr
from kubetui.keys import ACTIONS, RESERVED, Action, ConflictError, Keymap, contexts_of, spell


def test_the_registry_has_no_conflicts_and_ids_are_unique():
    keymap = Keymap()
    assert len(keymap.actions) == len(ACTIONS)


def test_digits_belong_to_the_namespaces():
    assert not any(key in RESERVED for action in ACTIONS for key in action.keys)


def test_every_action_can_be_reached_and_is_explained():
    for action in ACTIONS:
        assert action.keys or action.command, action.id
        assert action.help, action.id
        assert action.label, action.id
        assert not action.help.endswith("."), action.id


def test_commands_are_unique():
    commands = [action.command for action in ACTIONS if action.command]
    assert len(commands) == len(set(commands))


@pytest.mark.parametrize(
    ("key", "gvr", "action"),
    [
        ("s", DEPLOYMENTS, "scale"),
        ("s", Gvr("batch", "v1", "cronjobs"), "suspend"),
        ("c", NODES, "cordon"),
        ("c", PODS, "copy-name"),
        ("r", NODES, "drain"),
        ("r", DEPLOYMENTS, "restart"),
        ("d", PODS, "describe"),
        ("l", PODS, "logs"),
        ("l", NODES, None),
        (";", NODES, "pause"),
        ("Ctrl-D", PODS, "delete"),
        ("x", Gvr("", "v1", "secrets"), "decode"),
        ("v", PODS, None),
        ("v", Gvr("", "v1", "events"), "verbosity"),
    ],
)
def test_the_narrow_context_wins(key, gvr, action):
    found = Keymap().find(key, contexts_of(gvr))
    assert (found.id if found else None) == action


def test_scale_works_on_custom_resources_with_a_scale_subresource():
    widgets = Gvr("x.io", "v1", "widgets")
    assert Keymap().find("s", contexts_of(widgets)) is None
    assert Keymap().find("s", contexts_of(widgets, scalable=True)).id == "scale"


@pytest.mark.parametrize(
    ("key", "character", "spelt"),
    [
        ("semicolon", ";", ";"),
        ("ctrl+d", "\x04", "Ctrl-D"),
        ("shift+tab", None, "Shift-Tab"),
        ("ctrl+backslash", None, "Ctrl-\\"),
        ("ctrl+at", None, "Ctrl-Space"),
        ("F", "F", "F"),
        ("grave_accent", "`", "`"),
        ("plus", "+", "+"),
        ("alt+up", None, "Alt-Up"),
        ("escape", "\x1b", "Esc"),
        ("space", " ", "Space"),
        ("pagedown", None, "PgDn"),
        ("enter", "\r", "Enter"),
    ],
)
def test_spelling_of_terminal_keys(key, character, spelt):
    assert spell(key, character) == spelt


def test_people_may_move_keys():
    keymap = Keymap({"pause": ["Ctrl-T"]})
    assert keymap.find("Ctrl-T", ("anywhere",)).id == "pause"
    assert keymap.find(";", ("anywhere",)) is None


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        ({"pause": [">"]}, "belongs to 'faster'|belongs to 'pause'"),
        ({"nonsense": ["x"]}, "no action 'nonsense'"),
        ({"pause": ["3"]}, "belongs to the namespaces"),
    ],
    ids=["taken", "unknown", "digit"],
)
def test_conflicts_are_refused(overrides, complaint):
    with pytest.raises(ConflictError, match=complaint):
        Keymap(overrides)


def test_the_footer_shows_what_the_pane_can_do():
    keymap = Keymap()
    nodes = [action.id for action in keymap.footer(contexts_of(NODES))]
    assert {"cordon", "drain", "help"} <= set(nodes)
    assert "scale" not in nodes
    assert nodes.index("cordon") < nodes.index("help")


def test_an_action_whose_key_is_hidden_is_not_offered():
    actions = (
        Action("wide", ("a",), "", "wide", "Wide", ("table",)),
        Action("narrow", ("a",), "", "narrow", "Narrow", ("pods",)),
    )
    keymap = Keymap(actions=actions)
    assert [action.id for action in keymap.available(("pods", "table"))] == ["narrow"]
