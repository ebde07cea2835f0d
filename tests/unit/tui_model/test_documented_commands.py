"""What the documents tell a reader to type after a colon is something the explorer knows."""

import re
from pathlib import Path

import pytest

from kubesim.cluster import Cluster
from kubetui.client.local import LocalClient
from kubetui.keys import Keymap
from kubetui.model import commands
from kubetui.model.catalogue import Catalogue

ROOT = Path(__file__).parents[3]
GENERATED_OR_HISTORY = {ROOT / "CHANGELOG.md", ROOT / "docs/map.md"}
DOCUMENTS = sorted(
    {path for folder in (".", "docs", "sample-clusters/*") for path in ROOT.glob(f"{folder}/*.md")}
    - GENERATED_OR_HISTORY
)
TYPED = re.compile(r"`:([a-z][^`]*)`")


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue(LocalClient(Cluster()).resources())


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_a_document_names_exists(path, catalogue):
    known = frozenset(Keymap().commands())
    typed = TYPED.findall(path.read_text())
    unknown = [text for text in typed if isinstance(commands.parse(text, catalogue, known), commands.Unknown)]
    assert not unknown


def test_there_are_commands_to_look_at():
    assert sum(len(TYPED.findall(path.read_text())) for path in DOCUMENTS) > 100
