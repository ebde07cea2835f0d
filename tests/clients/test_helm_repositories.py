"""The same commands about repositories and registries, given to the real helm and to the built-in one."""

import os
import re
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from helm.loopback import Loopback, certificate, serving
from kubetui.__main__ import main

CHARTS = {
    "web": ("0.1.0", "0.2.0", "1.0.0-rc.1"),
    "cache": ("0.1.0",),
}
LOGIN = ["-u", "ann", "-p", "s3cret", "--plain-http"]


class Said(NamedTuple):
    """What a command printed, and which files there were afterwards."""

    code: int
    output: str
    error: str
    files: dict[str, str]


class Side:
    """One of the two programs, with a home and a working directory of its own."""

    def __init__(self, root: Path, run) -> None:
        self.root = root
        self.work = root / "work"
        self.work.mkdir(parents=True)
        self.run = run
        self.environment = {f"HELM_{kind}_HOME": str(root / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}

    def helm(self, *arguments: str) -> Said:
        code, output, error = self.run(self, list(arguments))
        return Said(code, self.plain(output), self.plain(error), self.files())

    def plain(self, text: str) -> str:
        """Without what differs from run to run."""
        text = text.replace(str(self.root), "{root}")
        text = re.sub(r"(\.tgz|\.yaml)\d{6,}", r"\1", text)
        text = re.sub(r'"?\d{4}-\d\d-\d\dT[\d:.]+Z"?', "{time}", text)
        return re.sub(r"helm-manager-[0-9a-f]{64}", "{manager}", text)

    def files(self) -> dict[str, str]:
        """Their modes, and the text of those that are text."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            if path.is_file():
                name = self.plain(str(path.relative_to(self.root)))
                data = path.read_bytes()
                text = "binary" if path.suffix in {".tgz", ".chart"} else self.plain(data.decode())
                if name.endswith("-charts.txt"):
                    text = "".join(sorted(text.splitlines(keepends=True)))
                found[f"{path.stat().st_mode & 0o777:o} {name}"] = text
        return found


@pytest.fixture(scope="module")
def charts(programs, tmp_path_factory) -> Path:
    """A folder with charts that the real helm packed and indexed."""
    folder = tmp_path_factory.mktemp("charts")
    helm = str(programs / "helm")
    for name, versions in CHARTS.items():
        subprocess.run([helm, "create", name], cwd=folder, check=True, capture_output=True)
        for version in versions:
            command = [helm, "package", name, "--version", version, "-d", "served"]
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
    subprocess.run([helm, "repo", "index", "served"], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def sides(programs, tmp_path, monkeypatch, capsys):
    """The real helm and the built-in one."""
    for name in list(os.environ):
        if name.startswith(("HELM_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))

    def real(side: Side, arguments):
        environment = {**os.environ, **side.environment}
        done = subprocess.run(
            [str(programs / "helm"), *arguments],
            cwd=side.work,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        return done.returncode, done.stdout, done.stderr

    def own(side: Side, arguments):
        for name, value in side.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(side.work)
        capsys.readouterr()
        code = main(["helm", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return Side(tmp_path / "real", real), Side(tmp_path / "own", own)


def compare(sides, *commands):
    for command in commands:
        arguments = command.split() if isinstance(command, str) else command
        real, own = [side.helm(*arguments) for side in sides]
        assert own == real, f"helm {' '.join(arguments)}"


def test_repo_add_list_update_remove(sides, charts):
    with serving(Loopback(charts / "served")) as server:
        compare(
            sides,
            "repo list",
            "repo list -o json",
            "repo update",
            "repo remove x",
            "search repo",
            "repo add one",
            f"repo add a/b {server.url}",
            "repo add one ftp://x",
            "repo add one http://127.0.0.1:1",
            f"repo add one {server.url}/nope",
            f"repo add one {server.url}",
            f"repo add one {server.url}",
            f"repo add one {server.url}/",
            f"repo add one {server.url}/ --force-update",
            f"repo add two {server.url} --username ann --password x --pass-credentials",
            "repo list",
            "repo list --no-headers",
            "repo ls -o json",
            "repo list -o yaml",
            "repo list -o x",
            "repo update two",
            "repo update xx one",
            "repo update --timeout 5",
            "search repo",
            "search repo web -l",
            "search repo web --devel",
            "search repo web --version ^0.1",
            "search repo zzz",
            "search repo zzz -o json",
            "search repo zzz -o yaml --fail-on-no-result",
            "search repo web -o json",
            "search repo web -o yaml",
            "search repo -r w.b --max-col-width 20",
            "search repo --max-col-width 2",
            "search repo -r w(b",
            "search repo web --version x.y.z.w",
            "repo remove one nope",
            "repo remove",
            "repo rm two",
            "repo list",
        )


def test_pull_and_show(sides, charts):
    with serving(Loopback(charts / "served")) as server:
        compare(
            sides,
            f"repo add one {server.url}",
            "pull one/web",
            "pull one/web --version 9",
            "pull one/web --version 0.1.0 -d nope",
            "pull one/web --version ^0.1 --untar",
            "pull one/web --untar",
            "pull one/web --untar --untardir deep/x",
            "pull one/web --devel",
            "pull one/web --prov",
            "pull one/web --verify",
            "pull one/nope",
            "pull two/web",
            "pull web",
            "pull ./web",
            f"pull web --repo {server.url}",
            f"pull web --repo {server.url} --version 7",
            f"pull nope --repo {server.url}",
            f"pull web --repo {server.url}/x",
            f"pull {server.url}/web-0.1.0.tgz",
            f"pull {server.url}/gone.tgz",
            "show chart one/cache",
            "show values one/web --version 0.1.0",
            f"show chart web --repo {server.url}",
            f"show chart {server.url}/web-0.1.0.tgz",
            "show chart one/nope",
            "template x one/web --version ~0.1.0 -s templates/service.yaml",
            f"template x web --repo {server.url} -s templates/service.yaml",
            f"template {server.url}/web-0.2.0.tgz -s templates/service.yaml",
        )


def test_credentials_and_tls(sides, charts, tmp_path):
    cert, key = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    basic, secure = Loopback(charts / "served", "basic"), Loopback(charts / "served")
    with serving(Loopback(charts / "served")) as plain, serving(basic), serving(secure, context):
        plain.redirects = {
            "/loop/index.yaml": "/loop/index.yaml",
            "/away/index.yaml": f"{basic.url}/index.yaml",
        }
        compare(
            sides,
            f"repo add base {basic.url}",
            f"repo add base {basic.url} --username ann --password wrong",
            f"repo add base {basic.url} --username ann --password s3cret",
            "pull base/cache",
            f"pull cache --repo {basic.url}",
            f"pull cache --repo {basic.url} --username ann --password s3cret",
            f"repo add tls {secure.url}",
            f"repo add tls {secure.url} --insecure-skip-tls-verify",
            "pull tls/cache",
            "pull tls/cache --insecure-skip-tls-verify",
            f"repo add tls2 {secure.url} --ca-file {cert}",
            "pull tls2/web",
            f"repo add tls3 {secure.url} --ca-file {tmp_path / 'gone'}",
            f"repo add tls3 {plain.url.replace('http', 'https')}",
            f"repo add tls3 {secure.url.replace('https', 'http')}",
            f"repo add r {plain.url}/loop",
            f"repo add r {plain.url}/away --username ann --password s3cret",
            f"repo add slow {plain.url}/slow --timeout 100ms",
        )


@pytest.mark.parametrize("access", ["", "basic", "token"], ids=["open", "basic", "token"])
def test_registries(sides, charts, access):
    archives = [str(charts / "served" / f"web-{version}.tgz") for version in CHARTS["web"]]
    with serving(Loopback(charts / "served", access)) as server:
        place = f"oci://{server.host}/charts"
        commands = [f"push {archives[0]} {place} --plain-http"]
        if access:
            commands += [f"registry login {server.host} -u ann -p wrong --plain-http"]
            commands += [["registry", "login", server.host, *LOGIN]]
        commands += [f"push {archive} {place} --plain-http" for archive in archives]
        commands += [
            f"push {archives[0]} {place}",
            f"push nope.tgz {place}",
            f"push {charts / 'web'} {place}",
            f"push {archives[0]} http://x",
            f"push {archives[0]}",
            f"pull {place}/web --plain-http",
            f"pull {place}/web --plain-http --version ^0.1",
            f"pull {place}/web:0.1.0 --plain-http",
            f"pull {place}/web --plain-http --version 7",
            f"pull {place}/web:0.2.0 --plain-http --version 0.1.0",
            f"pull {place}/nope --plain-http",
            f"pull {place}/web --plain-http --devel --untar",
            f"pull {place}/Web --plain-http",
            f"pull {place}/web:1:2 --plain-http",
            f"show chart {place}/web --plain-http",
            f"template {place}/web --plain-http -s templates/service.yaml",
            f"registry logout {server.host}",
            f"registry logout {server.host}",
            f"pull {place}/web:0.1.0 --plain-http",
        ]
        compare(sides, *commands)
        digests = {tag: data for (_, tag), data in server.manifests.items() if not tag.startswith("sha256:")}
        assert sorted(digests) == sorted(CHARTS["web"])


def test_versions_with_build_numbers(sides, charts, programs, tmp_path):
    archives = []
    for version in ("0.3.0+b1", "0.3.0+b2"):
        command = [str(programs / "helm"), "package", str(charts / "web"), "--version", version, "-d", str(tmp_path)]
        subprocess.run(command, check=True, capture_output=True)
        archives.append(str(tmp_path / f"web-{version}.tgz"))
    Path(f"{archives[0]}.prov").write_text("signed")
    with serving(Loopback(charts / "served")) as server:
        place = f"oci://{server.host}/charts"
        compare(
            sides,
            *[f"push {archive} {place}/ --plain-http" for archive in archives],
            f"pull {place}/web --plain-http --version 0.3.0+b1 --prov",
            f"pull {place}/web --plain-http --version 0.3.0+b2 --prov",
            f"pull {place}/web --plain-http --version 0.3.0+b2 --verify",
            f"pull {place}/web --plain-http",
            f"pull {place}/web:0.3.0+b1 --plain-http",
            f"pull {place}/web:0.3.0_b1 --plain-http --version 0.3.0+b1",
            f"repo add x {place}",
            f"show chart web --repo {place} --plain-http",
            "dep list a b",
            "repo list x",
            "push x",
            "pull",
            "template x ftp://a/b.tgz",
            "template x http://",
        )


def test_what_one_pushes_the_other_pulls(sides, charts):
    real, own = sides
    archive = str(charts / "served" / "web-0.1.0.tgz")
    with serving(Loopback(charts / "served")) as one, serving(Loopback(charts / "served")) as two:
        for server, pusher, puller in ((one, real, own), (two, own, real)):
            place = f"oci://{server.host}/charts"
            assert pusher.helm("push", archive, place, "--plain-http").code == 0
            assert puller.helm("pull", f"{place}/web", "--plain-http").code == 0
            assert (puller.work / "web-0.1.0.tgz").read_bytes() == Path(archive).read_bytes()
        assert one.manifests == {**two.manifests, **one.manifests}
        assert one.blobs == two.blobs


def chart_with(side: Side, charts: Path, dependencies: str) -> None:
    shutil.rmtree(side.work / "app", ignore_errors=True)
    (side.work / "app" / "templates").mkdir(parents=True)
    (side.work / "app" / "values.yaml").write_text("{}\n")
    head = "apiVersion: v2\nname: app\nversion: 0.1.0\n"
    (side.work / "app" / "Chart.yaml").write_text(head + (f"dependencies:\n{dependencies}" if dependencies else ""))
    if not (side.work / "lib").exists():
        shutil.copytree(charts / "cache", side.work / "lib")


def depend(name: str, version: str, repository: str, more: str = "") -> str:
    return f"  - name: {name}\n    version: {version!r}\n    repository: {repository!r}\n{more}"


def test_dependencies(sides, charts):
    with serving(Loopback(charts / "served")) as server:
        url = server.url
        both = depend("web", "^0.1", url, "    alias: front\n    tags: [a]\n") + depend(
            "cache", "0.1.0", "file://../lib"
        )
        for side in sides:
            chart_with(side, charts, both)
        compare(
            sides,
            "dependency list app",
            "dep build app --skip-refresh",
            "dep update app",
            "dep list app",
            "dep build app",
            f"repo add one {url}",
            "dep build app",
            "dep update app --skip-refresh",
            "template x app -s charts/front/templates/service.yaml",
            "package app -u",
        )
        for side in sides:
            file = side.work / "app" / "Chart.yaml"
            file.write_text(file.read_text().replace("^0.1", "0.2.x"))
        compare(sides, "dep build app", "dep list app", "dep up app", "dep list app", "dep update nope")
        for side in sides:
            shutil.rmtree(side.work / "app" / "charts")
        compare(sides, "template x app", "template x app --dependency-update -s charts/cache/templates/service.yaml")


@pytest.mark.parametrize(
    "dependencies",
    [
        "",
        depend("web", "9", "@one"),
        depend("web", "0.2.0", "@one"),
        depend("web", "0.2.0", "alias:one", "    import-values: [data, {parent: b, child: a}]\n"),
        depend("web", "0.2.0", "two"),
        depend("web", "0.2.0", "alias:two"),
        depend("web", "x y", "@one"),
        depend("nope", "0.2.0", "@one"),
        depend("web", "0.2.0", "file://../gone"),
        depend("cache", "0.2.0", "file://../lib"),
        depend("web", "0.2.0", "http://127.0.0.1:1/x"),
        "  - name: web\n    version: 0.2.0\n",
    ],
    ids=[
        "none",
        "no version",
        "at",
        "alias",
        "name",
        "unknown",
        "constraint",
        "chart",
        "folder",
        "old",
        "dead",
        "local",
    ],
)
def test_dependency_updates(sides, charts, dependencies):
    with serving(Loopback(charts / "served")) as server:
        for side in sides:
            chart_with(side, charts, dependencies)
        compare(sides, f"repo add one {server.url}", "dep update app", "dep list app")


def test_dependencies_from_a_registry(sides, charts):
    with serving(Loopback(charts / "served")) as server:
        place = f"oci://{server.host}/charts"
        for version in CHARTS["web"]:
            sides[0].helm("push", str(charts / "served" / f"web-{version}.tgz"), place, "--plain-http")
        for version in ("^0.1", "^3", "3.0.0"):
            for side in sides:
                chart_with(side, charts, depend("web", version, place))
            sides[1].helm("version")
            compare(sides, "dep update app --plain-http", "dep build app --plain-http", "dep list app")


def test_index(sides, charts):
    for side in sides:
        shutil.copytree(charts / "served", side.work / "www")
        (side.work / "www" / "sub").mkdir()
        shutil.copy(side.work / "www" / "web-0.1.0.tgz", side.work / "www" / "sub" / "web-0.1.0.tgz")
        (side.work / "www" / "junk.tgz").write_bytes(b"junk")
        (side.work / "old.yaml").write_text(
            "apiVersion: v1\nentries:\n  old:\n  - {name: old, version: 1.0.0, apiVersion: v2, urls: [a]}\n"
        )
    compare(
        sides,
        "repo index www",
        "repo index www --url https://charts.example/stable/",
        "repo index www --json --url http://x",
        "repo index www --merge old.yaml",
        "repo index www --merge new.yaml",
        "repo index gone",
        "repo index",
    )


def test_helms_files_serve_both(sides, charts):
    real, own = sides
    own.environment = real.environment
    with serving(Loopback(charts / "served")) as server:
        assert real.helm("repo", "add", "one", server.url).code == 0
        assert own.helm("pull", "one/web", "--untar").code == 0
        assert own.helm("repo", "add", "two", server.url).code == 0
        assert real.helm("repo", "update", "two").code == 0
        assert real.helm("pull", "two/cache").code == 0
        assert own.helm("repo", "remove", "one").code == 0
        assert "two" in real.helm("repo", "list").output
