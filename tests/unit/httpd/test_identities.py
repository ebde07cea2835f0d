"""Who a caller is: certificates, tokens, and whom he may act as."""

from typing import Any

import pytest
from multidict import CIMultiDict

from kubesim.api.access.attributes import Rules
from kubesim.httpd.identities import (
    ANONYMOUS,
    CREDENTIAL_ID,
    Access,
    Attributes,
    Authenticator,
    Decision,
    check,
    impersonated,
)
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import PODS, Gvr, Identity

ADMIN = Identity("admin", ("system:masters", "system:authenticated"))
AUTHENTICATOR = Authenticator({"secret": ADMIN})
CERTIFICATE = {
    "subject": ((("organizationName", "system:masters"),), (("organizationName", "dev"),), (("commonName", "eve"),))
}
ALL = "system:authenticated"
NOBODY = 'User "system:anonymous"'
EVE = Identity("eve", ("system:masters", "dev", ALL))


class Granted(Access):
    """Allows what is listed, written as VERB GROUP/RESOURCE NAME."""

    def __init__(self, *allowed: str) -> None:
        self.allowed = allowed
        self.asked: list[str] = []

    def decide(self, identity: Identity, wanted: Attributes) -> Decision:
        resource = f"{wanted.gvr.resource}/{wanted.subresource}" if wanted.subresource else wanted.gvr.resource
        text = f"{wanted.verb} {wanted.gvr.group}/{resource} {wanted.namespace}:{wanted.name}"
        self.asked.append(text)
        return Decision("*" in self.allowed or text in self.allowed)

    def rules(self, identity: Identity, namespace: str) -> Rules:
        return Rules()


@pytest.mark.parametrize(
    ("headers", "certificate", "expected"),
    [
        ({}, None, ANONYMOUS),
        ({"Authorization": "Bearer secret"}, None, ADMIN),
        ({"Authorization": "bearer secret"}, None, ADMIN),
        ({"Authorization": "Basic Zm9v"}, None, ANONYMOUS),
        ({}, CERTIFICATE, EVE),
        ({"Authorization": "Bearer secret"}, CERTIFICATE, EVE),
        ({}, {**CERTIFICATE, "raw": b"x"}, EVE._replace(extra=((CREDENTIAL_ID, (
            "X509SHA256=2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",)),))),
    ],
    ids=["nobody", "token", "small scheme", "other scheme", "certificate", "certificate first", "which certificate"],
)  # fmt: skip
def test_identities(headers: dict[str, str], certificate: Any, expected: Identity):
    assert AUTHENTICATOR.identify(headers, certificate) == expected


@pytest.mark.parametrize(
    ("path", "refused"),
    [("/healthz", False), ("/livez/etcd", False), ("/readyz", False), ("/version", False), ("/", True), ("/api", True),
     ("/healthzz", True), ("/api/v1/pods", True)],
)  # fmt: skip
def test_strangers_are_told_401_when_they_are_not_let_in(path: str, refused: bool):
    strict = Authenticator({"secret": ADMIN}, anonymous=False)
    if refused:
        with pytest.raises(ApiError) as caught:
            strict.identify({}, None, path)
        assert (caught.value.code, caught.value.status["message"]) == (401, "Unauthorized")
    else:
        assert strict.identify({}, None, path) == ANONYMOUS
    assert strict.identify({"Authorization": "Bearer secret"}, None, path) == ADMIN


def test_a_wrong_token():
    with pytest.raises(ApiError) as caught:
        AUTHENTICATOR.identify({"Authorization": "Bearer wrong"}, None)
    assert (caught.value.code, caught.value.status["message"]) == (401, "Unauthorized")


# ---------------------------------------------------------------------- acting as somebody else
ROBOTS = ("system:serviceaccounts", "system:serviceaccounts:x", ALL)


@pytest.mark.parametrize(
    ("headers", "expected", "asked"),
    [
        ([], ADMIN, []),
        ([("User", "ann")], Identity("ann", (ALL,)), ["impersonate /users :ann"]),
        (
            [("User", "ann"), ("Group", "dev"), ("Group", "ops")],
            Identity("ann", ("dev", "ops", ALL)),
            ["impersonate /users :ann", "impersonate /groups :dev", "impersonate /groups :ops"],
        ),
        (
            [("User", "system:serviceaccount:x:y")],
            Identity("system:serviceaccount:x:y", ROBOTS),
            ["impersonate /serviceaccounts x:y"],
        ),
        (
            [("User", "ann"), ("Uid", "u1"), ("Extra-scopes", "a"), ("Extra-acme.com%2fproject", "p")],
            Identity("ann", (ALL,), "", "u1", (("acme.com/project", ("p",)), ("scopes", ("a",)))),
            [
                "impersonate /users :ann",
                "impersonate authentication.k8s.io/userextras/scopes :a",
                "impersonate authentication.k8s.io/userextras/acme.com/project :p",
                "impersonate authentication.k8s.io/uids :u1",
            ],
        ),
        ([("User", "system:anonymous")], ANONYMOUS, ["impersonate /users :system:anonymous"]),
        (
            [("User", "a"), ("Group", ALL)],
            Identity("a", (ALL,)),
            ["impersonate /users :a", f"impersonate /groups :{ALL}"],
        ),
    ],
    ids=["nobody else", "user", "groups", "service account", "uid and extra", "anonymous", "group given"],
)
def test_acting_as_somebody(headers: list[tuple[str, str]], expected: Identity, asked: list[str]):
    access = Granted("*")
    sent = CIMultiDict([(f"Impersonate-{name}", value) for name, value in headers])
    assert impersonated(access, ADMIN, sent) == expected
    assert access.asked == asked
    if asked:
        with pytest.raises(ApiError) as caught:
            impersonated(Granted(*asked[:-1]), ADMIN, sent)
        assert caught.value.code == 403


def test_who_may_not_act_as_another_is_told_what_is_missing():
    with pytest.raises(ApiError) as caught:
        impersonated(Granted(), Identity("bob", (ALL,)), {"Impersonate-User": "ann"})
    assert caught.value.status["message"] == (
        'users "ann" is forbidden: User "bob" cannot impersonate resource "users" in API group "" at the cluster scope'
    )


@pytest.mark.parametrize(
    ("header", "value", "shown"),
    [
        ("Group", "g", 'UID:"", Groups:[]string{"g"}, Extra:map[string][]string(nil)'),
        ("Uid", "u", 'UID:"u", Groups:[]string(nil), Extra:map[string][]string(nil)'),
        ("Extra-a", "b", 'UID:"", Groups:[]string(nil), Extra:map[string][]string{"a":[]string{"b"}}'),
    ],
)
def test_whoever_acts_as_another_names_him(header: str, value: str, shown: str):
    with pytest.raises(ApiError) as caught:
        impersonated(Granted("*"), ADMIN, {f"Impersonate-{header}": value})
    expected = f'requested &user.DefaultInfo{{Name:"", {shown}}} without impersonating a user name'
    assert (caught.value.code, caught.value.status["message"]) == (400, expected)


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (
            Attributes("get", PODS, "", "default", "x"),
            f'pods "x" is forbidden: {NOBODY} cannot get resource "pods" in API group "" in the namespace "default"',
        ),
        (
            Attributes("list", Gvr("apps", "v1", "deployments")),
            f'deployments.apps is forbidden: {NOBODY} cannot list resource "deployments" in API group "apps" '
            "at the cluster scope",
        ),
        (
            Attributes("create", PODS, "exec", "a", "x"),
            f'pods "x" is forbidden: {NOBODY} cannot create resource "pods/exec" in API group "" in the namespace "a"',
        ),
        (Attributes("get", path="/metrics"), 'forbidden: User "system:anonymous" cannot get path "/metrics"'),
        (Attributes("put", path="/version"), 'forbidden: User "system:anonymous" cannot put path "/version"'),
    ],
    ids=["object", "cluster scope", "subresource", "path", "verb"],
)
def test_what_strangers_are_told(wanted: Attributes, text: str):
    with pytest.raises(ApiError) as caught:
        check(Granted(), ANONYMOUS, wanted)
    assert (caught.value.code, caught.value.status["message"]) == (403, text)
    assert check(Granted("*"), ADMIN, wanted) == Decision(True)
