"""Reading manifests: what is accepted, and errors that name file, line and column."""

import pytest

from kubesim.scenario.documents import ManifestError, files, load, load_yaml, parse

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\n"


def test_many_documents_keep_their_lines():
    found = parse(POD % "a" + "---\n# comment\n" + POD % "b" + "---\n---\n", "x.yaml")
    assert [(source.line, source.tree["metadata"]["name"]) for source in found] == [(1, "a"), (6, "b")]


def test_lists_and_json_are_taken_apart():
    pod = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}'
    text = f'{{"apiVersion": "v1", "kind": "List", "items": [{pod}]}}'
    assert [source.tree["kind"] for source in parse(text, "x.json")] == ["Pod"]


def test_times_and_octal_stay_as_kubernetes_reads_them():
    tree = load_yaml("a: 2026-01-01T00:00:00Z\nb: 0644\nc: yes\nd: '1'\n", "x")
    assert tree == {"a": "2026-01-01T00:00:00Z", "b": 420, "c": True, "d": "1"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1, 2\nb: 3\n", "x.yaml:2:2: "),
        ("a: b: c\n", "x.yaml:1:5: mapping values are not allowed"),
        ("kind: Pod\n", "x.yaml:1: apiVersion is not set"),
        ("apiVersion: v1\nkind: 3\n", "x.yaml:1: kind is not set"),
        ("- 1\n", "x.yaml:1: expected an object with apiVersion and kind, found a list"),
        ("\thello: 1\n", "x.yaml:1:1: "),
        ("a: &a [*a]\n", "x.yaml:1: the document contains itself"),
        ("a: !!python/object/apply:os.system [true]\n", "x.yaml:1:4: could not determine a constructor"),
        ("\x00", "x.yaml: "),
    ],
)
def test_errors_name_the_place(text, message):
    with pytest.raises(ManifestError) as raised:
        parse(text, "x.yaml")
    assert str(raised.value).startswith(message)


def test_a_yaml_bomb_is_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(ManifestError, match="grows beyond"):
        parse("\n".join(lines), "bomb.yaml")


def test_deep_nesting_is_refused():
    with pytest.raises(ManifestError, match="nested deeper"):
        parse("[" * 50_000 + "]" * 50_000, "deep.yaml")


def test_files_of_a_folder(tmp_path):
    for name in ("b.yaml", "a.yml", "c.json", "README.md"):
        (tmp_path / name).write_text('{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}')
    assert [path.name for path in files(tmp_path)] == ["a.yml", "b.yaml", "c.json"]
    assert len(load(tmp_path)) == 3


def test_missing_and_unreadable_files(tmp_path):
    with pytest.raises(ManifestError, match="no such file or folder"):
        load(tmp_path / "nope.yaml")
    with pytest.raises(ManifestError, match="holds no"):
        load(tmp_path)
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(ManifestError, match="not a text file"):
        load(tmp_path)
