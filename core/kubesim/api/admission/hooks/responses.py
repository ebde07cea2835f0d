"""The answers of webhooks: are they proper AdmissionReviews, what do they say, and how is a refusal put.

# k8s: apiserver/pkg/admission/plugin/webhook/{request/admissionreview.go,errors/statuserror.go}
"""

import base64
import binascii
from typing import Any, NamedTuple

import orjson

from kubesim.api.failures import internal
from kubesim.api.webhooks import UID
from kubesim.objects.errors import ApiError, bad_request
from kubesim.objects.wire import EMPTY, Tree

GROUP = "admission.k8s.io"


class Verdict(NamedTuple):
    """What a webhook says. ``patch`` is a JSON patch; ``result`` a Status or None."""

    allowed: bool
    patch: list[Any]
    result: Tree | None
    warnings: tuple[str, ...]
    annotations: tuple[tuple[str, str], ...]


class BadResponse(Exception):
    """The answer is not what the webhook was asked for."""


def verdict_of(body: Any, version: str, *, mutating: bool) -> Verdict:
    """What an answer says. Raises BadResponse."""
    if not isinstance(body, dict):
        raise BadResponse("webhook response was absent")
    response = body.get("response")
    if not isinstance(response, dict):
        raise BadResponse("webhook response was absent")
    if version == "v1":
        _check_review(body, response)
    annotations = response.get("auditAnnotations") or EMPTY
    return Verdict(
        bool(response.get("allowed")),
        _patch(response, version) if mutating or version == "v1" else [],
        response.get("status") or response.get("result"),
        tuple(str(text) for text in response.get("warnings") or ()),
        tuple((str(name), str(text)) for name, text in annotations.items()),
    )


def _check_review(body: Tree, response: Tree) -> None:
    uid = response.get("uid")
    if uid != UID:
        raise BadResponse(f'expected response.uid="{UID}", got "{uid or ""}"')
    wanted = f"{GROUP}/v1, Kind=AdmissionReview"
    found = f"{body.get('apiVersion') or ''}, Kind={body.get('kind') or ''}"
    if found != wanted:
        raise BadResponse(f"expected webhook response of {wanted}, got {found}")


def _patch(response: Tree, version: str) -> list[Any]:
    given, kind = response.get("patch"), response.get("patchType")
    if version == "v1":
        if given and not kind:
            raise BadResponse("webhook returned response.patch but not response.patchType")
        if kind and not given:
            raise BadResponse(f'webhook returned response.patchType but not response.patch: "{kind}"')
    if not given:
        return []
    if kind not in (None, "JSONPatch"):
        raise BadResponse(f'webhook returned invalid response.patchType of "{kind}"')
    try:
        found = orjson.loads(base64.b64decode(given, validate=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise BadResponse(f"received undecodable patch in webhook response: {error}") from None
    if not isinstance(found, list):
        raise BadResponse("received undecodable patch in webhook response: it is no list")
    return found


# ---------------------------------------------------------------------- failures
def rejection(name: str, result: Tree | None) -> ApiError:
    """The refusal of a webhook, as the client is told. # k8s: ToStatusErr."""
    said: Tree = result or EMPTY
    by = f'admission webhook "{name}" denied the request'
    code = said.get("code") or 0
    if said.get("message"):
        text = f"{by}: {said['message']}"
    elif said.get("reason"):
        text = f"{by}: {said['reason']}"
    else:
        text = f"{by} without explanation"
    status: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": said["status"] if said.get("status") not in (None, "", "Success") else "Failure",
        "message": text,
    }
    if said.get("reason"):
        status["reason"] = said["reason"]
    if said.get("details"):
        status["details"] = said["details"]
    status["code"] = code if isinstance(code, int) and 400 <= code <= 599 else 400
    return ApiError(status)


def call_failed(name: str, why: str) -> ApiError:
    """500: a webhook that must be asked could not be."""
    return internal(f'failed calling webhook "{name}": {why}')


def no_dry_run(name: str) -> ApiError:
    """400: a dry run that would not be one for the webhook."""
    return bad_request(f'admission webhook "{name}" does not support dry run')
