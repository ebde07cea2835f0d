"""The gateway over HTTP: strangers, limits, flows, and what the audit log says."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.served import Served
from kubesim.api.access.attributes import Attributes
from kubesim.cluster import Cluster
from kubesim.httpd import gate
from kubesim.httpd.auditing import DEFAULT, AuditLog, Policy, PolicyError, read_policy
from kubesim.objects.wire import CONFIGMAPS, NAMESPACES, PODS, SECRETS, Gvr, Identity, Key, Request

ALL = "system:authenticated"
ROOT = Identity("root", ("system:masters", ALL))
ANN = Identity("ann", ("dev", ALL))
SECRET_TEXT = "cGxlYXNlIGRvIG5vdCBzaG93"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("audit") / "audit.log"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, log: Path) -> Iterator[Served]:
    audit = AuditLog(str(log))
    found = Served(Cluster(), tmp_path_factory.mktemp("gateway"), anonymous=False, audit=audit)
    yield found
    found.stop()
    audit.close()


def events(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


@pytest.mark.parametrize(
    ("token", "path", "code"),
    [
        ("", "/api/v1/namespaces", 401),
        ("", "/api", 401),
        ("", "/healthz", 200),
        ("", "/version", 200),
        ("wrong", "/healthz", 401),
        ("tok", "/api/v1/namespaces", 200),
    ],
)
def test_who_gets_in(served: Served, token: str, path: str, code: int):
    reply = served.send("GET", path, token=token)
    assert reply.status == code
    if code == 401:
        assert reply.json["message"] == "Unauthorized"


def test_answers_name_their_flow(served: Served):
    schemas = served.send("GET", "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas").json["items"]
    levels = served.send("GET", "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations").json["items"]
    names = {item["metadata"]["uid"]: item["metadata"]["name"] for item in (*schemas, *levels)}

    def flow(**headers: str) -> tuple[str, str]:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        found = served.send("GET", "/api/v1/namespaces/default/pods", headers=given).headers
        return tuple(names[found[f"x-kubernetes-pf-{part}-uid"][0]] for part in ("flowschema", "prioritylevel"))  # type: ignore[return-value]

    assert flow() == ("exempt", "exempt")
    assert flow(Impersonate_User="ann") == ("global-default", "global-default")
    assert flow(Impersonate_User="system:serviceaccount:a:b") == ("service-accounts", "workload-low")
    assert flow(Impersonate_User="system:serviceaccount:kube-system:b") == (
        "kube-system-service-accounts",
        "workload-high",
    )
    body = {
        "metadata": {"name": "mine"},
        "spec": {
            "priorityLevelConfiguration": {"name": "workload-low"},
            "matchingPrecedence": 50,
            "rules": [
                {
                    "subjects": [{"kind": "User", "user": {"name": "ann"}}],
                    "resourceRules": [
                        {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"], "namespaces": ["default"]}
                    ],
                }
            ],
        },
    }
    made = served.send("POST", "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas", body).json
    names[made["metadata"]["uid"]] = "mine"
    assert flow(Impersonate_User="ann") == ("mine", "workload-low")


def test_oversized_bodies_are_refused(served: Served):
    body = b'{"metadata":{"name":"x"},"data":{"a":"' + b"x" * (3 * 1024 * 1024) + b'"}}'
    reply = served.send("POST", "/api/v1/namespaces/default/configmaps", body)
    assert reply.status == 413
    assert reply.json["message"] == "Request entity too large: limit is 3145728"
    assert reply.json["reason"] == "RequestEntityTooLarge"


def test_the_log_says_who_did_what_and_not_what_was_in_it(served: Served, log: Path):
    secret = {"metadata": {"name": "hidden"}, "data": {"a": SECRET_TEXT}}
    assert served.send("POST", "/api/v1/namespaces/default/secrets", secret).status == 201
    served.send("GET", "/api/v1/namespaces/default/secrets/hidden")
    served.send("GET", "/api/v1/namespaces/default/pods/x", headers={"Impersonate-User": "ann"})
    served.send("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", {"spec": {}})
    served.send("GET", "/api/v1/nodes", token="stolen-token")
    created, *_, refused, token = events(log)[-4:]
    assert SECRET_TEXT not in log.read_text()
    assert "eyJ" not in log.read_text()
    assert "stolen" not in log.read_text()
    assert created["level"] == "Metadata"
    assert (created["verb"], created["stage"], created["user"]["username"]) == ("create", "ResponseComplete", "admin")
    assert created["objectRef"] == {
        "resource": "secrets", "namespace": "default", "apiVersion": "v1",
    }  # fmt: skip
    assert created["responseStatus"] == {"metadata": {}, "code": 201}
    assert refused["impersonatedUser"] == {"username": "ann", "groups": [ALL]}
    assert refused["responseStatus"]["reason"] == "Forbidden"
    assert refused["annotations"]["authorization.k8s.io/decision"] == "forbid"
    assert token["objectRef"]["subresource"] == "token"


def test_every_answer_names_its_record(served: Served, log: Path):
    reply = served.send("GET", "/api/v1/namespaces")
    assert reply.headers["audit-id"] == [events(log)[-1]["auditID"]]


@pytest.mark.parametrize(
    ("method", "body", "code", "text"),
    [
        ("GET", None, 405, "the server does not allow this method on the requested resource"),
        ("PUT", b"{}", 405, "the server does not allow this method on the requested resource"),
        ("POST", b"[]", 400, "the object provided is unrecognized (must be of type TokenRequest)"),
        ("POST", b"{", 400, ""),
        ("POST", b'{"spec":{"expirationSeconds":"x"}}', 400, "cannot unmarshal string into Go struct field"),
        ("POST", b'{"metadata":{"name":"other"}}', 422, "must match the service account name if specified"),
    ],
    ids=["read", "change", "list", "cut short", "type", "another name"],
)
def test_token_requests_that_are_refused(served: Served, method: str, body: bytes | None, code: int, text: str):
    reply = served.send(method, "/api/v1/namespaces/default/serviceaccounts/default/token", body)
    assert reply.status == code, reply.data
    assert text in reply.json["message"]


@pytest.mark.parametrize(
    "value",
    ["Bearer a.b.c", "Bearer " + "a" * 4000, "Bearer", "Negotiate x", "Bearer tok more", "Bearer \xff\xfe", "unknown"],
    ids=["nonsense", "long", "nothing", "another scheme", "two words", "no ASCII", "no scheme"],
)
def test_credentials_that_are_none(served: Served, value: str, log: Path):
    reply = served.send("GET", "/api/v1/nodes", headers={"Authorization": value}, token="")
    assert (reply.status, reply.json["message"]) == (401, "Unauthorized")
    assert value not in log.read_text()


# ---------------------------------------------------------------------- limits
def test_no_more_than_so_many_requests_are_under_way():
    limits = gate.Limits(1, 1)
    reading, writing = Attributes("list", PODS), Attributes("create", PODS)
    first = limits.enter(ANN, reading)
    assert first is not None
    with first:
        assert limits.enter(ANN, reading) is None
        assert limits.enter(ROOT, reading) is not None
        assert limits.enter(ANN, Attributes("watch", PODS)) is not None
        assert limits.enter(ANN, Attributes("get", PODS, "log")) is not None
        second = limits.enter(ANN, writing)
        assert second is not None
        with second:
            assert limits.enter(ANN, writing) is None
    assert limits.enter(ANN, reading) is not None


def test_who_finds_no_room_is_told_to_come_back(tmp_path: Path):
    found = Served(Cluster(), tmp_path, limits=(0, 0))
    try:
        reply = found.send("GET", "/api/v1/nodes", headers={"Impersonate-User": "ann"})
        assert (reply.status, reply.data) == (429, b"Too many requests, please try again later.\n")
        assert reply.headers["retry-after"] == ["1"]
        assert found.send("GET", "/api/v1/nodes").status == 200
    finally:
        found.stop()


# ---------------------------------------------------------------------- what a request wants
@pytest.mark.parametrize(
    ("method", "request_", "expected"),
    [
        ("GET", Request("get", Key(NAMESPACES, "", "a")), Attributes("get", NAMESPACES, "", "a", "a")),
        ("GET", Request("list", Key(NAMESPACES)), Attributes("list", NAMESPACES)),
        ("POST", Request("create", Key(PODS, "a", "x"), "exec"), Attributes("create", PODS, "exec", "a", "x")),
        ("GET", Request("get", Key(PODS, "a", "x"), "exec"), Attributes("get", PODS, "exec", "a", "x")),
        ("PUT", Request("update", Key(PODS, "a", "x"), "proxy/p/q"), Attributes("create", PODS, "proxy", "a", "x")),
        ("GET", Request("watch", Key(PODS, "a"), query={"fieldSelector": "metadata.name=x,spec.nodeName!=y"}),
         Attributes("watch", PODS, "", "a", "x", "", {"metadata.name": "x"})),
        ("DELETE", Request("deletecollection", Key(PODS, "a"), query={"fieldSelector": "metadata.name=x"}),
         Attributes("deletecollection", PODS, "", "a")),
    ],
    ids=["a namespace is in itself", "namespaces", "exec by POST", "exec by GET", "proxy", "one by selector",
         "a collection"],
)  # fmt: skip
def test_what_a_request_wants(method: str, request_: Request, expected: Attributes):
    assert gate.of_request(method, request_) == expected


# ---------------------------------------------------------------------- policies
@pytest.mark.parametrize(
    ("rules", "wanted", "level"),
    [
        ([{"level": "Request"}], Attributes("get", PODS), 2),
        ([{"level": "Metadata", "resources": [{"group": "", "resources": ["secrets"]}]}, {"level": "RequestResponse"}],
         Attributes("get", SECRETS), 1),
        ([{"level": "Metadata", "resources": [{"group": "", "resources": ["secrets"]}]}, {"level": "RequestResponse"}],
         Attributes("get", PODS), 3),
        ([{"level": "Request", "verbs": ["create"]}], Attributes("get", PODS), 0),
        ([{"level": "Request", "users": ["bob"]}], Attributes("get", PODS), 0),
        ([{"level": "Request", "userGroups": ["dev"]}], Attributes("get", PODS), 2),
        ([{"level": "Request", "namespaces": ["a"]}], Attributes("get", PODS, "", "b"), 0),
        ([{"level": "None", "nonResourceURLs": ["/healthz*"]}, {"level": "Metadata"}],
         Attributes("get", path="/healthz/etcd"), 0),
        ([{"level": "None", "nonResourceURLs": ["/healthz*"]}, {"level": "Metadata"}], Attributes("get", PODS), 1),
        ([{"level": "Request", "resources": [{"group": "", "resources": ["pods"]}]}],
         Attributes("get", PODS, "log"), 0),
        ([{"level": "Request", "resources": [{"group": "", "resources": ["pods/*"]}]}],
         Attributes("get", PODS, "log"), 2),
        ([{"level": "Request", "resources": [{"group": "", "resources": ["configmaps"], "resourceNames": ["a"]}]}],
         Attributes("get", CONFIGMAPS, "", "x", "b"), 0),
        ([{"level": "Request", "resources": [{"group": "apps"}]}], Attributes("get", Gvr("apps", "v1", "any")), 2),
    ],
)  # fmt: skip
def test_the_first_rule_that_matches_decides(rules: list[Any], wanted: Attributes, level: int):
    assert Policy(rules).choose(ANN, wanted).level == level


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: [", "no YAML"),
        ("kind: Nope", "kind: must be Policy"),
        ("kind: Policy\napiVersion: v1", "apiVersion: must be audit.k8s.io/v1"),
        ("kind: Policy\napiVersion: audit.k8s.io/v1", "rules: must hold at least one rule"),
        ("kind: Policy\napiVersion: audit.k8s.io/v1\nrules: [{level: Loud}]", "rules[0].level: must be one of None"),
        (
            "kind: Policy\napiVersion: audit.k8s.io/v1\nrules: [{level: None, verb: [get]}]",
            "rules[0].verb: unknown field",
        ),
        (
            "kind: Policy\napiVersion: audit.k8s.io/v1\nrules: [{level: None, users: ann}]",
            "rules[0].users: must be a list",
        ),
        (
            "kind: Policy\napiVersion: audit.k8s.io/v1\nrules: [{level: None, omitStages: [Never]}]",
            "omitStages: must name",
        ),
        ("kind: Policy\napiVersion: audit.k8s.io/v1\nrules: [1]", "rules[0]: must be an object"),
    ],
)
def test_policies_that_cannot_be_used(tmp_path: Path, text: str, complaint: str):
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(PolicyError) as caught:
        read_policy(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert complaint in str(caught.value)


def test_a_policy_that_asks_for_bodies_gets_them(tmp_path: Path):
    path = tmp_path / "policy.yaml"
    path.write_text(
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitManagedFields: true\nrules:\n- level: RequestResponse\n"
        "  resources: [{group: '', resources: [configmaps]}]\n"
    )
    log = tmp_path / "log"
    audit = AuditLog(str(log), read_policy(path))
    found = Served(Cluster(), tmp_path, audit=audit)
    try:
        found.send("GET", "/api/v1/nodes")
        found.send("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "a"}, "data": {"k": "v"}})
    finally:
        found.stop()
        audit.close()
    received, complete = events(log)
    assert (received["stage"], complete["stage"]) == ("RequestReceived", "ResponseComplete")
    assert complete["requestObject"]["data"] == complete["responseObject"]["data"] == {"k": "v"}
    assert "managedFields" not in complete["responseObject"]["metadata"]
    assert log.stat().st_mode & 0o077 == 0


def test_the_default_keeps_bodies_to_itself():
    assert DEFAULT.choose(ANN, Attributes("get", SECRETS)).level == 1
