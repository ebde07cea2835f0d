"""The file with a person's own keys, and what is wrong with one, with its line and its field."""

import pytest

from kubesim.scenario.documents import ManifestError
from kubetui.cli.keys_file import read_keys
from kubetui.keys import meet


def test_keys_are_read(tmp_path):
    (tmp_path / "k.yaml").write_text('scale: Q\npause: [";", F2]\nhelp: Ctrl-Alt-Up\n')
    assert read_keys(str(tmp_path / "k.yaml")) == {"scale": ["Q"], "pause": [";", "F2"], "help": ["Ctrl-Alt-Up"]}
    (tmp_path / "k.yaml").write_text("# nothing\n")
    assert read_keys(str(tmp_path / "k.yaml")) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "scale: Q\n# why not\ndescribe: Q\n",
            "k.yaml:3: describe: 'Q' of 'describe' in 'table' belongs to 'scale' (line 1)",
        ),
        (
            "scale: [F2, Q]\nrestart: F2\n",
            "k.yaml:2: restart: 'F2' of 'restart' in 'deployments' belongs to 'scale' (line 1)",
        ),
        ("scale: Q\nscale: Z\n", "k.yaml:2: scale: is there already, on line 1"),
        ("\nscal: Q\n", "k.yaml:2: scal: there is no action 'scal'"),
        ("yaml: d\n", "k.yaml:1: yaml: 'd' of 'yaml' in 'table' belongs to 'describe'"),
        ('scale: "1"\n', "k.yaml:1: scale: '1' of 'scale' in 'deployments' belongs to the namespaces"),
        ("scale: Control-Q\n", "k.yaml:1: scale: 'Control-Q' is no key"),
        ("scale: [1]\n", "k.yaml:1: scale: expected a key or a list of keys"),
        ("scale: {a: b}\n", "k.yaml:1: scale: expected a key or a list of keys"),
        ("- scale\n", "k.yaml: expected a mapping of action to key"),
        ("scale: [\n", "k.yaml:2:1: "),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path, text, message):
    (tmp_path / "k.yaml").write_text(text)
    with pytest.raises(ManifestError) as told:
        read_keys(str(tmp_path / "k.yaml"))
    assert message in str(told.value)


def test_one_key_may_mean_two_things_in_places_that_exclude_each_other(tmp_path):
    (tmp_path / "k.yaml").write_text("drain: Q\nscale: Q\ndrawer-full: Q\n")
    assert len(read_keys(str(tmp_path / "k.yaml"))) == 3


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("pods", "pods", True),
        ("pods", "nodes", False),
        ("pods", "table", True),
        ("scalable", "deployments", True),
        ("drawer", "table", False),
        ("drawer", "drawer-logs", True),
        ("drawer-yaml", "drawer-logs", False),
        ("anywhere", "drawer-logs", True),
    ],
)
def test_which_places_can_be_one(first, second, together):
    assert meet(first, second) is together
    assert meet(second, first) is together
