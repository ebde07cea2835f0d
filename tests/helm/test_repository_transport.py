"""What servers may do to the built-in helm: floods, delays, redirects, wrong content; and where credentials go."""

import gzip
import hashlib
import io
import json
import stat
import tarfile
import time

import pytest

from helm.loopback import BASIC, Loopback, serving
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.repository.registry.exchange import Credentials, HttpRequest
from kubetui.__main__ import main
from kubetui.repositories import ChartOptions, getters, locate_chart
from kubetui.repositories.credentials import save, stored
from kubetui.repositories.files import locked, write_whole
from kubetui.repositories.getters import Access, fetch
from kubetui.repositories.settings import from_environment
from kubetui.repositories.transport import Transport, masked


def archive(entries, name="web"):
    plain = io.BytesIO()
    head = f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n".encode()
    with tarfile.open(fileobj=plain, mode="w") as out:
        for path, content in [(f"{name}/Chart.yaml", head), *entries]:
            entry = tarfile.TarInfo(path)
            if isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
                out.addfile(entry)
            else:
                entry.size = len(content)
                out.addfile(entry, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), mtime=0)


def index_of(**digests):
    lines = ["apiVersion: v1", "entries:"]
    for name, digest in digests.items():
        lines += [
            f"  {name}:",
            f"  - {{name: {name}, version: 1.0.0, apiVersion: v2, urls: [{name}.tgz], digest: '{digest}'}}",
        ]
    return "\n".join(lines).encode()


@pytest.fixture
def home(tmp_path, monkeypatch):
    for kind in ("CACHE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"HELM_{kind}_HOME", str(tmp_path / "home" / kind.lower()))
    for name in ("HELM_REPOSITORY_CONFIG", "HELM_REPOSITORY_CACHE", "HELM_REGISTRY_CONFIG", "HELM_CONTENT_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return tmp_path / "home"


@pytest.fixture
def served(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    with serving(Loopback(folder)) as server:
        yield server


def helm(capsys, *arguments):
    capsys.readouterr()
    code = main(["helm", *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_chart_that_was_tampered_with_is_refused_and_nothing_is_kept(home, served, capsys, tmp_path):
    good = archive([])
    (served.folder / "index.yaml").write_bytes(index_of(web=hashlib.sha256(good).hexdigest()))
    (served.folder / "web.tgz").write_bytes(archive([("web/evil", b"x")]))
    assert helm(capsys, "repo", "add", "one", served.url)[0] == 0
    for command in (
        ["pull", "one/web"],
        ["pull", "one/web", "--untar"],
        ["template", "one/web"],
        ["show", "all", "one/web"],
    ):
        code, output, error = helm(capsys, *command)
        assert (code, output) == (1, "")
        assert error.startswith("Error: web.tgz is not the chart that the repository's index describes")
    assert files_in(tmp_path / "work") == []
    assert not (home / "cache" / "content").exists()
    (served.folder / "web.tgz").write_bytes(good)
    assert helm(capsys, "pull", "one/web")[0] == 0


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("file:///etc/passwd", 'scheme "file" not supported'),
        ("samples:///web-1.0.0.tgz", 'scheme "samples" not supported'),
        ("ftp://127.0.0.1/web.tgz", 'scheme "ftp" not supported'),
        ("charts/..", "invalid chart URL format: {url}/"),
    ],
    ids=["file", "samples", "ftp", "folder"],
)
def test_an_index_names_no_files_of_this_machine(home, served, capsys, address, message):
    text = index_of(web="").replace(b"web.tgz", address.encode())
    (served.folder / "index.yaml").write_bytes(text)
    assert helm(capsys, "repo", "add", "one", served.url)[0] == 0
    for command in (["pull", "one/web"], ["show", "chart", "web", "--repo", served.url]):
        code, _, error = helm(capsys, *command)
        assert (code, error) == (1, f"Error: {message.format(url=served.url)}\n")


def test_an_index_may_name_a_registry(home, served, capsys, tmp_path):
    (served.folder / "web-1.0.0.tgz").write_bytes(archive([]))
    place = f"oci://{served.host}/charts"
    assert helm(capsys, "push", f"{served.folder}/web-1.0.0.tgz", place, "--plain-http")[0] == 0
    (served.folder / "index.yaml").write_bytes(index_of(web="").replace(b"web.tgz", f'"{place}/web:1.0.0"'.encode()))
    assert helm(capsys, "repo", "add", "one", served.url)[0] == 0
    assert helm(capsys, "pull", "one/web", "--plain-http")[0] == 0
    assert files_in(tmp_path / "work") == ["web-1.0.0.tgz"]


def test_a_cache_that_was_tampered_with_is_not_believed(home, served):
    good = archive([])
    digest = hashlib.sha256(good).hexdigest()
    (served.folder / "index.yaml").write_bytes(index_of(web=digest))
    (served.folder / "web.tgz").write_bytes(good)
    options = ChartOptions(repository=served.url)
    path = locate_chart("web", options)
    assert path == home / "cache" / "content" / digest[:2] / f"{digest}.chart"
    path.write_bytes(archive([("web/evil", b"x")]))
    assert locate_chart("web", options).read_bytes() == good
    asked = len(served.seen)
    assert locate_chart("web", options) == path
    assert served.paths()[asked:] == ["GET /index.yaml"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (archive([("web/../../up", b"x")]), "chart illegally references parent directory"),
        (archive([("web/big", bytes(101 << 20))]), "decompressed chart is larger than the maximum size 104857600"),
        (b"junkjunkjunkjunk", "gzip: invalid header"),
        (archive([])[:60], "unexpected EOF"),
        (archive([], name=".."), '".." is not a valid chart name'),
    ],
    ids=["parent", "bomb", "junk", "cut", "name"],
)
def test_archives_that_are_not_unpacked(home, served, capsys, tmp_path, data, message):
    (served.folder / "web.tgz").write_bytes(data)
    code, _, error = helm(capsys, "pull", f"{served.url}/web.tgz", "--untar")
    assert (code, error) == (1, f"Error: {message}\n")
    assert files_in(tmp_path) == ["served/web.tgz"]


def test_links_in_archives_become_empty_files(home, served, capsys, tmp_path):
    (served.folder / "web.tgz").write_bytes(archive([("web/link", "/etc/passwd")]))
    assert helm(capsys, "pull", f"{served.url}/web.tgz", "--untar")[0] == 0
    link = tmp_path / "work" / "web" / "link"
    assert not link.is_symlink()
    assert link.read_bytes() == b""


def test_a_flood_is_cut_off(home, served, capsys, monkeypatch):
    monkeypatch.setattr(getters, "MAX_INDEX", 4 << 20)
    code, _, error = helm(capsys, "repo", "add", "huge", f"{served.url}/huge")
    assert code == 1
    assert error.endswith(
        f"failed to fetch {served.url}/huge/index.yaml : it is larger than the 4194304 bytes that are allowed\n"
    )
    assert not (home / "config" / "repositories.yaml").exists()


def test_an_archive_that_says_it_is_too_large_is_not_read(served):
    (served.folder / "big.tgz").write_bytes(bytes(2 << 20))
    with pytest.raises(ChartError, match="it is larger than the 1048576 bytes that are allowed"):
        fetch(f"{served.url}/big.tgz", Access(), 1 << 20)


def test_a_large_file_of_this_machine_is_refused(tmp_path):
    file = tmp_path / "big.tgz"
    with file.open("wb") as out:
        out.truncate(100_000_000)
    with pytest.raises(ChartError, match="it is larger than the 67108864 bytes that are allowed"):
        fetch(file.as_uri(), Access())


def test_a_server_that_does_not_answer(served):
    start = time.monotonic()
    with pytest.raises(ChartError, match=r"Get .*: context deadline exceeded \(Client.Timeout exceeded while awaiting"):
        fetch(f"{served.url}/slow/index.yaml", Access(timeout=0.2))
    assert time.monotonic() - start < 3


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("/loop", "stopped after 10 redirects"),
        ("file:///etc/passwd", 'unsupported protocol scheme "file"'),
        ("ftp://127.0.0.1/x", 'unsupported protocol scheme "ftp"'),
    ],
    ids=["loop", "file", "ftp"],
)
def test_redirects_that_are_not_followed(served, location, message):
    served.redirects = {"/loop": location}
    with pytest.raises(ChartError) as raised:
        fetch(f"{served.url}/loop", Access())
    assert str(raised.value) == f'Get "{location}": {message}'


def test_credentials_are_for_the_repositorys_own_host(served):
    (served.folder / "x").write_bytes(b"x")
    for url, passing in ((served.url, False), ("http://charts.example", False), ("http://charts.example", True)):
        fetch(f"{served.url}/x", Access(url, "ann", "s3cret", passing))
    assert [authorization for _, _, authorization in served.seen] == [BASIC, "", BASIC]


def test_credentials_do_not_follow_a_redirect_to_another_host(served):
    (served.folder / "x").write_bytes(b"x")
    served.redirects = {"/away": f"http://localhost:{served.port}/x"}
    assert fetch(f"{served.url}/away", Access(served.url, "ann", "s3cret")) == b"x"
    assert [authorization for _, _, authorization in served.seen] == [BASIC, ""]


def test_a_password_in_a_url_is_used_and_not_shown(served):
    url = f"http://ann:s3cret@{served.host}/gone"
    with pytest.raises(ChartError) as raised:
        fetch(url, Access())
    assert str(raised.value) == f"failed to fetch http://ann:***@{served.host}/gone : 404 Not Found"
    assert served.seen[0][2] == BASIC
    assert masked("http://ann@x/y") == "http://ann@x/y"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://127.0.0.1:1/x", 'Get "http://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused'),
        ("http://nowhere.invalid/x", 'Get "http://nowhere.invalid/x": dial tcp: lookup nowhere.invalid: no such host'),
    ],
    ids=["refused", "unknown"],
)
def test_hosts_that_cannot_be_reached(url, message):
    with pytest.raises(ChartError) as raised:
        Transport().send(HttpRequest("GET", url))
    assert str(raised.value) == message


def test_a_proxy_is_for_other_machines(served, monkeypatch):
    (served.folder / "x").write_bytes(b"x")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    assert fetch(f"{served.url}/x", Access()) == b"x"
    with pytest.raises(ChartError, match="connection refused"):
        fetch("http://charts.example/x", Access())


def test_signatures_are_refused_rather_than_ignored(home, served, capsys):
    good = archive([])
    (served.folder / "web.tgz").write_bytes(good)
    (served.folder / "web.tgz.prov").write_text("signed")
    code, _, error = helm(capsys, "pull", f"{served.url}/web.tgz", "--verify")
    assert (code, error.startswith("Error: signatures cannot be verified here")) == (1, True)
    assert helm(capsys, "pull", f"{served.url}/web.tgz", "--prov")[0] == 0


def test_logins_are_kept_for_their_owner_only(tmp_path):
    config = tmp_path / "registry" / "config.json"
    save("r.example", Credentials("ann", "s3cret"), str(config))
    save("s.example", Credentials("bob", "x"), str(config))
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert stored("r.example", str(config)) == Credentials("ann", "s3cret")
    assert "s3cret" not in repr(stored("r.example", str(config)))


def test_logins_of_docker_are_read_too(home, tmp_path):
    folder = tmp_path / "docker"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"auths": {"r.example": {"identitytoken": "T", "auth": ""}}}))
    assert stored("r.example", str(tmp_path / "none.json")).identity_token == "T"


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path):
    target = tmp_path / "x.yaml"
    write_whole(target, b"one", 0o600)
    with pytest.raises(ChartError, match="no such file or directory"):
        write_whole(tmp_path / "gone" / "x.yaml", b"two")
    assert files_in(tmp_path) == ["x.yaml"]
    with locked(target):
        write_whole(target, b"three", 0o600)
    assert target.read_bytes() == b"three"


def test_paths_come_from_flags_then_variables_then_homes(home, monkeypatch):
    monkeypatch.setenv("HELM_REPOSITORY_CACHE", "/variable")
    found = from_environment({"repository-config": "/flag"})
    assert found.repository_config == "/flag"
    assert found.repository_cache == "/variable"
    assert found.content_cache == str(home / "cache" / "content")


def test_a_path_that_is_not_there_is_no_repository(home):
    with pytest.raises(ChartError, match=r'path "./web" not found'):
        locate_chart("./web")
    with pytest.raises(ChartError, match="repo web not found"):
        locate_chart("web/x")
