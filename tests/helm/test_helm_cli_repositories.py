"""The sample repository, and folders as repositories: the whole story without a network."""

import subprocess
import sys
from pathlib import Path

import pytest

from kubesim.helm.chart.archive import read_archive
from kubesim.helm.chart.loader import load_archive
from kubetui.__main__ import main
from kubetui.cli.helm.flags import Parsed
from kubetui.cli.helm.groups import full_words
from kubetui.cli.helm.output import duration_of, table_lines
from kubetui.repositories.getters import samples_folder

ROOT = Path(__file__).resolve().parents[2]
ARCHIVES = sorted(samples_folder().glob("*.tgz"))


@pytest.fixture
def helm(tmp_path, monkeypatch, capsys):
    for kind in ("CACHE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"HELM_{kind}_HOME", str(tmp_path / "home" / kind.lower()))
    for name in ("HELM_REPOSITORY_CONFIG", "HELM_REPOSITORY_CACHE", "HELM_REGISTRY_CONFIG", "HELM_CONTENT_CACHE"):
        monkeypatch.delenv(name, raising=False)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)

    def run(line):
        capsys.readouterr()
        code = main(["helm", *line.split()])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    run.work = work
    return run


def test_the_sample_repository_is_searched_pulled_and_rendered(helm):
    assert helm("repo add samples samples://") == (0, '"samples" has been added to your repositories\n', "")
    code, output, _ = helm("search repo")
    assert code == 0
    assert [line.split("\t")[0].strip() for line in output.splitlines()] == [
        "NAME",
        "samples/common",
        "samples/guestbook",
        "samples/redis",
        "samples/report",
        "samples/web",
    ]
    _, output, _ = helm("search repo web -l --devel -o json")
    versions = [part.split('"')[0] for part in output.split('"version":"')[1:]]
    assert versions[:5] == ["2.0.0-rc.1", "1.2.1", "1.2.0", "1.1.0", "1.0.0"]
    assert helm("pull samples/web --untar --version 1.1.0")[0] == 0
    assert (helm.work / "web" / "templates" / "autoscaling.yaml").exists()
    code, output, _ = helm("template book samples/guestbook --set front.page.title=Guests")
    assert code == 0
    assert "<h1>Guests</h1>" in output
    assert "name: book-redis" in output
    assert helm("repo update")[0] == 0


def test_a_folder_is_a_repository(helm):
    (helm.work / "charts").mkdir()
    assert helm("create hello")[0] == 0
    assert helm("package hello -d charts")[0] == 0
    assert helm("repo index charts")[0] == 0
    assert helm("repo add mine charts")[0] == 0
    assert f"file://{helm.work}/charts" in helm("repo list")[1]
    assert helm("show chart mine/hello")[1].startswith("apiVersion: v2\n")
    assert helm(f"template x hello --repo file://{helm.work}/charts -s templates/service.yaml")[0] == 0
    assert helm(f"template x file://{helm.work}/charts/hello-0.1.0.tgz -s templates/service.yaml")[0] == 0


def test_a_dependency_on_a_folder_that_was_added(helm):
    assert helm("repo add samples samples://")[0] == 0
    assert helm("pull samples/web -d .")[0] == 0
    assert helm("repo index .")[0] == 0
    assert helm("repo add mine .")[0] == 0
    assert helm("create app")[0] == 0
    file = helm.work / "app" / "Chart.yaml"
    file.write_text(file.read_text() + "dependencies:\n- {name: web, version: 1.x, repository: '@mine'}\n")
    code, output, _ = helm("dependency update app --skip-refresh")
    assert (code, output.splitlines()[1]) == (0, f"Downloading web from repo file://{helm.work}")
    assert f"repository: file://{helm.work}\n  version: 1.2.1" in (helm.work / "app" / "Chart.lock").read_text()
    assert helm("dependency build app --skip-refresh")[0] == 0


def test_dependencies_on_the_sample_repository(helm):
    assert helm("create app")[0] == 0
    file = helm.work / "app" / "Chart.yaml"
    file.write_text(file.read_text() + "dependencies:\n- {name: redis, version: 1.x, repository: 'samples://'}\n")
    code, output, _ = helm("dependency update app")
    assert (code, output.splitlines()) == (
        0,
        [
            "Getting updates for unmanaged Helm repositories...",
            '...Successfully got an update from the "samples://" chart repository',
            "Saving 1 charts",
            "Downloading redis from repo samples://",
            "Deleting outdated charts",
        ],
    )
    assert [path.name for path in (helm.work / "app" / "charts").iterdir()] == ["redis-1.0.0.tgz"]
    assert "redis\t1.x    \tsamples://\tok" in helm("dependency list app")[1]
    assert helm("repo add samples samples://")[0] == 0
    assert helm("dependency build app")[0] == 0
    assert helm("lint app")[0] == 0


def test_a_failed_update_leaves_charts_as_they_were(helm):
    assert helm("create app")[0] == 0
    assert helm("create lib")[0] == 0
    file = helm.work / "app" / "Chart.yaml"
    head = file.read_text()
    wanted = "dependencies:\n- {name: lib, version: 0.1.0, repository: 'file://../lib'}\n"
    file.write_text(head + wanted)
    assert helm("dep update app")[0] == 0
    before = {path.name: path.read_bytes() for path in (helm.work / "app").rglob("*") if path.is_file()}
    more = "- {name: nope, version: 1.0.0, repository: 'oci://127.0.0.1:1/charts'}\n"
    file.write_text(head + wanted + more)
    before["Chart.yaml"] = file.read_bytes()
    code, _, error = helm("dep update app --plain-http")
    assert (code, "connection refused" in error) == (1, True)
    assert {path.name: path.read_bytes() for path in (helm.work / "app").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("path", ARCHIVES, ids=lambda path: path.stem)
def test_every_sample_chart_is_sound(helm, path):
    chart = load_archive(path.read_bytes())
    assert path.name == f"{chart.name}-{chart.metadata.version}.tgz"
    assert helm(f"lint --strict {path}")[0] == 0
    assert chart.metadata.type == "library" or helm(f"template r {path}")[0] == 0


def test_the_sample_repository_is_as_its_sources_make_it():
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "make_charts.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "the sample charts are up to date\n"), "run `make charts`"


def test_the_versions_of_web_tell_a_story():
    texts = {
        path.stem: b"".join(file.data for file in read_archive(path.read_bytes())).decode()
        for path in ARCHIVES
        if path.stem.startswith("web-")
    }
    assert [name for name, text in texts.items() if "path: /ready" in text] == ["web-1.2.0"]
    assert [name for name, text in texts.items() if "HorizontalPodAutoscaler" not in text] == ["web-1.0.0"]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["dep", "up", "x"], ["dependency update", "x"]),
        (["repo", "ls"], ["repo list"]),
        (["repo", "nope"], ["repo"]),
        (["repo", "--help"], ["repo", "--help"]),
        (["fetch", "a/b"], ["pull", "a/b"]),
        (["lint", "repo"], ["lint", "repo"]),
    ],
    ids=" ".join,
)
def test_commands_of_two_words(given, found):
    assert full_words(given) == found


def test_a_group_lists_its_commands(helm):
    code, output, _ = helm("registry")
    assert code == 0
    assert "login    login to a registry" in output


def test_artifact_hub_is_not_asked(helm):
    code, output, error = helm("search hub nginx")
    assert (code, output) == (1, "")
    assert error.startswith('Error: unable to perform search against "https://hub.helm.sh": kubetui asks only')


def test_tables_cut_cells_as_helm_does():
    assert table_lines([["NAME", "A"], ["longer", "bb"]], 5) == ["NAME \tA ", "lo...\tbb"]


@pytest.mark.parametrize(("text", "seconds"), [("1m30s", 90), ("300ms", 0.3), ("0", 0), ("2h", 7200)])
def test_durations(text, seconds):
    assert duration_of(Parsed({"timeout": text}, []), "timeout", 1) == seconds
