"""Certificate requests in the cluster: signing, clearing away; and FlowSchemas whose level is missing."""

import base64
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kubesim.cluster import Cluster
from kubesim.controllers.flowcontrol import FLOWSCHEMAS, LEVELS
from kubesim.machinery.authority import SigningError
from kubesim.objects.wire import MERGE_PATCH, Gvr, Key, Request

CSRS = Gvr("certificates.k8s.io", "v1", "certificatesigningrequests")
CLIENT = "kubernetes.io/kube-apiserver-client"
CERTIFICATE = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n").decode()
HOUR = 3_600_000


def encoded_request() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "jane")])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return base64.b64encode(made.public_bytes(serialization.Encoding.PEM)).decode()


REQUEST = encoded_request()


class Authority:
    """Signs everything with one certificate, but for usages it does not like."""

    root = "a certificate"

    def token(self, claims: Any) -> str:
        return str(claims)

    def holds(self, token: str) -> bool:
        return bool(token)

    def certificate(self, spec: Any) -> str:
        if "server auth" in spec["usages"]:
            msg = "usages did not match"
            raise SigningError(msg)
        return CERTIFICATE


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def make(cluster: Cluster, gvr: Gvr, name: str, spec: dict[str, Any]) -> Any:
    kind = {CSRS: "CertificateSigningRequest", FLOWSCHEMAS: "FlowSchema", LEVELS: "PriorityLevelConfiguration"}[gvr]
    body = {"apiVersion": gvr.api_version, "kind": kind, "metadata": {"name": name}, "spec": spec}
    return cluster.handle(Request("create", Key(gvr), "", body))


def ask(cluster: Cluster, name: str, usage: str = "client auth", signer: str = CLIENT) -> Any:
    return make(cluster, CSRS, name, {"request": REQUEST, "signerName": signer, "usages": [usage]})


def decide(cluster: Cluster, name: str, type_: str) -> Any:
    condition = {"type": type_, "status": "True", "reason": "Test", "message": "m"}
    body = {"status": {"conditions": [condition]}}
    request = Request("patch", Key(CSRS, "", name), "approval", body, content_type=MERGE_PATCH)
    return cluster.handle(request)


def status(cluster: Cluster, name: str, gvr: Gvr = CSRS) -> dict[str, Any]:
    found = cluster.store.get(gvr, "", name)
    assert found is not None
    return dict(found["status"])


# ---------------------------------------------------------------------- signing
@pytest.mark.parametrize(
    ("usage", "signer", "decision", "outcome"),
    [
        ("client auth", CLIENT, "Approved", "signed"),
        ("client auth", CLIENT, "Denied", "waiting"),
        ("client auth", CLIENT, "", "waiting"),
        ("server auth", CLIENT, "Approved", "failed"),
        ("client auth", "example.com/mine", "Approved", "waiting"),
    ],
    ids=["approved", "denied", "undecided", "refused by the signer", "another signer"],
)
def test_what_is_signed(cluster: Cluster, usage: str, signer: str, decision: str, outcome: str):
    cluster.seal.install(Authority())
    assert ask(cluster, "a", usage, signer).code == 201
    if decision:
        assert decide(cluster, "a", decision).code == 200
    cluster.advance(5000)
    found = status(cluster, "a")
    assert (found.get("certificate") == CERTIFICATE) is (outcome == "signed")
    failed = [entry for entry in found.get("conditions") or () if entry["type"] == "Failed"]
    assert bool(failed) is (outcome == "failed")
    if failed:
        assert (failed[0]["reason"], failed[0]["message"]) == ("SignerValidationFailure", "usages did not match")


def test_requests_wait_for_somebody_with_keys(cluster: Cluster):
    ask(cluster, "a")
    decide(cluster, "a", "Approved")
    cluster.advance(5000)
    assert "certificate" not in status(cluster, "a")
    cluster.seal.install(Authority())
    cluster.advance(1000)
    assert status(cluster, "a")["certificate"] == CERTIFICATE


@pytest.mark.parametrize(
    ("decision", "hours", "kept"),
    [("Approved", 0.9, True), ("Approved", 2.1, False), ("Denied", 2.1, False), ("", 2.1, True), ("", 25.1, False)],
    ids=["new", "approved", "denied", "pending", "pending for a day"],
)
def test_old_requests_are_cleared_away(cluster: Cluster, decision: str, hours: float, kept: bool):
    ask(cluster, "a")
    if decision:
        decide(cluster, "a", decision)
    cluster.advance(int(hours * HOUR))
    assert (cluster.store.get(CSRS, "", "a") is not None) is kept


# ---------------------------------------------------------------------- the kind
def test_a_request_says_who_asks_and_never_changes(cluster: Cluster):
    made = ask(cluster, "a").body
    assert made["spec"]["username"] == "kubernetes-admin"
    assert made["spec"]["groups"] == ["kubeadm:cluster-admins", "system:masters", "system:authenticated"]
    body = {"spec": {"username": "somebody", "usages": ["any"]}, "status": {"certificate": CERTIFICATE}}
    same = cluster.handle(Request("patch", Key(CSRS, "", "a"), "", body, content_type=MERGE_PATCH))
    assert (same.code, same.body["spec"], same.body["status"]) == (200, made["spec"], {})


def test_only_approvers_decide(cluster: Cluster):
    ask(cluster, "a")
    entry = {"type": "Approved", "status": "True", "reason": "x"}
    body = {"status": {"conditions": [entry]}}
    key = Key(CSRS, "", "a")
    by_status = cluster.handle(Request("patch", key, "status", body, content_type=MERGE_PATCH))
    assert by_status.code == 422
    assert 'updates may not add a condition of type "Approved"' in by_status.body["message"]
    assert decide(cluster, "a", "Approved").code == 200
    left_out = {"status": {"conditions": [{"type": "Mine", "status": "True", "reason": "x"}]}}
    kept = cluster.handle(Request("patch", key, "status", left_out, content_type=MERGE_PATCH))
    assert [entry["type"] for entry in kept.body["status"]["conditions"]] == ["Approved", "Mine"]
    removed = cluster.handle(
        Request("patch", key, "approval", {"status": {"conditions": None}}, content_type=MERGE_PATCH)
    )
    assert removed.code == 422
    assert 'updates may not remove a condition of type "Approved"' in removed.body["message"]


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"request": "AAAA"}, "spec.request: Invalid value"),
        ({"request": base64.b64encode(base64.b64decode(REQUEST)[:80]).decode()}, "spec.request: Invalid value"),
        ({"usages": []}, "spec.usages: Required value"),
        ({"usages": ["any", "any"]}, 'spec.usages[1]: Duplicate value: "any"'),
        ({"signerName": "kubernetes.io/legacy-unknown"}, "the legacy signerName is not allowed via this API version"),
        ({"signerName": "nodomain/x"}, "must be a fully qualified domain and path of the form"),
        ({"expirationSeconds": 599}, "may not specify a duration less than 600 seconds (10 minutes)"),
    ],
    ids=["no request", "cut short", "no usages", "twice", "legacy", "signer", "too short"],
)
def test_requests_that_are_refused(cluster: Cluster, spec: dict[str, Any], text: str):
    answer = make(cluster, CSRS, "a", {"request": REQUEST, "signerName": CLIENT, "usages": ["any"], **spec})
    assert answer.code == 422
    assert text in answer.body["message"]


# ---------------------------------------------------------------------- flows
def test_a_schema_is_told_whether_its_level_exists(cluster: Cluster):
    rule = {
        "subjects": [{"kind": "Group", "group": {"name": "x"}}],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    }
    made = make(cluster, FLOWSCHEMAS, "a", {"priorityLevelConfiguration": {"name": "late"}, "rules": [rule]})
    assert made.body["spec"]["matchingPrecedence"] == 1000
    cluster.advance(2000)
    (found,) = status(cluster, "a", FLOWSCHEMAS)["conditions"]
    assert (found["status"], found["reason"]) == ("True", "NotFound")
    level = make(cluster, LEVELS, "late", {"type": "Limited", "limited": {"limitResponse": {"type": "Queue"}}})
    assert level.body["spec"]["limited"] == {
        "nominalConcurrencyShares": 30,
        "limitResponse": {"type": "Queue", "queuing": {"queues": 64, "handSize": 8, "queueLengthLimit": 50}},
        "lendablePercent": 0,
    }
    cluster.advance(2000)
    (found,) = status(cluster, "a", FLOWSCHEMAS)["conditions"]
    assert (found["status"], found["reason"]) == ("False", "Found")
    assert found["message"] == (
        'This FlowSchema references the PriorityLevelConfiguration object named "late" and it exists'
    )


@pytest.mark.parametrize(
    ("gvr", "spec", "text"),
    [
        (FLOWSCHEMAS, {"priorityLevelConfiguration": {"name": "exempt"}, "matchingPrecedence": 10_001},
         "must be between 1 and 10000"),
        (FLOWSCHEMAS, {"priorityLevelConfiguration": {"name": ""}}, "must reference a priority level"),
        (LEVELS, {"type": "Other"}, 'Unsupported value: "Other"'),
        (LEVELS, {"type": "Limited"}, "must not be empty when type is Limited"),
        (LEVELS, {"type": "Exempt", "limited": {"limitResponse": {"type": "Reject"}}}, "spec.limited: Forbidden"),
        (LEVELS, {"type": "Limited", "limited": {"limitResponse": {"type": "Maybe"}}}, 'Unsupported value: "Maybe"'),
        (LEVELS, {"type": "Limited", "limited": {"lendablePercent": 101, "limitResponse": {"type": "Reject"}}},
         "must be between 0 and 100, inclusive"),
    ],
    ids=["precedence", "no level", "type", "no limits", "exempt with limits", "response", "percent"],
)  # fmt: skip
def test_flows_that_are_refused(cluster: Cluster, gvr: Gvr, spec: dict[str, Any], text: str):
    answer = make(cluster, gvr, "a", spec)
    assert answer.code == 422
    assert text in answer.body["message"]


@pytest.mark.parametrize("gvr", [FLOWSCHEMAS, LEVELS], ids=lambda gvr: gvr.resource)
def test_flows_of_the_start_are_valid_and_settled(cluster: Cluster, gvr: Gvr):
    cluster.advance(5000)
    for tree in cluster.store.range(gvr):
        assert tree["metadata"]["resourceVersion"] == "1"
        again = cluster.handle(Request("update", Key(gvr, "", tree["metadata"]["name"]), "", tree))
        assert (again.code, again.body["metadata"]["resourceVersion"]) == (200, "1"), again.body
