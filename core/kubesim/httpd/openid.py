"""OpenID discovery: where others find the key that service account tokens are signed with.

# k8s: pkg/routes/openidmetadata.go, pkg/serviceaccount/openidmetadata.go
"""

from kubesim.httpd.answers import Answer
from kubesim.httpd.tokens import ALGORITHM, Keyring
from kubesim.objects.errors import failure
from kubesim.objects.tokens import ISSUER
from kubesim.objects.wire import JSON

CONFIGURATION, KEYS = "/.well-known/openid-configuration", "/openid/v1/jwks"
_KEY_SET = "application/jwk-set+json"
_CACHED = {"Cache-Control": "public, max-age=3600"}


def answer(path: str, accept: str, keyring: Keyring, url: str) -> Answer | None:
    """The document of a path, None for all other paths. Raises NotAcceptable."""
    if path == CONFIGURATION:
        _check(accept, JSON)
        configuration = {
            "issuer": ISSUER,
            "jwks_uri": f"{url}{KEYS}",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
        }
        return Answer(200, configuration, JSON, _CACHED)
    if path == KEYS:
        _check(accept, _KEY_SET)
        return Answer(200, keyring.key_set(), _KEY_SET, _CACHED)
    return None


def _check(accept: str, offered: str) -> None:
    wildcard = f"{offered.partition('/')[0]}/*"
    for clause in accept.split(","):
        if clause.partition(";")[0].strip() in {"", "*/*", wildcard, offered}:
            return
    raise failure(406, "NotAcceptable", f"only the following media types are accepted: {offered}", {})
