"""What post-renderers get and give back."""

import pytest

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.release.postrender import annotated, regrouped

NOTE = "postrenderer.helm.sh/postrender-filename: 't/a.yaml'"
CASES = {
    "flow metadata": ("kind: A\nmetadata: {name: x}\nb: 1\n", f"metadata: {{name: x, annotations: {{{NOTE}}}}}\nb: 1"),
    "flow annotations": ("metadata:\n  annotations: {a: b}\n", f"metadata:\n  annotations: {{a: b, {NOTE}}}"),
    "block": ("kind: A\nmetadata:\n  name: x\ndata: {}\n", f"  name: x\n  annotations:\n    {NOTE}\ndata: {{}}"),
    "block annotations": (
        "metadata:\n  annotations:\n    a: b\n  name: x\nspec:\n  c: 1\n",
        f"metadata:\n  annotations:\n    a: b\n    {NOTE}\n  name: x\nspec:",
    ),
    "labels last": (
        "metadata:\n  name: x\n  labels:\n    a: b\nspec: {}\n",
        f"  labels:\n    a: b\n  annotations:\n    {NOTE}\nspec: {{}}",
    ),
    "no metadata": ("kind: A\n", f"kind: A\nmetadata:\n  annotations:\n    {NOTE}"),
}


@pytest.mark.parametrize(("document", "part"), CASES.values(), ids=CASES.keys())
def test_the_file_is_noted_and_forgotten_again(document, part):
    text = annotated({"t/a.yaml": document})
    assert part in text
    back = regrouped(text)
    assert list(back) == ["t/a.yaml"]
    assert back["t/a.yaml"].replace("metadata:\n", "") == document.replace("metadata:\n", "")


def test_files_are_in_order_and_together():
    files = {"t/b.yaml": "a: 1\n---\nb: 2\n", "t/a.yaml": "c: 3\n", "t/empty.yaml": "\n"}
    text = annotated(files)
    assert text.index("c: 3") < text.index("a: 1") < text.index("b: 2")
    assert list(regrouped(text)) == ["t/a.yaml", "t/b.yaml"]
    assert regrouped("kind: New\n") == {"generated-by-postrender-0.yaml": "kind: New\n"}
    with pytest.raises(ChartError, match="error while parsing post rendered output"):
        regrouped("- a\n")
