"""Addresses, repositories.yaml, searches and Chart.lock."""

import pytest

from kubesim.helm.chart.chart import Dependency
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.repository import locks
from kubesim.helm.repository.addresses import joined, resolve, same_host, same_place
from kubesim.helm.repository.entries import Entry, Repositories, read_repositories, write_repositories
from kubesim.helm.repository.index import read_index
from kubesim.helm.repository.search import search
from kubesim.helm.template.errors import GoError


@pytest.mark.parametrize(
    ("repository", "address", "found"),
    [
        ("http://a/b", "index.yaml", "http://a/b/index.yaml"),
        ("http://a/b/", "c/d.tgz", "http://a/b/c/d.tgz"),
        ("http://a/b?token=1", "x.tgz", "http://a/b/x.tgz?token=1"),
        ("http://a/b", "/x.tgz", "http://a/x.tgz"),
        ("http://a/b", "../x.tgz", "http://a/x.tgz"),
        ("http://a/b", "http://c/d.tgz", "http://c/d.tgz"),
        ("https://a", "//c/d.tgz", "https://c/d.tgz"),
        ("samples://", "web.tgz", "samples:///web.tgz"),
        ("file:///charts", "web.tgz", "file:///charts/web.tgz"),
    ],
    ids=lambda text: text,
)
def test_addresses_in_an_index(repository, address, found):
    assert resolve(repository, address) == found


def test_joined_addresses():
    assert joined("https://x/charts/", "sub") == "https://x/charts/sub"
    assert joined("https://x", "a", "b.tgz") == "https://x/a/b.tgz"


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("http://a/b", "http://a/b/", True),
        ("http://a:80/b", "http://a/b", True),
        ("https://a:443", "https://a/", True),
        ("http://a/b", "https://a/b", False),
        ("http://a:81", "http://a", False),
    ],
    ids=["slash", "port", "no path", "scheme", "other port"],
)
def test_the_same_place(one, two, same):
    assert same_place(one, two) is same


def test_the_same_host_has_the_same_port():
    assert same_host("http://a:1/x", "http://a:1/y")
    assert not same_host("http://a:1/x", "http://a:2/x")


def test_repositories_are_written_as_helm_writes_them():
    file = Repositories().updated(Entry("one", "http://x", username="ann", password="x", pass_credentials_all=True))
    text = write_repositories(file)
    assert (
        text
        == """\
apiVersion: ""
generated: "0001-01-01T00:00:00Z"
repositories:
- caFile: ""
  certFile: ""
  insecure_skip_tls_verify: false
  keyFile: ""
  name: one
  pass_credentials_all: true
  password: x
  url: http://x
  username: ann
"""
    )
    assert read_repositories(text) == file
    assert file.updated(Entry("one", "http://y")).get("one") == Entry("one", "http://y")
    assert file.without("one").entries == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "cannot unmarshal array into Go value of type repo.File"),
        ("repositories: 1", r"cannot unmarshal number into Go struct field File.repositories of type \[\]\*repo.Entry"),
        ("repositories: [{name: [1]}]", "cannot unmarshal array into .* of type string"),
        ("[1", "did not find expected ',' or ']'"),
    ],
    ids=["list", "number", "name", "syntax"],
)
def test_what_is_no_list_of_repositories(text, message):
    with pytest.raises(GoError, match=message):
        read_repositories(text)


def test_secrets_are_not_in_reprs():
    assert "s3cret" not in repr(Entry("one", "http://x", "ann", "s3cret"))


INDEX = """\
apiVersion: v1
entries:
  web:
  - {name: web, version: 1.0.0, apiVersion: v2, description: A server, keywords: [nginx, http], urls: [a]}
  - {name: web, version: 0.9.0, apiVersion: v2, description: A server, urls: [a]}
  - {name: web, version: 1.1.0-rc.1, apiVersion: v2, description: A server, urls: [a]}
  cache:
  - {name: cache, version: 2.0.0, apiVersion: v2, description: Behind every web server, urls: [a]}
"""


@pytest.mark.parametrize(
    ("words", "flags", "found"),
    [
        ([], {}, ["one/cache 2.0.0", "one/web 1.0.0"]),
        (["web"], {}, ["one/web 1.0.0", "one/cache 2.0.0"]),
        (["NGINX"], {}, ["one/web 1.0.0"]),
        (["web"], {"devel": True}, ["one/web 1.1.0-rc.1", "one/cache 2.0.0"]),
        (["web"], {"every": True}, ["one/web 1.0.0", "one/web 0.9.0", "one/cache 2.0.0"]),
        (["web"], {"version": "<1"}, ["one/web 0.9.0"]),
        (["^we"], {"regexp": True}, ["one/web 1.0.0"]),
        (["web", "server"], {}, ["one/cache 2.0.0"]),
        (["zzz"], {}, []),
    ],
    ids=["all", "name first", "keyword", "devel", "versions", "constraint", "regexp", "two words", "none"],
)
def test_search(words, flags, found):
    given = {"regexp": False, "version": "", "devel": False, "every": False, **flags}
    results = search({"one": read_index(INDEX.encode(), "here")}, words, **given)
    assert [f"{one.name} {one.chart.version}" for one in results] == found


@pytest.mark.parametrize(
    ("words", "version", "regexp", "message"),
    [
        (["w(b"], "", True, r"error parsing regexp: missing closing \): `w\(b`"),
        (["web"], "x.y.z.w", False, 'an invalid version/constraint format: improper constraint: "x.y.z.w"'),
    ],
    ids=["regexp", "version"],
)
def test_searches_that_cannot_be_read(words, version, regexp, message):
    with pytest.raises(ChartError, match=message):
        search({}, words, regexp=regexp, version=version, devel=False, every=False)


def dependency(name, version, repository, **more):
    made = Dependency(name, version, repository)
    for key, value in more.items():
        setattr(made, key, value)
    return made


@pytest.mark.parametrize(
    ("wanted", "locked", "digest"),
    [
        (
            [
                dependency("web", "^0.1", "http://127.0.0.1:42379", alias="front", condition="web.enabled", tags=["a"]),
                dependency("cache", "0.1.0", "file://../lib"),
            ],
            [dependency("web", "0.1.0", "http://127.0.0.1:42379"), dependency("cache", "0.1.0", "file://../lib")],
            "1a7b68e095e3fb0351fb273b30d08bba83cc2d047c57098d98ea35dc33edb919",
        ),
        (
            [
                dependency(
                    "web",
                    ">=0.0.1",
                    "http://127.0.0.1:33463",
                    import_values=["data", {"parent": "b", "child": "a"}],
                )
            ],
            [dependency("web", "0.2.0", "http://127.0.0.1:33463")],
            "d693e73fa617c918437acc1ada2cbd429fa264787e6b07fb8757e67199148fba",
        ),
    ],
    ids=["alias and folder", "import-values"],
)
def test_the_digest_that_helm_recorded_for_the_same_dependencies(wanted, locked, digest):
    assert locks.digest(wanted, locked) == f"sha256:{digest}"


def test_aliases_become_addresses_and_unknown_repositories_are_refused():
    entries = [Entry("one", "http://x/charts")]
    wanted = [dependency("a", "1", "@one"), dependency("b", "1", "alias:one"), dependency("c", "1", "http://x/charts/")]
    found = locks.resolve_sources(wanted, entries)
    assert [one.repository for one in found.dependencies] == ["http://x/charts"] * 3
    assert found.names == {"a": "one", "b": "one", "c": "one"}
    assert wanted[0].repository == "@one"
    with pytest.raises(
        ChartError, match=r"no repository definition for two. Please add them via 'helm repo add'\nNote"
    ):
        locks.resolve_sources([dependency("a", "1", "two")], entries)
    with pytest.raises(ChartError, match=r"no repository definition for @two. Please add them via 'helm repo add'$"):
        locks.resolve_sources([dependency("a", "1", "@two")], entries)


def test_the_newest_version_that_a_dependency_allows():
    index = read_index(INDEX.encode(), "here")
    assert locks.pick(dependency("web", "<1.0", "x"), index) == "0.9.0"
    assert locks.pick(dependency("web", "^3", "x"), index) is None
    with pytest.raises(ChartError, match="nope chart not found in repo x"):
        locks.pick(dependency("nope", "1", "x"), index)
    with pytest.raises(ChartError, match='dependency "web" has an invalid version/constraint format'):
        locks.pick(dependency("web", "x y", "x"), index)
