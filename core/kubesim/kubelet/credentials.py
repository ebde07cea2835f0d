"""The tokens in projected volumes: for the pod's account, bound to the pod, renewed before their life is over.

# k8s: pkg/kubelet/token/token_manager.go
"""

from hashlib import sha256

from kubesim.machinery.authority import Seal
from kubesim.machinery.client import Client
from kubesim.objects.times import parse_time
from kubesim.objects.tokens import ISSUER, bound_claims
from kubesim.objects.wire import NODES, SERVICEACCOUNTS, Tree

LIFE_SECONDS = 3600
RENEWED_AFTER = 0.8
"""The part of its life after which a token is replaced."""


class AccountTokens:
    """Makes the tokens of one cluster's pods."""

    def __init__(self, seal: Seal, client: Client) -> None:
        self._seal = seal
        self._client = client

    def content(self, pod: Tree, source: Tree) -> str:
        """The token that a ``serviceAccountToken`` source shows now.

        # differs: a file of no use stands in for the token while nobody serves the cluster
        """
        spec, metadata = pod["spec"], pod["metadata"]
        namespace, name = metadata["namespace"], spec.get("serviceAccountName") or "default"
        account = self._client.get(SERVICEACCOUNTS, namespace, name)
        if self._seal.authority is None or account is None:
            return f"simulated-token.{namespace}.{name}"
        seconds = int(source.get("expirationSeconds") or LIFE_SECONDS)
        issued = self._issued(metadata, seconds)
        digest = sha256(
            f"{metadata['uid']}/{source.get('audience')}/{source.get('path')}/{issued}".encode()
        ).hexdigest()
        identifier = f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"
        bound = [("pod", pod)]
        node = self._client.get(NODES, "", spec.get("nodeName") or "")
        if node is not None:
            bound.append(("node", node))
        audiences = [source.get("audience") or ISSUER]
        return self._seal.authority.token(bound_claims(account, audiences, issued, seconds, identifier, bound))

    def _issued(self, metadata: Tree, seconds: int) -> int:
        """When the present token was made, in seconds since 1970: it stays the same until it is renewed."""
        begin = parse_time(metadata["creationTimestamp"]) // 1000
        period = max(1, int(seconds * RENEWED_AFTER))
        return begin + max(0, self._client.now() // 1000 - begin) // period * period
