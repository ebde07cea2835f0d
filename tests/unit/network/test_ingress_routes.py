"""Hosts, paths and annotations of Ingresses: which Service a request goes to."""

from typing import Any

import pytest

from kubesim.network import ingress


def rule(host, *paths):
    listed = []
    for path, kind, service in paths:
        backend = {"service": {"name": service, "port": {"number": 80}}}
        listed.append({"pathType": kind, "backend": backend} | ({"path": path} if path else {}))
    return {"http": {"paths": listed}} | ({"host": host} if host else {})


def tree(*rules, name="a", born="2026-01-01T00:00:00Z", notes=None, **spec) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "ns", "creationTimestamp": born, "annotations": notes or {}}
    return {"metadata": metadata, "spec": {"rules": list(rules), **spec}}


def service(found, host, path, **more):
    decision = ingress.decide(found, host, path, **more)
    return "" if decision.route is None else decision.route.backend.service


@pytest.mark.parametrize(
    ("kind", "path", "asked", "expected"),
    [
        # The table of the Ingress documentation of Kubernetes.
        ("Prefix", "/", "/any/path", True),
        ("Exact", "/foo", "/foo", True),
        ("Exact", "/foo", "/bar", False),
        ("Exact", "/foo", "/foo/", False),
        ("Exact", "/foo/", "/foo", False),
        ("Prefix", "/foo", "/foo", True),
        ("Prefix", "/foo", "/foo/", True),
        ("Prefix", "/foo/", "/foo", True),
        ("Prefix", "/foo/", "/foo/", True),
        ("Prefix", "/aaa/bb", "/aaa/bbb", False),
        ("Prefix", "/aaa/bbb", "/aaa/bbb", True),
        ("Prefix", "/aaa/bbb/", "/aaa/bbb", True),
        ("Prefix", "/aaa/bbb", "/aaa/bbb/", True),
        ("Prefix", "/aaa/bbb", "/aaa/bbb/ccc", True),
        ("Prefix", "/aaa/bbb", "/aaa/bbbxyz", False),
        ("Exact", "/Foo", "/foo", False),
        ("Prefix", "/Foo", "/foo", False),
        ("ImplementationSpecific", "/foo", "/foobar", True),
        ("ImplementationSpecific", "/foo", "/fo", False),
    ],
)
def test_path_types(kind, path, asked, expected):
    found = ingress.table([tree(rule("", (path, kind, "s")))])
    assert (service(found, "x", asked) == "s") is expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [("/", "root"), ("/aaa", "short"), ("/aaa/bbb/c", "long"), ("/aaa/bbb", "exact"), ("/other", "root")],
)
def test_longest_path_wins_and_exact_before_prefix(asked, expected):
    paths = [
        ("/", "Prefix", "root"), ("/aaa", "Prefix", "short"), ("/aaa/bbb", "Prefix", "long"),
        ("/aaa/bbb", "Exact", "exact"),
    ]  # fmt: skip
    assert service(ingress.table([tree(rule("", *paths))]), "h", asked) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("foo.bar.com", "exact"),
        ("FOO.bar.com", "exact"),
        ("foo.bar.com:8080", "exact"),
        ("other.bar.com", "wild"),
        ("a.b.bar.com", "any"),
        ("bar.com", "any"),
        ("", "any"),
    ],
    ids=["exact", "case", "port", "wildcard", "two-labels", "no-label", "none"],
)
def test_hosts(host, expected):
    trees = [
        tree(rule("foo.bar.com", ("/", "Prefix", "exact")), rule("*.bar.com", ("/", "Prefix", "wild"))),
        tree(rule("", ("/", "Prefix", "any")), name="b"),
    ]
    assert service(ingress.table(trees), host, "/x") == expected


def test_an_unknown_path_of_a_known_host_is_not_served_by_another_host():
    trees = [tree(rule("foo.bar.com", ("/a", "Prefix", "s")), rule("*.bar.com", ("/", "Prefix", "wild")))]
    assert service(ingress.table(trees), "foo.bar.com", "/b") == ""


def test_of_two_for_one_path_the_older_one_counts():
    young = tree(rule("h", ("/", "Prefix", "young")), name="a", born="2026-01-02T00:00:00Z")
    old = tree(rule("h", ("/", "Prefix", "old")), name="b")
    assert service(ingress.table([young, old]), "h", "/") == "old"


def test_default_backends():
    backend = {"service": {"name": "last", "port": {"name": "http"}}}
    alone = ingress.table([tree(defaultBackend=backend)])
    assert service(alone, "any.where", "/x") == "last"
    assert alone.fallback is not None
    assert alone.fallback.backend.port == "http"
    beside = ingress.table([tree(rule("h", ("/a", "Prefix", "s")), defaultBackend=backend)])
    assert [service(beside, "h", path) for path in ("/a", "/b")] == ["s", "last"]
    assert service(beside, "elsewhere", "/") == ""


@pytest.mark.parametrize(
    ("path", "target", "asked", "expected"),
    [
        ("/v1(/|$)(.*)", "/$2", "/v1/users/7", "/users/7"),
        ("/v1(/|$)(.*)", "/$2", "/v1", "/"),
        ("/something", "/", "/something/new", "/"),
        ("/x/(.*)", "/y/$1/$2", "/x/a", "/y/a/"),
    ],
)
def test_rewrites(path, target, asked, expected):
    notes = {"nginx.ingress.kubernetes.io/rewrite-target": target}
    found = ingress.table([tree(rule("h", (path, "ImplementationSpecific", "s")), notes=notes)])
    assert ingress.decide(found, "h", asked).path == expected


@pytest.mark.parametrize("path", ["/(a+)+$", "/(", "/" + "a" * 600], ids=["exponential", "broken", "long"])
def test_patterns_that_are_not_run(path):
    notes = {"nginx.ingress.kubernetes.io/use-regex": "true"}
    found = ingress.table([tree(rule("h", (path, "ImplementationSpecific", "s")), notes=notes)])
    assert service(found, "h", "/" + "a" * 64 + "!") == ""


@pytest.mark.parametrize(
    ("notes", "secure", "location"),
    [
        ({}, False, "https://h:8843/a?b=1"),
        ({}, True, ""),
        ({"nginx.ingress.kubernetes.io/ssl-redirect": "false"}, False, ""),
    ],
    ids=["http", "https", "off"],
)
def test_plain_http_is_redirected_when_there_is_a_certificate(notes, secure, location):
    found = ingress.table(
        [tree(rule("h", ("/", "Prefix", "s")), notes=notes, tls=[{"hosts": ["h"], "secretName": "t"}])]
    )
    assert ingress.decide(found, "h:80", "/a", secure=secure, query="b=1", port=8843).location == location


def test_force_ssl_redirect_needs_no_certificate():
    notes = {"nginx.ingress.kubernetes.io/force-ssl-redirect": "true"}
    found = ingress.table([tree(rule("h", ("/", "Prefix", "s")), notes=notes)])
    assert ingress.decide(found, "h", "/").location == "https://h/"


def test_secrets_by_name_and_by_wildcard():
    tls = [{"hosts": ["a.example.com", "*.example.org"], "secretName": "one"}, {"secretName": "rest"}]
    found = ingress.table([tree(rule("a.example.com", ("/", "Prefix", "s")), tls=tls)])
    names = [ingress.secret(found, host) for host in ("A.example.com", "x.example.org", "other")]
    assert names == [("ns", "one"), ("ns", "one"), ("ns", "rest")]


CLASSES = {
    "nginx": {"spec": {"controller": "k8s.io/ingress-nginx"}},
    "internal": {"spec": {"controller": "k8s.io/ingress-nginx"}},
    "other": {"spec": {"controller": "example.com/other"}},
}


@pytest.mark.parametrize(
    ("spec", "notes", "expected"),
    [
        ({"ingressClassName": "nginx"}, {}, True),
        ({"ingressClassName": "internal"}, {}, True),
        ({"ingressClassName": "other"}, {}, False),
        ({"ingressClassName": "missing"}, {}, False),
        ({}, {"kubernetes.io/ingress.class": "nginx"}, True),
        ({}, {"kubernetes.io/ingress.class": "traefik"}, False),
        ({}, {}, True),
    ],
    ids=["own", "own-other-name", "other", "missing", "annotation", "other-annotation", "none"],
)
def test_which_ingresses_are_served(spec, notes, expected):
    assert ingress.is_served(tree(notes=notes, **spec), CLASSES) is expected
