"""Charts made, checked, packed and rendered by the real helm and by the built-in one: the same text, byte for byte."""

import io
import os
import subprocess
import tarfile
from pathlib import Path
from typing import NamedTuple

import pytest

from kubetui.cli.helm import main

PARENT = {
    "Chart.yaml": """
apiVersion: v2
name: parent
version: 0.1.0
dependencies:
- {name: child, version: 0.x.x, repository: x, alias: first, condition: first.enabled}
- {name: child, version: ">=0.1.0", repository: x, alias: second, tags: [extra], import-values: [out]}
- {name: library, version: "*", repository: x}
""",
    "values.yaml": """
global: {registry: r.example, deep: {a: 1}}
first: {enabled: true, count: 1000000, gone: x}
second: {note: '{{ .Release.Name }}'}
tags: {extra: true}
big: 12345678901234567890
script: "a\\tb\\n c"
""",
    "files/one.txt": "line 1\nline 2\n",
    "crds/thing.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\n",
    "templates/_h.tpl": "{{ define `parent.labels` }}app: {{ .Chart.Name }}\nn: {{ .Values.big }}{{ end }}",
    "templates/all.yaml": """apiVersion: v1
kind: ConfigMap
metadata:
  name: all
  labels: {{- include "parent.labels" . | nindent 4 }}
data:
  values: |
    {{- toYaml .Values | nindent 4 }}
  files: {{ (.Files.Glob "files/*").AsConfig | quote }}
  {{- range $name, $one := .Subcharts }}
  {{ $name }}: {{ $one.Values | toJson | quote }}
  {{- end }}
  library: {{ include "library.words" (list "a" "b-c") }}
  random: {{ randAlphaNum 5 | len | quote }}
---
apiVersion: v1
kind: Namespace
metadata:
  name: {{ .Release.Namespace }}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: hook
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-weight: "-5"}
""",
    "templates/NOTES.txt": "{{ if .Release.IsUpgrade }}{{ fail `no upgrades` }}{{ end }}",
    "charts/child/Chart.yaml": "apiVersion: v2\nname: child\nversion: 0.2.0\n",
    "charts/child/values.yaml": "count: 1\ngone: default\nexports: {out: {imported: [1, two, null]}}\n",
    "charts/child/templates/x.yaml": """
kind: Service
metadata: {name: {{ .Chart.Name }}-{{ .Values.count }}}
note: {{ tpl (.Values.note | default "none") . }}
gone: {{ .Values.gone }}
global: {{ .Values.global | toJson }}
""",
    "charts/library/Chart.yaml": "apiVersion: v2\nname: library\nversion: 1.0.0\ntype: library\n",
    "charts/library/templates/_w.tpl": "{{ define `library.words` }}{{ join `+` . | upper | quote }}{{ end }}",
    "charts/library/templates/never.yaml": "never: rendered\n",
}


class Said(NamedTuple):
    """What a command printed."""

    code: int
    output: str
    error: str


class Programs:
    """The real helm and the built-in one, each in a folder of its own."""

    def __init__(self, folder: Path, real: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary) -> None:
        self.real, self.own = folder / "real", folder / "own"
        self.program = real
        self.monkeypatch = monkeypatch
        self.capture = capfdbinary
        self.real.mkdir()
        self.own.mkdir()
        self.environment = {**os.environ, "HOME": str(folder), "SOURCE_DATE_EPOCH": "1700000000"}
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")

    def both(self, *arguments: str) -> tuple[Said, Said]:
        done = subprocess.run(
            [self.program, *arguments],
            cwd=self.real,
            env=self.environment,
            capture_output=True,
            timeout=60,
            check=False,
        )
        theirs = Said(done.returncode, done.stdout.decode(), done.stderr.decode())
        self.monkeypatch.chdir(self.own)
        self.capture.readouterr()
        code = main(list(arguments))
        captured = self.capture.readouterr()
        ours = Said(code, captured.out.decode(), captured.err.decode())
        return self.plain(theirs, self.real), self.plain(ours, self.own)

    @staticmethod
    def plain(said: Said, folder: Path) -> Said:
        """Without the folder, and of what is told on the side only errors."""
        errors = [line for line in said.error.splitlines() if not line.startswith(("level=", "time="))]
        return Said(
            said.code, said.output.replace(str(folder), "{folder}"), "\n".join(errors).replace(str(folder), "{folder}")
        )

    def write(self, name: str, files: dict[str, str]) -> None:
        for root in (self.real, self.own):
            for path, text in files.items():
                target = root / name / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")


@pytest.fixture
def programs_side_by_side(tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary) -> Programs:
    return Programs(tmp_path, programs / "helm", monkeypatch, capfdbinary)


def files_of(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in sorted(folder.rglob("*")) if path.is_file()]


def contents(archive: Path) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive.read_bytes())) as opened:
        found = {}
        for entry in opened:
            stream = opened.extractfile(entry)
            found[entry.name] = stream.read() if stream is not None else b""
        return found


def test_create_lint_package_and_template(programs_side_by_side: Programs):
    side = programs_side_by_side
    for command in (["create", "shop"], ["lint", "shop"], ["lint", "shop", "--strict"], ["package", "shop"]):
        theirs, ours = side.both(*command)
        assert ours == theirs
        assert theirs.code == 0
    # The new charts are written in other words, but have the same files and render the same.
    assert files_of(side.own / "shop") == files_of(side.real / "shop")
    assert list(contents(side.own / "shop-0.1.0.tgz")) == list(contents(side.real / "shop-0.1.0.tgz"))
    for chart in ("shop", "shop-0.1.0.tgz"):
        for flags in (
            [],
            ["--set", "ingress.enabled=true,autoscaling.enabled=true"],
            ["--set", "httpRoute.enabled=true"],
        ):
            theirs, ours = side.both("template", "r", chart, *flags)
            assert ours == theirs
            assert theirs.code == 0


def test_package_writes_the_same_files(programs_side_by_side: Programs):
    side = programs_side_by_side
    side.write("parent", PARENT)
    theirs, ours = side.both("package", "parent", "--version", "2.0.0", "--app-version", "7")
    assert ours == theirs
    assert contents(side.own / "parent-2.0.0.tgz") == contents(side.real / "parent-2.0.0.tgz")
    theirs, ours = side.both("template", "parent-2.0.0.tgz", "--include-crds")
    assert ours == theirs


@pytest.mark.parametrize(
    "flags",
    [
        [],
        ["--include-crds", "--namespace", "prod"],
        ["--is-upgrade"],
        ["--no-hooks", "--set", "first.enabled=false,global.deep=null"],
        ["--set", "first.gone=null,tags.extra=false", "--set-string", "big=7"],
        ["--set-json", 'second={"note":"{{ fail `on purpose` }}"}'],
        ["--set", "first=5"],
        ["--set", "a[0"],
        ["--show-only", "charts/first/templates/x.yaml"],
        ["--kube-version", "nonsense"],
    ],
    ids=" ".join,
)
def test_a_chart_with_subcharts(programs_side_by_side: Programs, flags: list[str]):
    side = programs_side_by_side
    side.write("parent", PARENT)
    theirs, ours = side.both("template", "r", "parent", *flags)
    assert ours == theirs
