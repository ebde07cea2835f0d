"""Who a caller is, and what strangers may do."""

from typing import Any

import pytest

from kubesim.httpd.identities import ANONYMOUS, AnyoneKnown, Attributes, Authenticator, Decision, check
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import PODS, Gvr, Identity

ADMIN = Identity("admin", ("system:masters", "system:authenticated"))
AUTHENTICATOR = Authenticator({"secret": ADMIN})
CERTIFICATE = {
    "subject": ((("organizationName", "system:masters"),), (("organizationName", "dev"),), (("commonName", "eve"),))
}
ALL = "system:authenticated"
NOBODY = 'User "system:anonymous"'


@pytest.mark.parametrize(
    ("headers", "certificate", "expected"),
    [
        ({}, None, ANONYMOUS),
        ({"Authorization": "Bearer secret"}, None, ADMIN),
        ({"Authorization": "bearer secret"}, None, ADMIN),
        ({"Authorization": "Basic Zm9v"}, None, ANONYMOUS),
        ({}, CERTIFICATE, Identity("eve", ("system:masters", "dev", ALL))),
        ({"Authorization": "Bearer secret"}, CERTIFICATE, Identity("eve", ("system:masters", "dev", ALL))),
        ({"Authorization": "Bearer secret", "Impersonate-User": "ann"}, None, Identity("ann", (ALL,))),
        (
            {"Authorization": "Bearer secret", "Impersonate-User": "ann", "Impersonate-Group": "dev"},
            None,
            Identity("ann", ("dev", ALL)),
        ),
        (
            {"Authorization": "Bearer secret", "Impersonate-User": "system:serviceaccount:x:y"},
            None,
            Identity("system:serviceaccount:x:y", ("system:serviceaccounts", "system:serviceaccounts:x", ALL)),
        ),
        ({"Authorization": "Bearer secret", "Impersonate-User": "system:anonymous"}, None, ANONYMOUS),
    ],
    ids=["nobody", "token", "small scheme", "other scheme", "certificate", "certificate first", "impersonated",
         "with a group", "service account", "as nobody"],
)  # fmt: skip
def test_identities(headers: dict[str, str], certificate: Any, expected: Identity):
    assert AUTHENTICATOR.identify(headers, certificate) == expected


@pytest.mark.parametrize(
    ("headers", "code", "text"),
    [
        ({"Authorization": "Bearer wrong"}, 401, "Unauthorized"),
        (
            {"Authorization": "Bearer secret", "Impersonate-Group": "g"},
            400,
            'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"g"}, Extra:map[string][]string(nil)} '
            "without impersonating a user name",
        ),
    ],
    ids=["wrong token", "group alone"],
)
def test_refused_credentials(headers: dict[str, str], code: int, text: str):
    with pytest.raises(ApiError) as caught:
        AUTHENTICATOR.identify(headers, None)
    assert (caught.value.code, caught.value.status["message"]) == (code, text)


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
        check(AnyoneKnown(), ANONYMOUS, wanted)
    assert (caught.value.code, caught.value.status["message"]) == (403, text)
    assert AnyoneKnown().decide(ADMIN, wanted) == Decision(True)


@pytest.mark.parametrize("path", ["/version", "/healthz", "/livez/etcd", "/readyz"])
def test_what_strangers_may_read(path: str):
    check(AnyoneKnown(), ANONYMOUS, Attributes("get", path=path))
