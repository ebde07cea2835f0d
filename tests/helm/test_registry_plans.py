"""Conversations with registries, played out without any network."""

import hashlib
import json

import pytest

from kubesim.helm.chart.chart import Metadata
from kubesim.helm.chart.errors import ChartError
from kubesim.helm.repository.registry import plans
from kubesim.helm.repository.registry.exchange import NOBODY, Conversation, Credentials, HttpReply, parse_challenge
from kubesim.helm.repository.registry.manifests import (
    CHART,
    CONFIG,
    Manifest,
    annotations_of,
    config_of,
    describe,
    read_manifest,
    write_manifest,
)
from kubesim.helm.repository.registry.references import matching, parse_reference, versions_in, wish_of

CHART_DATA = b"\x1f\x8b\x08 a chart"


def metadata() -> Metadata:
    made = Metadata()
    made.name, made.version, made.api_version, made.description = "web", "1.0.0", "v2", "A <web> server"
    return made


MANIFEST = write_manifest(
    Manifest(describe(CONFIG, config_of(metadata())), describe(CHART, CHART_DATA)), metadata(), "2026-01-01T00:00:00Z"
)


def sha(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


BLOBS = {sha(CHART_DATA): CHART_DATA, sha(config_of(metadata())): config_of(metadata())}


def play(plan, answer):
    """The requests of a plan and its result; ``answer`` makes the replies."""
    asked = []
    try:
        request = next(plan)
        while True:
            asked.append(request)
            request = plan.send(answer(request))
    except StopIteration as done:
        return asked, done.value


def registry(credentials=NOBODY):
    return plans.Registry("https://r.example", Conversation(credentials))


def serving(request):
    if "/manifests/" in request.url:
        return HttpReply(200, {"docker-content-digest": sha(MANIFEST)}, MANIFEST)
    return HttpReply(200, {}, BLOBS[request.url.rpartition("/")[2]])


def test_pull_asks_for_the_manifest_and_checks_every_part():
    reference = parse_reference("oci://r.example/charts/web:1.0.0")
    asked, pulled = play(plans.pull(registry(), reference), serving)
    assert [request.url.removeprefix("https://r.example/v2/charts/web/")[:15] for request in asked] == [
        "manifests/1.0.0",
        "blobs/" + sha(CHART_DATA)[:9],
        "blobs/" + sha(config_of(metadata()))[:9],
    ]
    assert (pulled.chart, pulled.digest, pulled.provenance) == (CHART_DATA, sha(MANIFEST), None)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            lambda request: HttpReply(404, {}),
            'failed to perform "FetchReference" on source: r.example/charts/web:1.0.0: not found',
        ),
        (
            lambda request: HttpReply(403, {}, b'{"errors":[{"code":"DENIED","message":"no"}]}'),
            'failed to perform "FetchReference" on source: GET "https://r.example/v2/charts/web/manifests/1.0.0": '
            "response status code 403: denied: no",
        ),
        (
            lambda request: (
                serving(request)
                if "/manifests/" in request.url
                else HttpReply(200, {}, b"\x1f\x8b\x08 another"[: len(CHART_DATA)].ljust(len(CHART_DATA)))
            ),
            f'failed to perform "Fetch" on source: mismatch digest: {sha(CHART_DATA)}',
        ),
        (
            lambda request: serving(request) if "/manifests/" in request.url else HttpReply(200, {}, b"short"),
            f'failed to perform "Fetch" on source: GET "https://r.example/v2/charts/web/blobs/{sha(CHART_DATA)}": '
            "mismatch Content-Length",
        ),
        (
            lambda request: HttpReply(200, {"docker-content-digest": sha(b"x")}, MANIFEST),
            None,
        ),
        (lambda request: HttpReply(200, {}, b"<html>"), "invalid manifest: it is not JSON"),
        (
            lambda request: HttpReply(200, {}, b'{"config":{"mediaType":"x","digest":"y","size":1},"layers":[]}'),
            "manifest does not contain minimum number of descriptors (2), descriptors found: 1",
        ),
    ],
    ids=["missing", "denied", "wrong blob", "cut short", "wrong manifest", "html", "an image"],
)
def test_pulls_that_are_refused(answer, message):
    reference = parse_reference("oci://r.example/charts/web:1.0.0")
    with pytest.raises(ChartError) as raised:
        play(plans.pull(registry(), reference), answer)
    if message is None:
        assert "digest mismatch in Docker-Content-Digest" in str(raised.value)
    else:
        assert str(raised.value) == message


def test_a_token_is_asked_for_once_and_then_used():
    def answer(request):
        if request.url.startswith("https://auth.example/token"):
            assert request.headers["Authorization"] == Credentials("ann", "x").basic
            return HttpReply(200, {}, b'{"token":"T"}')
        if request.headers.get("Authorization") != "Bearer T":
            challenge = 'Bearer realm="https://auth.example/token",service="r",scope="repository:charts/web:pull"'
            return HttpReply(401, {"www-authenticate": challenge})
        return serving(request)

    asked, _ = play(
        plans.pull(registry(Credentials("ann", "x")), parse_reference("r.example/charts/web:1.0.0")), answer
    )
    tokens = [request.url for request in asked if "auth.example" in request.url]
    assert tokens == ["https://auth.example/token?scope=repository%3Acharts%2Fweb%3Apull&service=r"]
    assert len(asked) == 5


def test_without_credentials_a_basic_challenge_ends_it():
    def answer(request):
        return HttpReply(401, {"www-authenticate": 'Basic realm="r"'})

    with pytest.raises(ChartError, match="basic credential not found"):
        play(plans.tags(registry(), "charts/web"), answer)


def test_an_identity_token_is_exchanged():
    def answer(request):
        if request.method == "POST":
            assert b"grant_type=refresh_token&refresh_token=secret" in request.body
            return HttpReply(200, {}, b'{"access_token":"A"}')
        if request.headers.get("Authorization") == "Bearer A":
            return HttpReply(200, {}, b'{"tags":["1.0.0"]}')
        return HttpReply(401, {"www-authenticate": 'Bearer realm="https://auth.example/token",service="r"'})

    _, versions = play(plans.tags(registry(Credentials(identity_token="secret")), "charts/web"), answer)
    assert versions == ["1.0.0"]


def test_tags_come_in_pages():
    def answer(request):
        if "last=" in request.url:
            return HttpReply(200, {}, b'{"tags":["1.10.0","nope","2.0.0_build"]}')
        link = '</v2/charts/web/tags/list?last=1.2.0>; rel="next"'
        return HttpReply(200, {"link": link}, b'{"tags":["latest","1.2.0","1.0"]}')

    _, versions = play(plans.tags(registry(), "charts/web"), answer)
    assert versions == ["2.0.0+build", "1.10.0", "1.2.0"]


def test_push_sends_only_what_is_missing():
    sent = []

    def answer(request):
        if request.method == "HEAD":
            return HttpReply(200 if request.url.endswith(sha(config_of(metadata()))) else 404, {})
        if request.method == "POST":
            return HttpReply(202, {"location": "/v2/charts/web/blobs/uploads/1?state=2"})
        sent.append((request.url, request.body))
        return HttpReply(201, {})

    upload = plans.Upload(metadata(), CHART_DATA, "2026-01-01T00:00:00Z")
    _, digest = play(plans.push(registry(), parse_reference("r.example/charts/web:1.0.0"), upload), answer)
    assert digest == sha(MANIFEST)
    place = f"https://r.example/v2/charts/web/blobs/uploads/1?state=2&digest={sha(CHART_DATA).replace(':', '%3A')}"
    assert sent == [(place, CHART_DATA), ("https://r.example/v2/charts/web/manifests/1.0.0", MANIFEST)]


def test_uploads_stay_with_the_registry():
    def answer(request):
        if request.method == "HEAD":
            return HttpReply(404, {})
        return HttpReply(202, {"location": "https://elsewhere.example/upload"})

    upload = plans.Upload(metadata(), CHART_DATA, "2026-01-01T00:00:00Z")
    with pytest.raises(ChartError, match="upload leads to another host"):
        play(plans.push(registry(), parse_reference("r.example/charts/web:1.0.0"), upload), answer)


def test_the_manifest_of_a_chart():
    tree = json.loads(MANIFEST)
    assert list(tree) == ["schemaVersion", "config", "layers", "annotations"]
    assert tree["annotations"] == {
        "org.opencontainers.image.created": "2026-01-01T00:00:00Z",
        "org.opencontainers.image.description": "A <web> server",
        "org.opencontainers.image.title": "web",
        "org.opencontainers.image.version": "1.0.0",
    }
    assert b"A \\u003cweb\\u003e server" in MANIFEST
    assert read_manifest(MANIFEST).chart == describe(CHART, CHART_DATA)


def test_annotations_of_the_chart_go_along_but_do_not_rename_it():
    about = metadata()
    about.annotations = {"team": "guests", "org.opencontainers.image.title": "other"}
    found = annotations_of(about, "2026-01-01T00:00:00Z")
    assert (found["team"], found["org.opencontainers.image.title"]) == ("guests", "web")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("oci://host", "invalid reference: missing registry or repository"),
        ("oci://host/charts/Web", 'invalid reference: invalid repository "charts/Web"'),
        ("oci://host/charts/web:1.0.0+b1", 'invalid reference: invalid tag "1.0.0+b1"'),
        ("oci://host/charts/web:1:2", 'invalid reference: invalid tag "1:2"'),
        ("oci://ho st/charts/web", 'invalid reference: invalid registry "ho st"'),
        (
            "oci://host/charts/web@sha256:1",
            'invalid reference: invalid digest "sha256:1": invalid checksum digest format',
        ),
    ],
    ids=["no path", "capital", "plus", "two tags", "host", "digest"],
)
def test_references_that_are_none(text, message):
    with pytest.raises(ChartError) as raised:
        parse_reference(text)
    assert str(raised.value) == message


def test_references():
    one = parse_reference("oci://localhost:5000/charts/web:1.0.0_build")
    assert (one.registry, one.repository, one.tag, str(one)) == (
        "localhost:5000",
        "charts/web",
        "1.0.0_build",
        "localhost:5000/charts/web:1.0.0_build",
    )
    assert parse_reference("docker.io/me/web").host == "registry-1.docker.io"


def test_what_reference_and_version_ask_for_together():
    assert wish_of("oci://h/web", "1.0.0").reference.tag == "1.0.0"
    assert wish_of("oci://h/web", "1.0.0+b1").reference.tag == "1.0.0_b1"
    assert not wish_of("oci://h/web", "^1").is_complete
    with pytest.raises(ChartError, match=r"chart reference and version mismatch: 0.1.0 is not 0.2.0"):
        wish_of("oci://h/web:0.2.0", "0.1.0")


def test_versions_by_constraint():
    versions = versions_in(["0.1.0", "0.2.0", "1.0.0-rc.1", "latest"])
    assert matching(versions, "") == "0.2.0"
    assert matching(versions, ">0.0.0-0") == "1.0.0-rc.1"
    with pytest.raises(ChartError, match=r"could not locate a version matching provided version string \^3"):
        matching(versions, "^3")


def test_challenges():
    assert parse_challenge('Bearer realm="https://a/t",scope="repository:a/b:pull,push",error=x') == (
        "bearer",
        {"realm": "https://a/t", "scope": "repository:a/b:pull,push", "error": "x"},
    )
