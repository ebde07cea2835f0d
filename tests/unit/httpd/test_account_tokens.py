"""Service account tokens: what they say, and which ones open the door."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from kubesim.cluster import Cluster
from kubesim.httpd.accounts import ServiceAccounts
from kubesim.httpd.tokens import Keyring, TokenError
from kubesim.objects.errors import ApiError
from kubesim.objects.tokens import ISSUER, legacy_claims
from kubesim.objects.wire import NODES, PODS, SECRETS, SERVICEACCOUNTS, Gvr, Key, Request

RING = Keyring.passing()


@pytest.fixture
def cluster() -> Cluster:
    found = Cluster()
    found.advance(2000)
    return found


@pytest.fixture
def accounts(cluster: Cluster) -> ServiceAccounts:
    return ServiceAccounts(RING, lambda: cluster)


def make(cluster: Cluster, gvr: Gvr, namespace: str, body: dict[str, Any]) -> Any:
    answer = cluster.handle(Request("create", Key(gvr, namespace), "", body))
    assert answer.code == 201, answer.body
    return answer.body


def remove(cluster: Cluster, gvr: Gvr, namespace: str, name: str) -> None:
    body = {"gracePeriodSeconds": 0}
    assert cluster.handle(Request("delete", Key(gvr, namespace, name), "", body)).code == 200
    cluster.advance(1000)


def ask(accounts: ServiceAccounts, **spec: Any) -> str:
    return str(accounts.request("default", "default", {"spec": spec})["status"]["token"])


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def pod(cluster: Cluster, node: str = "") -> Any:
    spec = {"containers": [{"name": "c", "image": "nginx"}], **({"nodeName": node} if node else {})}
    return make(cluster, PODS, "default", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})


def test_what_a_token_says(cluster: Cluster, accounts: ServiceAccounts):
    make(cluster, NODES, "", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}})
    bound = pod(cluster, "n1")
    reference = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": bound["metadata"]["uid"]}
    answer = accounts.request("default", "default", {"spec": {"boundObjectRef": reference, "expirationSeconds": 700}})
    assert answer["spec"] == {"audiences": [ISSUER], "expirationSeconds": 700, "boundObjectRef": reference}
    claims = claims_of(answer["status"]["token"])
    now = cluster.loop.now // 1000
    account = cluster.store.get(SERVICEACCOUNTS, "default", "default")
    node = cluster.store.get(NODES, "", "n1")
    assert account is not None
    assert node is not None
    assert len(claims.pop("jti")) == 36
    assert claims == {
        "aud": [ISSUER],
        "exp": now + 700,
        "iat": now,
        "iss": ISSUER,
        "kubernetes.io": {
            "namespace": "default",
            "node": {"name": "n1", "uid": node["metadata"]["uid"]},
            "pod": {"name": "p", "uid": bound["metadata"]["uid"]},
            "serviceaccount": {"name": "default", "uid": account["metadata"]["uid"]},
        },
        "nbf": now,
        "sub": "system:serviceaccount:default:default",
    }
    identity = accounts.identify(answer["status"]["token"]).identity
    assert identity.user == "system:serviceaccount:default:default"
    assert identity.groups == (
        "system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated",
    )  # fmt: skip
    assert identity.uid == account["metadata"]["uid"]
    assert [name.rpartition("/")[2] for name, _ in identity.extra] == [
        "credential-id", "node-name", "node-uid", "pod-name", "pod-uid",
    ]  # fmt: skip


def test_pods_get_a_year_and_a_warning(cluster: Cluster, accounts: ServiceAccounts):
    pod(cluster)
    reference = {"apiVersion": "v1", "kind": "Pod", "name": "p"}
    claims = claims_of(ask(accounts, boundObjectRef=reference, expirationSeconds=3607))
    assert claims["kubernetes.io"]["warnafter"] == claims["iat"] + 3607
    assert claims["exp"] == claims["iat"] + 365 * 24 * 3600
    other = claims_of(ask(accounts, boundObjectRef=reference, expirationSeconds=3607, audiences=["vault"]))
    assert "warnafter" not in other["kubernetes.io"]


@pytest.mark.parametrize(
    ("spec", "code", "text"),
    [
        ({"expirationSeconds": 599}, 422,
         "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes"),
        ({"expirationSeconds": 1 << 33}, 422, "may not specify a duration larger than 2^32 seconds"),
        ({"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": "x"}}, 404, 'pods "x" not found'),
        ({"boundObjectRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}}, 400,
         "cannot bind token to object of type apps/v1, Kind=Deployment"),
        ({"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "other"}}, 409,
         "the UID in the bound object reference (other) does not match the UID in record"),
    ],
    ids=["short", "long", "no pod", "no such kind", "another uid"],
)  # fmt: skip
def test_refused_requests(cluster: Cluster, accounts: ServiceAccounts, spec: Any, code: int, text: str):
    pod(cluster)
    with pytest.raises(ApiError) as caught:
        accounts.request("default", "default", {"spec": spec})
    assert caught.value.code == code
    assert text in caught.value.status["message"]


def test_a_token_for_another_account_cannot_be_bound_to_the_pod(cluster: Cluster, accounts: ServiceAccounts):
    pod(cluster)
    make(cluster, SERVICEACCOUNTS, "default", {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "b"}})
    with pytest.raises(ApiError, match="to pod running with different serviceaccount name"):
        accounts.request("default", "b", {"spec": {"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": "p"}}})


def test_an_account_that_is_not_there(accounts: ServiceAccounts):
    with pytest.raises(ApiError, match='serviceaccounts "nobody" not found'):
        accounts.request("default", "nobody", {})


# ---------------------------------------------------------------------- what is not let in
def test_tokens_expire_by_the_clock_of_the_cluster(cluster: Cluster, accounts: ServiceAccounts):
    token = ask(accounts, expirationSeconds=600)
    cluster.advance(650_000)
    accounts.identify(token)
    cluster.advance(20_000)
    with pytest.raises(TokenError, match="service account token has expired"):
        accounts.identify(token)


@pytest.mark.parametrize("kind", ["pod", "account", "node", "secret"])
def test_a_token_ends_with_what_it_is_bound_to(cluster: Cluster, accounts: ServiceAccounts, kind: str):
    pod(cluster)
    make(cluster, NODES, "", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "p"}})
    make(cluster, SECRETS, "default", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "p"}})
    gvr = {"pod": PODS, "account": SERVICEACCOUNTS, "node": NODES, "secret": SECRETS}[kind]
    spec = {} if kind == "account" else {"boundObjectRef": {"apiVersion": "v1", "kind": kind.title(), "name": "p"}}
    token = ask(accounts, **spec)
    accounts.identify(token)
    remove(cluster, gvr, "" if kind == "node" else "default", "default" if kind == "account" else "p")
    with pytest.raises(TokenError, match="invalidated"):
        accounts.identify(token)


def flipped(text: str, at: int) -> str:
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def forged(token: str, head: dict[str, Any] | None = None, **claims: Any) -> str:
    parts = token.split(".")
    shown = {**claims_of(token), **claims}
    parts[1] = base64.urlsafe_b64encode(json.dumps(shown).encode()).decode().rstrip("=")
    if head is not None:
        parts[0] = base64.urlsafe_b64encode(json.dumps(head).encode()).decode().rstrip("=")
    return ".".join(parts)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: flipped(token, len(token) - 8),
        lambda token: flipped(token, token.index(".") + 9),
        lambda token: forged(token, sub="system:serviceaccount:kube-system:default"),
        lambda token: forged(token, {"alg": "none"}).rpartition(".")[0] + ".",
        lambda token: forged(token, {"alg": "HS256"}),
        lambda token: token + "=",
        lambda token: token.rpartition(".")[0],
        lambda token: Keyring.passing().sign(claims_of(token)),
        lambda token: RING.sign({**claims_of(token), "iss": "https://elsewhere"}),
        lambda token: RING.sign({**claims_of(token), "sub": "system:serviceaccount:default:other"}),
        lambda token: RING.sign({**claims_of(token), "exp": "tomorrow"}),
        lambda token: RING.sign({**claims_of(token), "nbf": claims_of(token)["nbf"] + 3600}),
        lambda token: RING.sign({**claims_of(token), "kubernetes.io": []}),
        lambda token: "a.b.c",
        lambda token: ".." + "x" * 70_000,
        lambda token: "é.ü.ß",
    ],
    ids=["signature", "claims", "another subject", "no algorithm", "another algorithm", "padding", "no signature",
         "another key", "another issuer", "subject and account differ", "no time", "not yet", "no account",
         "nonsense", "huge", "no ASCII"],
)  # fmt: skip
def test_spoilt_tokens(accounts: ServiceAccounts, spoil: Any):
    token = ask(accounts)
    accounts.identify(token)
    with pytest.raises(TokenError):
        accounts.identify(spoil(token))


def test_a_token_for_others_names_them(accounts: ServiceAccounts):
    assert accounts.identify(ask(accounts, audiences=["vault"])).audiences == ("vault",)


# ---------------------------------------------------------------------- Secrets
class Authority:
    """Signs with the ring of these tests."""

    root = "a certificate"

    def token(self, claims: Any) -> str:
        return RING.sign(claims)

    def holds(self, token: str) -> bool:
        try:
            return bool(RING.verify(token))
        except TokenError:
            return False

    def certificate(self, spec: Any) -> str:
        raise NotImplementedError


def test_the_token_of_a_secret_opens_the_door_until_the_secret_goes(cluster: Cluster, accounts: ServiceAccounts):
    annotations = {"kubernetes.io/service-account.name": "default"}
    metadata = {"name": "s", "annotations": annotations}
    kind = "kubernetes.io/service-account-token"
    make(cluster, SECRETS, "default", {"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": metadata})
    cluster.advance(1000)

    def token() -> str:
        secret = cluster.store.get(SECRETS, "default", "s")
        assert secret is not None
        return base64.b64decode(secret["data"]["token"]).decode()

    with pytest.raises(TokenError):
        accounts.identify(token())
    cluster.seal.install(Authority())
    cluster.advance(1000)
    signed = token()
    assert accounts.identify(signed).identity.user == "system:serviceaccount:default:default"
    account = cluster.store.get(SERVICEACCOUNTS, "default", "default")
    assert account is not None
    with pytest.raises(TokenError, match="invalidated"):
        accounts.identify(RING.sign(legacy_claims(account, "another")))
    remove(cluster, SECRETS, "default", "s")
    with pytest.raises(TokenError, match="invalidated"):
        accounts.identify(signed)


def test_keys_are_left_out_of_snapshots(cluster: Cluster):
    cluster.seal.install(Authority())
    assert cluster.fork().seal.authority is None
    assert cluster.seal.authority is not None


def test_a_folder_keeps_the_key(tmp_path: Path):
    token = Keyring.kept(tmp_path).sign({"a": 1})
    again = Keyring.kept(tmp_path)
    assert again.verify(token) == {"a": 1}
    assert again.sign({"a": 1}) == token
    assert (tmp_path / "sa.key").stat().st_mode & 0o077 == 0
    assert again.key_set()["keys"][0]["kid"] == again.key_id
