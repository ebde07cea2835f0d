"""What the conformance tests of sig-auth ask, over HTTP: service accounts, tokens, certificates, reviews, discovery."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from conformance.served import Served
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.node import NodeSpec

ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
AUTHORIZATION = "/apis/authorization.k8s.io/v1"
MERGE = {"Content-Type": "application/merge-patch+json"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    cluster = Cluster(Settings(name="auth", epoch_ms=int(time.time()) * 1000))
    cluster.add_node(NodeSpec("n1"))
    found = Served(cluster, tmp_path_factory.mktemp("auth"), speed=20, anonymous=False)
    yield found
    found.stop()


def eventually(probe: Callable[[], Any], seconds: float = 5) -> Any:
    end = time.monotonic() + seconds
    while not (found := probe()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return found


def ok(served: Served, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
    reply = served.send(method, path, body, headers)
    assert reply.status < 300, reply.data
    return reply.json


def account(served: Served, name: str, **more: Any) -> Any:
    return ok(served, "POST", ACCOUNTS, {"metadata": {"name": name}, **more})


def token_for(served: Served, name: str, **spec: Any) -> str:
    return str(ok(served, "POST", f"{ACCOUNTS}/{name}/token", {"spec": spec})["status"]["token"])


# ---------------------------------------------------------------------- service accounts
def test_lifecycle_of_a_service_account(served: Served):
    made = account(served, "life")
    patched = ok(served, "PATCH", f"{ACCOUNTS}/life", {"automountServiceAccountToken": False}, MERGE)
    assert patched["automountServiceAccountToken"] is False
    labels = {"metadata": {"labels": {"test": "life"}}}
    ok(served, "PATCH", f"{ACCOUNTS}/life", labels, MERGE)
    listed = ok(served, "GET", "/api/v1/serviceaccounts?labelSelector=test%3Dlife")["items"]
    assert [item["metadata"]["uid"] for item in listed] == [made["metadata"]["uid"]]
    current = ok(served, "GET", f"{ACCOUNTS}/life")
    ok(served, "PUT", f"{ACCOUNTS}/life", {**current, "automountServiceAccountToken": True})
    ok(served, "DELETE", f"{ACCOUNTS}?labelSelector=test%3Dlife")
    assert ok(served, "GET", "/api/v1/serviceaccounts?labelSelector=test%3Dlife")["items"] == []


@pytest.mark.parametrize(
    ("of_account", "of_pod", "mounted"),
    [(None, None, True), (True, None, True), (False, None, False), (None, True, True), (None, False, False),
     (True, False, False), (False, True, True)],
)  # fmt: skip
def test_opting_out_of_the_token(served: Served, of_account: bool | None, of_pod: bool | None, mounted: bool):
    name = f"mount-{of_account}-{of_pod}".lower()
    account(served, name, **({} if of_account is None else {"automountServiceAccountToken": of_account}))
    spec: dict[str, Any] = {"serviceAccountName": name, "containers": [{"name": "c", "image": "nginx"}]}
    if of_pod is not None:
        spec["automountServiceAccountToken"] = of_pod
    pod = ok(served, "POST", "/api/v1/namespaces/default/pods", {"metadata": {"name": name}, "spec": spec})
    mounts = [mount["mountPath"] for mount in pod["spec"]["containers"][0].get("volumeMounts") or ()]
    assert ("/var/run/secrets/kubernetes.io/serviceaccount" in mounts) is mounted


def test_every_namespace_has_the_certificate(served: Served):
    ok(served, "POST", "/api/v1/namespaces", {"metadata": {"name": "fresh"}})
    path = "/api/v1/namespaces/fresh/configmaps/kube-root-ca.crt"
    authority = (served.folder / "ca.crt").read_text()

    def content() -> Any:
        reply = served.send("GET", path)
        return reply.json["data"]["ca.crt"] if reply.status == 200 else ""

    assert eventually(content) == authority
    ok(served, "DELETE", path)
    assert eventually(content) == authority
    ok(served, "PATCH", path, {"data": {"ca.crt": "mine"}}, MERGE)
    eventually(lambda: content() == authority)


def test_a_token_passes_its_review(served: Served):
    account(served, "reviewed")
    request = ok(
        served, "POST", f"{ACCOUNTS}/reviewed/token", {"spec": {"audiences": ["api"], "expirationSeconds": 600}}
    )
    token = request["status"]["token"]
    review = {"spec": {"token": token, "audiences": ["api"]}}
    status = ok(served, "POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)["status"]
    assert status["authenticated"] is True
    assert status["audiences"] == ["api"]
    assert status["user"]["username"] == "system:serviceaccount:default:reviewed"
    assert served.send("GET", ACCOUNTS, token=token).status == 401
    wrong = ok(served, "POST", "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": token}})["status"]
    assert "authenticated" not in wrong
    assert "is invalid for the target audiences" in wrong["error"]
    ok(served, "DELETE", f"{ACCOUNTS}/reviewed")
    gone = ok(served, "POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)["status"]
    assert gone["user"] == {}
    assert "service account default/reviewed is not found" in gone["error"]


def test_pods_find_a_token_that_opens_the_door(served: Served):
    account(served, "mounted")
    sources = [{"serviceAccountToken": {"path": "vault", "audience": "vault", "expirationSeconds": 600}}]
    volume = {"name": "v", "projected": {"sources": sources}}
    container = {"name": "c", "image": "nginx", "volumeMounts": [{"name": "v", "mountPath": "/tokens"}]}
    spec = {"serviceAccountName": "mounted", "containers": [container], "volumes": [volume]}
    pod = ok(served, "POST", "/api/v1/namespaces/default/pods", {"metadata": {"name": "mounted"}, "spec": spec})
    path = "/api/v1/namespaces/default/pods/mounted"
    eventually(lambda: ok(served, "GET", path)["status"]["phase"] == "Running", 20)

    def read(file: str) -> str:
        kubelets = served.cluster.kubelets
        outcome = served.call(lambda: kubelets.execute("default", "mounted", "c", ("cat", file)))
        return str(outcome.stdout if isinstance(outcome.stdout, str) else outcome.stdout.decode())

    root = "/var/run/secrets/kubernetes.io/serviceaccount"
    assert read(f"{root}/namespace") == "default"
    assert read(f"{root}/ca.crt") == (served.folder / "ca.crt").read_text()
    found = served.send("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, token=read(f"{root}/token"))
    info = found.json["status"]["userInfo"]
    assert info["username"] == "system:serviceaccount:default:mounted"
    assert info["extra"]["authentication.kubernetes.io/pod-uid"] == [pod["metadata"]["uid"]]
    assert info["extra"]["authentication.kubernetes.io/node-name"] == ["n1"]
    review = {"spec": {"token": read("/tokens/vault"), "audiences": ["vault"]}}
    status = ok(served, "POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)["status"]
    assert status["user"]["username"] == "system:serviceaccount:default:mounted"


def test_others_can_check_tokens_by_discovery(served: Served):
    account(served, "issuer")
    token = token_for(served, "issuer")
    reply = served.send("GET", "/.well-known/openid-configuration", token=token)
    assert reply.status == 200, reply.data
    configuration = reply.json
    keys = served.send("GET", "/openid/v1/jwks", headers={"Accept": "*/*"}, token=token)
    assert keys.headers["content-type"] == ["application/jwk-set+json"]
    key = keys.json["keys"][0]

    def number(text: str) -> int:
        return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")

    public = ec.EllipticCurvePublicNumbers(number(key["x"]), number(key["y"]), ec.SECP256R1()).public_key()
    head, body, signature = token.split(".")
    raw = number(signature).to_bytes(64, "big")
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    public.verify(encode_dss_signature(r, s), f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256()))
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert claims["iss"] == configuration["issuer"]
    assert configuration["jwks_uri"] == f"{served.server.url}/openid/v1/jwks"
    assert served.send("GET", "/openid/v1/jwks").status == 406
    assert served.send("GET", "/.well-known/openid-configuration", token="").status == 401


# ---------------------------------------------------------------------- reviews
def test_subject_reviews(served: Served):
    account(served, "asked")
    user = "system:serviceaccount:default:asked"
    attributes = {"verb": "list", "resource": "configmaps", "namespace": "default"}
    spec = {"user": user, "resourceAttributes": attributes}
    path = "/api/v1/namespaces/default/configmaps"
    for allowed in (False, True):
        if allowed:
            binding = {
                "metadata": {"name": "asked"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
                "subjects": [{"kind": "ServiceAccount", "name": "asked", "namespace": "default"}],
            }
            ok(served, "POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", binding)
        review = ok(served, "POST", f"{AUTHORIZATION}/subjectaccessreviews", {"spec": spec})
        local = f"{AUTHORIZATION}/namespaces/default/localsubjectaccessreviews"
        local_review = ok(served, "POST", local, {"metadata": {"namespace": "default"}, "spec": spec})
        assert review["status"]["allowed"] is local_review["status"]["allowed"] is allowed
        reply = served.send("GET", path, headers={"Impersonate-User": user})
        assert (reply.status == 200) is allowed
        own = served.send(
            "POST",
            f"{AUTHORIZATION}/selfsubjectaccessreviews",
            {"spec": {"resourceAttributes": attributes}},
            token=token_for(served, "asked"),
        )
        assert own.json["status"]["allowed"] is allowed


def test_rules_of_oneself(served: Served):
    account(served, "ruled")
    status = served.send(
        "POST",
        f"{AUTHORIZATION}/selfsubjectrulesreviews",
        {"spec": {"namespace": "default"}},
        token=token_for(served, "ruled"),
    ).json["status"]
    assert status["incomplete"] is False
    assert {"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]} in status[
        "resourceRules"
    ]
    urls = [url for rule in status["nonResourceRules"] for url in rule["nonResourceURLs"]]
    assert "/openid/v1/jwks" in urls


# ---------------------------------------------------------------------- certificates
def request_for(user: str, *groups: str) -> tuple[ec.EllipticCurvePrivateKey, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    subject = x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, user)])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return key, base64.b64encode(made.public_bytes(serialization.Encoding.PEM)).decode()


def signing_request(name: str, encoded: str, signer: str = "example.com/e2e") -> dict[str, Any]:
    spec = {"request": encoded, "signerName": signer, "usages": ["client auth"], "expirationSeconds": 3600}
    return {"metadata": {"name": name, "labels": {"csr": "e2e"}}, "spec": spec}


def test_certificate_requests_support_every_operation(served: Served):
    versions = ok(served, "GET", "/apis/certificates.k8s.io/v1")["resources"]
    assert {
        "certificatesigningrequests",
        "certificatesigningrequests/approval",
        "certificatesigningrequests/status",
    } <= {item["name"] for item in versions}
    _, encoded = request_for("e2e")
    ok(served, "POST", CSRS, signing_request("e2e-1", encoded))
    ok(served, "POST", CSRS, signing_request("e2e-2", encoded))
    assert len(ok(served, "GET", f"{CSRS}?fieldSelector=spec.signerName%3Dexample.com/e2e")["items"]) == 2
    annotated = ok(served, "PATCH", f"{CSRS}/e2e-1", {"metadata": {"annotations": {"patched": "true"}}}, MERGE)
    assert annotated["metadata"]["annotations"]["patched"] == "true"
    conditions = [{"type": "ApprovalPatch", "status": "True", "reason": "e2e"}]
    patch = {"metadata": {"annotations": {"patchedapproval": "true"}}, "status": {"conditions": conditions}}
    patched = ok(served, "PATCH", f"{CSRS}/e2e-1/approval", patch, MERGE)
    assert [entry["type"] for entry in patched["status"]["conditions"]] == ["ApprovalPatch"]
    assert patched["metadata"]["annotations"]["patchedapproval"] == "true"
    certificate = base64.b64encode((served.folder / "ca.crt").read_bytes()).decode()
    issued = ok(served, "PATCH", f"{CSRS}/e2e-1/status", {"status": {"certificate": certificate}}, MERGE)
    assert issued["status"]["certificate"] == certificate
    more = {"type": "StatusUpdate", "status": "True", "reason": "e2e"}
    issued["status"]["conditions"].append(more)
    updated = ok(served, "PUT", f"{CSRS}/e2e-1/status", issued)
    assert [entry["type"] for entry in updated["status"]["conditions"]] == ["ApprovalPatch", "StatusUpdate"]
    bad = served.send("PATCH", f"{CSRS}/e2e-2/status", {"status": {"certificate": "AAAA"}}, MERGE)
    assert bad.status == 422
    ok(served, "DELETE", f"{CSRS}/e2e-1")
    ok(served, "DELETE", f"{CSRS}?labelSelector=csr%3De2e")
    assert ok(served, "GET", CSRS)["items"] == []


def test_an_issued_certificate_opens_the_door(served: Served):
    key, encoded = request_for("carol", "dev")
    ok(served, "POST", CSRS, signing_request("carol", encoded, "kubernetes.io/kube-apiserver-client"))
    approved = {"type": "Approved", "status": "True", "reason": "Test", "message": "m"}
    current = ok(served, "GET", f"{CSRS}/carol")
    ok(served, "PUT", f"{CSRS}/carol/approval", {**current, "status": {"conditions": [approved]}})
    encoded = eventually(lambda: ok(served, "GET", f"{CSRS}/carol")["status"].get("certificate"))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    chain = served.folder / "carol.pem"
    chain.write_bytes(base64.b64decode(encoded) + secret)
    connection = served.connect(chain)
    connection.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body="{}")
    info = json.loads(connection.getresponse().read())["status"]["userInfo"]
    connection.close()
    assert (info["username"], info["groups"]) == ("carol", ["dev", "system:authenticated"])


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("denied", {"type": "Denied"}, None),
        ("pending", None, None),
        ("wrong-usage", {"type": "Approved"}, "SignerValidationFailure"),
    ],
)
def test_requests_that_are_not_signed(served: Served, name: str, change: dict[str, str] | None, reason: str | None):
    _, encoded = request_for("dave")
    body = signing_request(name, encoded, "kubernetes.io/kube-apiserver-client")
    if reason:
        body["spec"]["usages"] = ["server auth"]
    ok(served, "POST", CSRS, body)
    if change is not None:
        condition = {"status": "True", "reason": "Test", "message": "m", **change}
        ok(served, "PATCH", f"{CSRS}/{name}/approval", {"status": {"conditions": [condition]}}, MERGE)
    if reason:
        failed = eventually(lambda: ok(served, "GET", f"{CSRS}/{name}")["status"]["conditions"][1:])
        assert failed[0]["reason"] == reason
    else:
        time.sleep(0.1)
    assert "certificate" not in ok(served, "GET", f"{CSRS}/{name}")["status"]
