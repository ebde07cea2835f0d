"""index.yaml: what is read, refused and left out, which version is found, how indexes are merged and written."""

import gzip
import io
import json
import tarfile

import pytest

from kubesim.helm.chart.chart import File
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.repository.building import build_index, digest_of
from kubesim.helm.repository.documents import read_time, time_text
from kubesim.helm.repository.index import NotFoundError, log_line, read_index
from kubesim.helm.template.errors import GoError


def chart_archive(name: str, version: str, **more: str) -> bytes:
    lines = {"apiVersion": "v2", "name": name, "version": version, **more}
    text = "".join(f"{key}: {value}\n" for key, value in lines.items()).encode()
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        entry = tarfile.TarInfo(f"{name}/Chart.yaml")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    return gzip.compress(plain.getvalue(), mtime=0)


INDEX = b"""\
apiVersion: v1
entries:
  web:
  - {name: web, version: 0.9.0, apiVersion: v2, urls: [web-0.9.0.tgz]}
  - {name: web, version: 2.0.0-rc.1, apiVersion: v2, urls: [web-2.0.0-rc.1.tgz]}
  - {name: web, version: 1.10.0, apiVersion: v2, urls: [web-1.10.0.tgz]}
  - {name: web, version: 1.2.0, apiVersion: v2, urls: [web-1.2.0.tgz]}
generated: "2026-01-01T00:00:00Z"
"""


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", "1.10.0"),
        ("1.2.0", "1.2.0"),
        ("^1.2", "1.10.0"),
        ("~1.2", "1.2.0"),
        ("<1", "0.9.0"),
        (">0.0.0-0", "2.0.0-rc.1"),
        ("2.0.0-rc.1", "2.0.0-rc.1"),
    ],
    ids=["newest stable", "exact", "caret", "tilde", "less", "prereleases", "exact prerelease"],
)
def test_the_version_that_is_found(wanted, found):
    assert read_index(INDEX, "here").get("web", wanted).version == found


@pytest.mark.parametrize(
    ("name", "wanted", "message"),
    [
        ("nope", "", "no chart name found"),
        ("web", "3.x", "no chart version found for web-3.x"),
        ("web", "2.0.0", "no chart version found for web-2.0.0"),
    ],
    ids=["name", "constraint", "only a prerelease"],
)
def test_versions_that_are_not_there(name, wanted, message):
    with pytest.raises(NotFoundError) as raised:
        read_index(INDEX, "here").get(name, wanted)
    assert str(raised.value) == message


def test_a_constraint_that_is_none():
    with pytest.raises(GoError, match='improper constraint: "x y"'):
        read_index(INDEX, "here").get("web", "x y")


_JSON = "error unmarshaling JSON: while decoding JSON: "


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty index.yaml file"),
        ("{}", "no API version specified"),
        ("a: b: c", "error converting YAML to JSON: yaml: mapping values are not allowed in this context"),
        ("apiVersion: v1\nbogus: 1\n", f'{_JSON}json: unknown field "bogus"'),
        ("[1]", "json: cannot unmarshal array into Go value of type repo.IndexFile"),
        ("<html>", f"{_JSON}json: cannot unmarshal string into Go value of type repo.IndexFile"),
        (
            "apiVersion: v1\nentries: {web: 3}",
            f"{_JSON}json: cannot unmarshal number into Go struct field .entries.web of type repo.ChartVersions",
        ),
        (
            "apiVersion: v1\nentries:\n  web:\n  - {name: web, version: 1.0.0, foo: 1}\n",
            f'{_JSON}json: unknown field "foo"',
        ),
        (
            "apiVersion: v1\napiVersion: v1\n",
            'error converting YAML to JSON: yaml: unmarshal errors:\n  line 2: key "apiVersion" already set in map',
        ),
    ],
    ids=["empty", "no version", "yaml", "unknown", "list", "html", "kind", "unknown inside", "repeated key"],
)
def test_what_is_no_index(text, message):
    with pytest.raises(GoError) as raised:
        read_index(text.encode(), "here")
    assert str(raised.value) == message


def test_a_bomb_of_aliases_is_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(GoError, match=r"excessive aliasing|unknown field"):
        read_index("\n".join(lines).encode(), "here")


def test_json_nested_without_end_is_refused():
    with pytest.raises(GoError):
        read_index(b'{"entries":' + b"[" * 200_000, "here")


def test_invalid_entries_are_left_out_and_told_of():
    text = """\
apiVersion: v1
entries:
  web:
  - {name: web, version: nope}
  -
  - {version: 1.0.0, name: web}
  - {name: "", version: 1.0.0}
"""
    warnings: list[str] = []
    index = read_index(text.encode(), "http://x", warnings)
    assert [one.version for one in index.entries["web"]] == ["1.0.0"]
    problem = 'validation: chart.metadata.version \\"nope\\" is invalid'
    skipping = 'level=WARN msg="skipping loading invalid entry for chart'
    assert warnings == [
        f'{skipping}" name=web version=1.0.0 source=http://x error="validation: chart.metadata.name is required"',
        f'{skipping}: empty entry" name=web source=http://x',
        f'{skipping}" name=web version=nope source=http://x error="{problem}"',
    ]


def test_json_is_read_less_strictly_than_yaml():
    text = json.dumps({"apiVersion": "v1", "more": 1, "entries": {"a": [{"name": "a", "version": "1.0.0", "x": 1}]}})
    assert read_index(text.encode(), "here").get("a").version == "1.0.0"


def test_an_index_built_from_archives_reads_back_the_same():
    archives = [
        File("web-1.0.0.tgz", chart_archive("web", "1.0.0", description="A web server", appVersion='"1.27"')),
        File("web-1.1.0.tgz", chart_archive("web", "1.1.0")),
        File("old/web-0.1.0.tgz", chart_archive("web", "0.1.0")),
        File("junk.tgz", b"junk"),
    ]
    index = build_index(archives, "https://charts.example/stable/", 1_700_000_000_000_000_000)
    index.sort()
    text = index.to_yaml()
    assert read_index(text.encode(), "here").to_yaml() == text
    newest = index.get("web")
    assert newest.urls == ["https://charts.example/stable/web-1.1.0.tgz"]
    assert newest.digest == digest_of(archives[1].data)
    assert newest.created == index.generated == "2023-11-14T22:13:20Z"
    assert index.get("web", "0.1.0").urls == ["https://charts.example/stable/old/web-0.1.0.tgz"]
    assert [one.version for one in index.entries["web"]] == ["1.1.0", "1.0.0", "0.1.0"]
    assert json.loads(index.to_json())["entries"]["web"][1]["appVersion"] == "1.27"
    assert index.to_json().startswith(b'{\n  "apiVersion": "v1",\n  "generated": "2023-11-14T22:13:20Z",\n  "entries"')


def test_merging_keeps_what_is_there():
    own = read_index(INDEX, "here")
    other = read_index(
        b"""\
apiVersion: v1
entries:
  web:
  - {name: web, version: 1.2.0, apiVersion: v2, urls: [other.tgz]}
  - {name: web, version: 3.0.0, apiVersion: v2, urls: [web-3.0.0.tgz]}
  old:
  - {name: old, version: 1.0.0, apiVersion: v2, removed: true, created: "2020-01-01T00:00:00.500+02:00"}
""",
        "there",
    )
    own.merge(other)
    own.sort()
    assert own.get("web", "1.2.0").urls == ["web-1.2.0.tgz"]
    assert own.get("web").version == "3.0.0"
    assert own.entries["old"][0].tree() == {
        "name": "old",
        "version": "1.0.0",
        "apiVersion": "v2",
        "urls": None,
        "created": "2020-01-01T00:00:00.5+02:00",
        "removed": True,
    }


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_700_000_000_120_000_000, "2023-11-14T22:13:20.12Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
    ],
    ids=["zero", "fraction", "nanosecond"],
)
def test_times(nanoseconds, text):
    assert time_text(nanoseconds) == text
    assert read_time(text) == text


def test_a_time_that_is_none():
    with pytest.raises(ChartError, match='parsing time "yesterday" as "2006-01-02T15:04:05Z07:00"'):
        read_time("yesterday")


def test_log_lines_quote_what_needs_it():
    assert (
        log_line("two words", a="plain", b="with space", c="")
        == 'level=WARN msg="two words" a=plain b="with space" c=""'
    )
