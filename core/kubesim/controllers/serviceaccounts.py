"""What every namespace gets: the ServiceAccount ``default`` and the cluster's certificate; and token Secrets."""

from base64 import b64decode, b64encode, urlsafe_b64encode
from binascii import Error as BadBase64
from collections.abc import Hashable
from hashlib import sha256
from typing import Any, cast

import orjson

from kubesim.kernel.loop import Loop
from kubesim.machinery.authority import Seal
from kubesim.machinery.client import Client
from kubesim.machinery.controller import Controller
from kubesim.machinery.informer import Hub
from kubesim.objects import refs
from kubesim.objects.errors import ApiError
from kubesim.objects.tokens import legacy_claims
from kubesim.objects.wire import CONFIGMAPS, EMPTY, NAMESPACES, SECRETS, SERVICEACCOUNTS, Gvr, Tree

DEFAULT = "default"
ROOT_CA_NAME = "kube-root-ca.crt"
DESCRIPTION = "kubernetes.io/description"
DESCRIPTION_TEXT = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)
TOKEN_TYPE = "kubernetes.io/service-account-token"
ACCOUNT_NAME, ACCOUNT_UID = "kubernetes.io/service-account.name", "kubernetes.io/service-account.uid"

SAMPLE_CA = """\
-----BEGIN CERTIFICATE-----
MIIBfjCCASWgAwIBAgIUDSllGUKfEqI4wEWlKi6QU1Be3gUwCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKa3ViZXJuZXRlczAeFw0yNjExMjMxNTE4NTNaFw0zNjExMjAx
NTE4NTNaMBUxEzARBgNVBAMMCmt1YmVybmV0ZXMwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATssSulDx6X55FcUiuBP4d0GQk1kq5ABEHMkQc0fFtKi5+1Eh5mId2A
zp7vTNBRlESO0LRS70pUiLQqabraLLaGo1MwUTAdBgNVHQ4EFgQUXsTfCLfxADO9
EBhVX6IVI/JcOSwwHwYDVR0jBBgwFoAUXsTfCLfxADO9EBhVX6IVI/JcOSwwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiAafeu6Aqvg5lMlkiv99M2I
97EYO3JolWf4mCYAGxoRYgIgWaPszqv0zKMvjOa9ECPT7G4Nb8mZrGTRkXNogmwZ
9Fc=
-----END CERTIFICATE-----
"""
"""A certificate of nobody, for clusters that nobody calls from outside."""


def _is_active(namespace: Tree | None) -> bool:
    return namespace is not None and (namespace.get("status") or EMPTY).get("phase", "Active") == "Active"


class ServiceAccountController:
    """Keeps the ServiceAccount ``default`` of each namespace. Keys are ("", namespace)."""

    def __init__(self, loop: Loop, hub: Hub, client: Client) -> None:
        self.controller = Controller("serviceaccount", loop, client, self)
        self._client = client
        hub.on(NAMESPACES, self._namespace_changed)
        hub.on(SERVICEACCOUNTS, self._account_changed)
        for each in client.list(NAMESPACES):
            self._namespace_changed(None, each, 0)

    def _namespace_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if new is not None and old is None:
            self.controller.add(("", new["metadata"]["name"]), revision)

    def _account_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if new is None and old is not None and old["metadata"]["name"] == DEFAULT:
            self.controller.add(("", old["metadata"]["namespace"]), revision)

    def reconcile(self, key: Hashable) -> int | None:
        """Make the account when it is missing."""
        _, name = cast("tuple[str, str]", key)
        if not _is_active(self._client.get(NAMESPACES, "", name)):
            return None
        if self._client.get(SERVICEACCOUNTS, name, DEFAULT) is None:
            body = {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": DEFAULT, "namespace": name},
            }
            _create(self._client, SERVICEACCOUNTS, body)
        return None


class RootCaPublisher:
    """Keeps the certificate of the cluster in each namespace. Keys are ("", namespace)."""

    def __init__(self, loop: Loop, hub: Hub, client: Client, seal: Seal | None = None) -> None:
        self.controller = Controller("root-ca-certificate-publisher", loop, client, self)
        self._client = client
        self._seal = seal = seal or Seal()
        seal.on_install(self._installed)
        hub.on(NAMESPACES, self._namespace_changed)
        hub.on(CONFIGMAPS, self._config_map_changed)
        self._installed()

    def _installed(self) -> None:
        for each in self._client.list(NAMESPACES):
            self._namespace_changed(None, each, 0)

    def _namespace_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        if new is not None and old is None:
            self.controller.add(("", new["metadata"]["name"]), revision)

    def _config_map_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        either = new if new is not None else old
        if either is not None and either["metadata"]["name"] == ROOT_CA_NAME:
            self.controller.add(("", either["metadata"]["namespace"]), revision)

    def reconcile(self, key: Hashable) -> int | None:
        """Make or mend the ConfigMap."""
        _, name = cast("tuple[str, str]", key)
        if not _is_active(self._client.get(NAMESPACES, "", name)):
            return None
        known = self._client.get(CONFIGMAPS, name, ROOT_CA_NAME)
        data = {"ca.crt": _root_of(self._seal)}
        if known is None:
            metadata: dict[str, Any] = {"name": ROOT_CA_NAME, "namespace": name}
            metadata["annotations"] = {DESCRIPTION: DESCRIPTION_TEXT}
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
            _create(self._client, CONFIGMAPS, body)
        elif known.get("data") != data or refs.annotations(known).get(DESCRIPTION) is None:
            annotations = {**refs.annotations(known), DESCRIPTION: DESCRIPTION_TEXT}
            self._client.update(
                CONFIGMAPS,
                {**known, "metadata": {**known["metadata"], "annotations": annotations}, "data": data},
            )
        return None


class TokensController:
    """Fills Secrets of the token type, and deletes them with their account. Keys are (namespace, name)."""

    def __init__(self, loop: Loop, hub: Hub, client: Client, seal: Seal | None = None) -> None:
        self.controller = Controller("serviceaccount-token", loop, client, self)
        self._client = client
        self._seal = seal = seal or Seal()
        seal.on_install(self._installed)
        hub.on(SECRETS, self._secret_changed)
        hub.on(SERVICEACCOUNTS, self._account_changed)
        self._installed()

    def _installed(self) -> None:
        for each in self._client.list(SECRETS):
            self._secret_changed(None, each, 0)

    def _secret_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        del old
        if new is not None and new.get("type") == TOKEN_TYPE:
            self.controller.add(refs.place(new), revision)

    def _account_changed(self, old: Tree | None, new: Tree | None, revision: int) -> None:
        either = new if new is not None else old
        if either is None or (old is not None and new is not None):
            return
        for each in self._client.list(SECRETS, either["metadata"]["namespace"]):
            if each.get("type") == TOKEN_TYPE and _account_of(each) == either["metadata"]["name"]:
                self.controller.add(refs.place(each), revision)

    def reconcile(self, key: Hashable) -> int | None:
        """Fill one Secret, or delete it when its account is gone."""
        namespace, name = place = cast("tuple[str, str]", key)
        secret = self._client.get(SECRETS, *place)
        if secret is None or secret.get("type") != TOKEN_TYPE:
            return None
        account = self._client.get(SERVICEACCOUNTS, namespace, _account_of(secret))
        known_uid = refs.annotations(secret).get(ACCOUNT_UID)
        if account is None or (known_uid and known_uid != refs.uid(account)):
            self._client.delete(SECRETS, namespace, name)
            return None
        data = secret.get("data") or EMPTY
        filled = {**data, "ca.crt": _encode(_root_of(self._seal)), "namespace": _encode(namespace)}
        if not self._holds(data.get("token") or ""):
            filled["token"] = _encode(self._token(account, secret))
        if known_uid and filled == data:
            return None
        annotations = {**refs.annotations(secret), ACCOUNT_UID: refs.uid(account)}
        metadata = {**secret["metadata"], "annotations": annotations}
        self._client.update(SECRETS, {**secret, "metadata": metadata, "data": filled})
        return None

    def _holds(self, encoded: str) -> bool:
        """Whether a token is there and good; one that other keys signed is made anew."""
        if not encoded or self._seal.authority is None:
            return bool(encoded)
        return self._seal.authority.holds(_decode(encoded))

    def _token(self, account: Tree, secret: Tree) -> str:
        if self._seal.authority is None:
            return token_of(account, secret)
        return self._seal.authority.token(legacy_claims(account, secret["metadata"]["name"]))


def token_of(account: Tree, secret: Tree) -> str:
    """The token of a Secret of a cluster that nobody serves: it has the form of one, and opens nothing.

    # differs: it ends in a digest, not in a signature, until somebody installs keys
    """
    claims = legacy_claims(account, secret["metadata"]["name"])
    text = f"{_part(orjson.dumps({'alg': 'RS256', 'kid': 'simulated'}))}.{_part(orjson.dumps(claims))}"
    return f"{text}.{_part(sha256(text.encode()).digest())}"


def _part(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _account_of(secret: Tree) -> str:
    return str(refs.annotations(secret).get(ACCOUNT_NAME, ""))


def _root_of(seal: Seal) -> str:
    return SAMPLE_CA if seal.authority is None else seal.authority.root


def _encode(text: str) -> str:
    return b64encode(text.encode()).decode()


def _decode(text: str) -> str:
    try:
        return b64decode(text).decode("utf-8", "replace")
    except BadBase64:
        return ""


def _create(client: Client, gvr: Gvr, body: Tree) -> None:
    try:
        client.create(gvr, body["metadata"]["namespace"], body)
    except ApiError as error:
        # k8s: somebody was faster, or the namespace is on its way out
        if error.reason not in {"AlreadyExists", "NotFound", "Forbidden"}:
            raise
