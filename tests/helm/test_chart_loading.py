"""Charts from files, folders and archives; what Helm refuses, with its texts."""

import gzip
import io
import re
import tarfile
from pathlib import Path

import pytest

from helm.charts import CHART_YAML, chart_of
from kubesim.helm.chart.archive import read_archive
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.files import Files, compile_glob
from kubesim.helm.chart.ignore import Rules, glob
from kubesim.helm.chart.loader import load, load_archive, load_files, load_top

SUB = "apiVersion: v2\nname: sub\nversion: 1.2.3\n"
JSON = "cannot load Chart.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
NO_METADATA = "Chart.yaml file is missing"


def archive(*entries: tuple[str, bytes] | tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as target:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                target.addfile(entry)
            else:
                info = tarfile.TarInfo(entry[0])
                info.size = len(entry[1])
                target.addfile(info, io.BytesIO(entry[1]))
    return buffer.getvalue()


def link(name: str, target: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("apiVersion: v2\nversion: 1", "validation: chart.metadata.name is required"),
        ("apiVersion: v2\nname: a/b\nversion: 1", 'validation: chart.metadata.name "a/b" is invalid'),
        ("apiVersion: v2\nname: ..\nversion: 1", 'validation: chart.metadata.name ".." is not allowed'),
        ("apiVersion: v2\nname: t", "validation: chart.metadata.version is required"),
        ("apiVersion: v2\nname: t\nversion: x", 'validation: chart.metadata.version "x" is invalid'),
        ("name: t\nversion: 1.2.3.4", 'validation: chart.metadata.version "1.2.3.4" is invalid'),
        ("name: t\nversion: 1\ntype: foo", "validation: chart.metadata.type must be application or library"),
        ("apiVersion: v3\nname: t\nversion: 1", "invalid chart apiVersion"),
        ("name: [t]", f"{JSON}array into Go struct field .name of type string"),
        ("keywords: x", f"{JSON}string into Go struct field .keywords of type []string"),
        ("keywords: [[1]]", f"{JSON}array into .keywords.0 of type string"),
        ("maintainers: [x]", f"{JSON}string into .maintainers.0 of type v2.Maintainer"),
        ("maintainers: [{name: [1]}]", f"{JSON}array into Go struct field .maintainers.0.name of type string"),
        ("dependencies: x", f"{JSON}string into Go struct field .dependencies of type []*v2.Dependency"),
        ("dependencies: [{tags: [[1]]}]", f"{JSON}array into .dependencies.0.tags.0 of type string"),
        ("annotations: {a: [1]}", f"{JSON}array into Go struct field .annotations.a of type string"),
        ("deprecated: 1", f"{JSON}number into Go struct field .deprecated of type bool"),
        ("name: t\nversion: 1\nmaintainers: [null]", "validation: maintainers must not contain empty or null nodes"),
        ("name: t\nversion: 1\ndependencies: [null]", "validation: dependencies must not contain empty or null nodes"),
        (
            "name: t\nversion: 1\ndependencies: [{name: a}, {name: b, alias: a}]",
            'validation: more than one dependency with name or alias "a"',
        ),
        (
            "name: t\nversion: 1\ndependencies: [{name: a, alias: a/b}]",
            'validation: dependency "a" has disallowed characters in the alias',
        ),
        (
            "a: b: c",
            "cannot load Chart.yaml: error converting YAML to JSON: "
            "yaml: mapping values are not allowed in this context",
        ),
    ],
)
def test_refused_metadata(text: str, message: str):
    with pytest.raises(ChartError) as error:
        load_top(chart_of_text(text))
    assert str(error.value) == message


def chart_of_text(text: str):
    from kubesim.helm.chart.chart import File

    return [File("Chart.yaml", text.encode())]


def test_metadata_takes_numbers_for_texts_and_any_case():
    chart = chart_of(
        {
            "Chart.yaml": "Name: ' x\ty'\nAPIversion: v1\nversion: 1\nappVersion: 1.10\n"
            "annotations: {a: 1000000, b: yes}\n"
        }
    )
    metadata = chart.metadata
    assert (metadata.name, metadata.version, metadata.app_version, metadata.api_version) == (" x y", "1", "1.1", "v1")
    assert metadata.annotations == {"a": "1000000", "b": "true"}


def test_old_charts_say_their_dependencies_elsewhere():
    files = {"Chart.yaml": "name: t\nversion: 1", "requirements.yaml": "dependencies: [{name: a, version: 1.x}]"}
    chart = chart_of(files)
    assert [(one.name, one.version) for one in chart.metadata.dependencies] == [("a", "1.x")]
    assert [file.name for file in chart.files] == ["requirements.yaml"]


def test_charts_within_charts():
    inner = archive(("common/Chart.yaml", b"name: common\nversion: 1.0.0"))
    chart = chart_of({
        "charts/sub/Chart.yaml": SUB, "charts/sub/charts/c.tgz": inner, "charts/_x/Chart.yaml": "bad: [",
        "charts/.y/Chart.yaml": "bad: [", "charts/z.prov": "p",
    })  # fmt: skip
    (sub,) = chart.dependencies
    assert [one.full_path() for one in sub.dependencies] == ["t/charts/sub/charts/common"]
    assert [file.name for file in chart.files] == ["charts/z.prov"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"charts/README.md": "x"}, f"error unpacking subchart README.md in t: {NO_METADATA}"),
        (
            {"charts/a/Chart.yaml": SUB, "charts/a/charts/b/values.yaml": "x"},
            "error unpacking subchart a in t: error unpacking subchart b in sub: cannot load values.yaml: cannot "
            "unmarshal yaml document: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into "
            "Go value of type map[string]interface {}",
        ),
        ({"charts/a.tgz": "zzz"}, "error unpacking subchart a.tgz in t: unexpected EOF"),
        (
            {"values.yaml": "- a"},
            "cannot load values.yaml: cannot unmarshal yaml document: error unmarshaling JSON: while decoding JSON: "
            "json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
    ],
    ids=["no chart", "inner values", "no archive", "values"],
)
def test_refused_files(files, message: str):
    with pytest.raises(ChartError) as error:
        chart_of(files)
    assert str(error.value) == message


def test_a_chart_needs_its_metadata():
    with pytest.raises(ChartError, match=r"unable to detect chart version, no Chart\.yaml found"):
        load_top([])
    with pytest.raises(ChartError, match=re.escape(NO_METADATA)):
        load_files([])


GOOD = ("t/Chart.yaml", CHART_YAML.encode())


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([GOOD, ("t/../../x", b"")], "chart illegally references parent directory"),
        ([GOOD, ("t//etc/x", b"")], "chart illegally contains absolute paths"),
        ([("Chart.yaml", b"")], 'chart illegally contains content outside the base directory: "Chart.yaml"'),
        ([GOOD, ("t/c:/x", b"")], "chart contains illegally named files"),
        ([], "no files in chart archive"),
        ([("Chart.yaml/x", b"")], "chart yaml not in base directory"),
    ],
    ids=["parent", "absolute", "flat", "drive", "empty", "named like metadata"],
)
def test_refused_archives(entries, message: str):
    with pytest.raises(ChartError) as error:
        read_archive(archive(*entries))
    assert str(error.value) == message


def test_links_in_archives_lead_nowhere():
    data = archive(GOOD, link("t/l", "/etc/passwd", tarfile.SYMTYPE), link("t/h", "t/Chart.yaml", tarfile.LNKTYPE))
    assert [(file.name, file.data) for file in read_archive(data)][1:] == [("l", b""), ("h", b"")]


def test_archives_from_windows_and_byte_order_marks():
    chart = load_archive(
        archive(("t\\Chart.yaml", b"\xef\xbb\xbf" + CHART_YAML.encode()), ("t\\templates\\a.yaml", b"a"))
    )
    assert [file.name for file in chart.templates] == ["templates/a.yaml"]


def test_an_archive_may_not_grow_without_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("kubesim.helm.chart.archive.MAX_CHART_SIZE", 1 << 20)
    bomb = gzip.compress(b"\0" * (4 << 20), compresslevel=1)
    with pytest.raises(ChartError, match="decompressed chart is larger than the maximum size"):
        read_archive(bomb)
    with pytest.raises(ChartError, match="decompressed chart is larger than the maximum size"):
        read_archive(archive(GOOD, ("t/a", b"\0" * (1 << 19)), ("t/b", b"\0" * (1 << 19))))


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"", "EOF"), (b"\x1f\x8b\x08", "unexpected EOF"), (b"0123456789", "gzip: invalid header")],
)
def test_what_is_no_archive(data: bytes, message: str):
    with pytest.raises(ChartError) as error:
        read_archive(data)
    assert str(error.value) == message


def test_loading_from_disk(tmp_path: Path):
    for name, text in {
        "Chart.yaml": CHART_YAML, "templates/a.yaml": "a", "templates/.hidden": "x", "x.bak": "x", "foo/y": "y",
        "top/foo/z": "z", ".helmignore": "*.bak\n/foo/\n# c\n", "values.yaml": "\ufeffa: 1",
    }.items():  # fmt: skip
        path = tmp_path / "t" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    chart = load(tmp_path / "t")
    assert [file.name for file in chart.templates] == ["templates/a.yaml"]
    assert [file.name for file in chart.files] == [".helmignore", "top/foo/z"]
    assert chart.values == {"a": 1.0}
    (tmp_path / "bad.tgz").write_bytes(b"zzz")
    with pytest.raises(ChartError, match="does not appear to be a gzipped archive; got 'application/octet-stream'"):
        load(tmp_path / "bad.tgz")
    (tmp_path / "evil.tgz").write_bytes(archive(GOOD, ("t/../../x", b"")))
    with pytest.raises(ChartError, match=r"^unable to load chart archive$"):
        load(tmp_path / "evil.tgz")


def test_a_link_to_a_folder_above_does_not_go_round_in_circles(tmp_path: Path):
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "Chart.yaml").write_text(CHART_YAML)
    (tmp_path / "t" / "again").symlink_to(tmp_path / "t")
    assert load(tmp_path / "t").name == "t"


@pytest.mark.parametrize(
    ("rules", "path", "is_folder", "ignored"),
    [
        ("*.txt", "a/b.txt", False, True),
        ("/*.txt", "a/b.txt", False, False),
        ("/*.txt", "b.txt", False, True),
        ("a/*.txt", "a/b.txt", False, True),
        ("foo/", "foo", False, False),
        ("foo/", "a/foo", True, True),
        ("!*.yaml", "a.txt", False, True),
        ("!*.yaml", "a.yaml", False, False),
        ("[a-c]?", "b1", False, True),
        ("[^a-c]?", "b1", False, False),
        ("", "templates/.x", False, True),
        ("*", ".", True, False),
    ],
)
def test_ignore_rules(rules: str, path: str, is_folder: bool, ignored: bool):
    assert Rules(rules).ignores(path, is_folder) is ignored


def test_malformed_ignore_rules():
    with pytest.raises(ChartError, match=r"double-star \(\*\*\) syntax is not supported"):
        Rules("a/**")
    for pattern in ("[a", "[]", "[a-", "\\"):
        with pytest.raises(ChartError, match="syntax error in pattern"):
            glob(pattern)


@pytest.mark.parametrize(
    ("pattern", "fits", "fits_not"),
    [
        ("config/*", ["config/a"], ["config/b/c", "x"]),
        ("config/**", ["config/a", "config/b/c"], ["x"]),
        ("**.yaml", ["a.yaml", "b/c.yaml"], ["a.yml"]),
        ("*.{txt,y?ml}", ["a.txt", "a.yaml"], ["a.yml", "b/a.txt"]),
        ("[a-c]x[!0]", ["axy"], ["dxy", "ax0"]),
        ("a\\*b", ["a*b"], ["axb"]),
        ("{a,b{c,d}}", ["a", "bc", "bd"], ["b", "c"]),
    ],
)
def test_globs_of_files(pattern: str, fits: list[str], fits_not: list[str]):
    files = Files(dict.fromkeys([*fits, *fits_not], b""))
    assert sorted(files.glob(pattern)) == sorted(fits)


def test_a_malformed_glob_fits_everything():
    for pattern in ("[", "{a", "a}", "[]", "[z-a]"):
        assert compile_glob(pattern) is None
        assert set(Files(a=b"", b=b"").glob(pattern)) == {"a", "b"}


def test_files_for_config_maps_and_secrets():
    files = Files({"d/a.txt": b"A\n", "b/c.txt": b"1: 2", "e": b"", "l": b"x\ny\n"})
    assert files.glob("[db]/*").as_config() == "a.txt: |\n  A\nc.txt: '1: 2'"
    assert files.glob("d/*").as_secrets() == "a.txt: QQo="
    assert files.glob("none").as_config() == "{}"
    assert (files.lines("l"), files.lines("e"), files.lines("no")) == (["x", "y"], [], [])
