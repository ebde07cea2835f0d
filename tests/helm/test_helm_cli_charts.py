"""What the chart commands leave on disk: new charts, archives, rendered files."""

import gzip
import io
import tarfile

import pytest

from kubesim.helm.chart.errors import ChartError
from kubesim.helm.chart.loader import load
from kubesim.helm.create import create, starter_files
from kubetui.__main__ import main
from kubetui.cli.helm.flags import LIST, MANY, SWITCH, TEXT, Flag, HelpRequested, parse


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    return tmp_path


def test_create_writes_a_chart_that_lints_and_warns_of_what_it_replaces(here, capsys):
    assert main(["helm", "create", "web"]) == 0
    assert capsys.readouterr().out == "Creating web\n"
    assert (here / "web" / "charts").is_dir()
    assert load(here / "web").metadata.description == "A Helm chart for Kubernetes"
    (here / "web" / "values.yaml").unlink()
    assert main(["helm", "create", "web"]) == 0
    warnings = capsys.readouterr().err.splitlines()
    assert len(warnings) == 11
    assert warnings[0] == f'WARNING: File "{here}/web/Chart.yaml" already exists. Overwriting.'
    assert main(["helm", "lint", "web"]) == 0
    assert "[INFO] Chart.yaml: icon is recommended\n\n1 chart(s) linted, 0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a b", 'chart name must match the regular expression "^[a-zA-Z0-9._-]+$"'),
        ("", "chart name must be between 1 and 250 characters"),
        ("x" * 251, "chart name must be between 1 and 250 characters"),
    ],
    ids=["blank", "empty", "long"],
)
def test_chart_names_that_will_not_do(name, message):
    with pytest.raises(ChartError) as raised:
        list(starter_files(name))
    assert str(raised.value) == message


def test_create_does_not_replace_a_file(tmp_path):
    (tmp_path / "web").write_text("")
    with pytest.raises(ChartError, match="already exists and is not a directory"):
        create("web", tmp_path)


def packed(path):
    data = path.read_bytes()
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as archive:
        return data, {entry.name: (entry.mtime, entry.mode) for entry in archive}


def test_package_gives_the_same_bytes_again_and_loads_as_the_chart(here, capsys, monkeypatch):
    main(["helm", "create", "web"])
    assert main(["helm", "package", "web", "-d", "one"]) == 0
    assert main(["helm", "package", "web", "-d", "two"]) == 0
    first, entries = packed(here / "one" / "web-0.1.0.tgz")
    assert packed(here / "two" / "web-0.1.0.tgz")[0] == first
    assert list(entries)[:2] == ["web/Chart.yaml", "web/values.yaml"]
    assert entries["web/.helmignore"] == (0, 0o644)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    main(["helm", "package", "web", "-d", "three"])
    assert packed(here / "three" / "web-0.1.0.tgz")[1]["web/values.yaml"] == (1_700_000_000, 0o644)
    capsys.readouterr()
    main(["helm", "template", "r", "web"])
    from_folder = capsys.readouterr().out
    main(["helm", "template", "r", "one/web-0.1.0.tgz"])
    assert capsys.readouterr().out == from_folder
    main(["helm", "lint", "one/web-0.1.0.tgz"])
    assert "1 chart(s) linted, 0 chart(s) failed" in capsys.readouterr().out


def test_package_takes_inner_charts_and_the_given_versions_along(here, capsys):
    main(["helm", "create", "web"])
    inner = here / "web" / "charts" / "db"
    inner.mkdir()
    (inner / "Chart.yaml").write_text("apiVersion: v2\nname: db\nversion: 1.0.0\n")
    main(["helm", "package", "web", "--version", "2.0.0", "--app-version", "x"])
    chart = load(here / "web-2.0.0.tgz")
    assert (chart.metadata.version, chart.metadata.app_version) == ("2.0.0", "x")
    assert [one.name for one in chart.dependencies] == ["db"]
    assert "saved it to: " + str(here / "web-2.0.0.tgz") in capsys.readouterr().out


def test_output_dir_gets_one_file_for_each_template(here, capsys):
    main(["helm", "create", "web"])
    capsys.readouterr()
    assert main(["helm", "template", "r", "web", "--output-dir", "out", "--release-name"]) == 0
    lines = capsys.readouterr().out.split("\n")
    assert "wrote out/r/web/templates/service.yaml" in lines
    text = (here / "out" / "r" / "web" / "templates" / "service.yaml").read_text()
    assert text.startswith("---\n# Source: web/templates/service.yaml\napiVersion: v1\nkind: Service\n")


def test_generated_names_come_from_the_chart(here, capsys):
    main(["helm", "create", "web.x"])
    capsys.readouterr()
    assert main(["helm", "template", "-g", "web.x", "-s", "templates/service.yaml", "--set", "nameOverride=q"]) == 0
    assert "name: web-1" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["help"], ["--help"], [], ["template", "-h"], ["lint", "--help"], ["show", "-h"]]
)
def test_help(arguments, capsys):
    assert main(["helm", *arguments]) == 0
    assert "sage:" in capsys.readouterr().out


KNOWN = {
    "many": Flag(MANY),
    "list": Flag(LIST, "l"),
    "on": Flag(SWITCH, "o"),
    "text": Flag(TEXT, "t"),
    "may": Flag(TEXT, optional="?"),
}


@pytest.mark.parametrize(
    ("words", "flags", "rest"),
    [
        ("a --many x,y b --many=z", {"many": ["x,y", "z"]}, ["a", "b"]),
        ('-l x,"y -l=z', {"list": ["x", "y", "z"]}, []),
        ("-ot5 x", {"on": True, "text": "5"}, ["x"]),
        ("--on=false --may x --may=y", {"on": False, "may": "y"}, ["x"]),
        ("-t -o -- --on", {"text": "-o"}, ["--on"]),
        ("-", {}, ["-"]),
    ],
)
def test_flags(words, flags, rest):
    parsed = parse(words.replace('"', "").split(), KNOWN)
    assert (parsed.flags, parsed.words) == (flags, rest)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--no"], "unknown flag: --no"),
        (["-ox"], "unknown shorthand flag: 'x' in -ox"),
        (["-t"], "flag needs an argument: 't' in -t"),
        (["--text"], "flag needs an argument: --text"),
        (["--on=x"], 'invalid argument "x" for "-o, --on" flag: strconv.ParseBool: parsing "x": invalid syntax'),
    ],
)
def test_wrong_flags(words, message):
    with pytest.raises(ChartError) as raised:
        parse(words, KNOWN)
    assert str(raised.value) == message


def test_help_may_be_asked_for_anywhere():
    with pytest.raises(HelpRequested):
        parse(["x", "-h"], KNOWN)
