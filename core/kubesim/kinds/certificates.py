"""CertificateSigningRequests. # k8s: certificates/validation, registry/certificates/certificates/strategy.go."""

import re
from collections.abc import Mapping
from typing import Any

from kubesim.api.access.requests import SIGNER_LEGACY, certificate_problems, parsed
from kubesim.api.strategy import Context
from kubesim.kinds.fielderrors import all_invalid, duplicate, forbidden, invalid, not_supported, required
from kubesim.kinds.plain import Plain, resource
from kubesim.kinds.printing import NONE, age
from kubesim.kinds.shapes import drop, filled, take
from kubesim.objects.errors import Cause
from kubesim.objects.times import human_duration
from kubesim.objects.wire import EMPTY, Identity, Tree

USAGES = (
    "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment",
    "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel",
    "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime",
    "server auth", "signing", "timestamping",
)  # fmt: skip
LEAST_SECONDS = 600
DECISIONS = ("Approved", "Denied")
_SIGNER = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+/[a-z0-9A-Z._:-]+")
_FORM = "must be a fully qualified domain and path of the form 'example.com/signer-name'"


class CertificateRequestStrategy(Plain):
    """CertificateSigningRequests."""

    gvr = resource("certificates.k8s.io", "v1", "certificatesigningrequests")
    kind = "CertificateSigningRequest"
    namespaced = False
    short_names = ("csr",)
    subresources = ("approval", "status")
    has_generation = False
    has_owners = False
    initial_status = EMPTY

    def prepare_create(self, obj: Tree, context: Context) -> Tree:
        """Who asks."""
        obj = super().prepare_create(filled(obj, spec={}), context)
        spec = drop(obj["spec"], "username", "uid", "groups", "extra")
        return {**obj, "spec": {**spec, **_asker(context.identity or Identity(context.user))}}

    def prepare_update(self, new: Tree, old: Tree, context: Context, subresource: str = "") -> Tree:
        """The request itself never changes; its conditions by ``approval``, the certificate by ``status``."""
        if not subresource:
            return take(new, old, "spec", "status")
        before: Tree = old.get("status") or EMPTY
        status = dict(new.get("status") or EMPTY)
        conditions = list(status.get("conditions") or ())
        if subresource == "approval":
            status = dict(before)
        else:
            # k8s: a decision that is left out stays; one that is new is refused by the validation.
            given = [entry.get("type") for entry in conditions]
            lost = [entry for entry in before.get("conditions") or () if entry.get("type") in DECISIONS]
            conditions = [*(entry for entry in lost if entry["type"] not in given), *conditions]
        status.pop("conditions", None)
        if conditions:
            known = before.get("conditions") or ()
            status["conditions"] = [_stamped(entry, known, context.stamp) for entry in conditions]
        return {**take(new, old, "spec"), "status": status}

    def validate(self, obj: Tree) -> list[Cause]:
        """The request, its usages and its signer."""
        spec: Tree = obj.get("spec") or EMPTY
        found: list[Cause] = []
        try:
            parsed(spec.get("request") or "")
        except ValueError as error:
            found.append(invalid("spec.request", spec.get("request") or "", str(error)))
        found += _usages(spec.get("usages") or ()) + _signer(spec.get("signerName") or "")
        seconds = spec.get("expirationSeconds")
        if seconds is not None and seconds < LEAST_SECONDS:
            text = "may not specify a duration less than 600 seconds (10 minutes)"
            found.append(invalid("spec.expirationSeconds", seconds, text))
        return found + _conditions((obj.get("status") or EMPTY).get("conditions") or ())

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """A decision stays, and nobody but an approver makes one."""
        found = _conditions((new.get("status") or EMPTY).get("conditions") or ())
        after, before = _types(new), _types(old)
        certificate = (new.get("status") or EMPTY).get("certificate") or ""
        if certificate and certificate != (old.get("status") or EMPTY).get("certificate"):
            found += all_invalid("status.certificate", certificate, certificate_problems(certificate))
        for type_ in (*DECISIONS, "Failed"):
            if type_ in before and type_ not in after:
                found.append(forbidden("status.conditions", f'updates may not remove a condition of type "{type_}"'))
            if subresource == "status" and type_ in DECISIONS and type_ in after and type_ not in before:
                found.append(forbidden("status.conditions", f'updates may not add a condition of type "{type_}"'))
        return found

    def fields(self, obj: Tree) -> Mapping[str, str]:
        """By signer."""
        return {"spec.signerName": (obj.get("spec") or EMPTY).get("signerName") or ""}

    def row(self, obj: Tree, now: int) -> list[Any]:
        """Who asked whom for what, and how far that is."""
        spec: Tree = obj.get("spec") or EMPTY
        seconds = spec.get("expirationSeconds")
        duration = NONE if seconds is None else human_duration(seconds * 1000)
        types = _types(obj)
        state = "Denied" if "Denied" in types else "Approved" if "Approved" in types else "Pending"
        state += ",Failed" if "Failed" in types else ""
        state += ",Issued" if (obj.get("status") or EMPTY).get("certificate") else ""
        signer, user = spec.get("signerName") or NONE, spec.get("username") or ""
        return [obj["metadata"]["name"], age(obj, now), signer, user, duration, state]


def _asker(identity: Identity) -> dict[str, Any]:
    asker: dict[str, Any] = {"username": identity.user}
    if identity.uid:
        asker["uid"] = identity.uid
    if identity.groups:
        asker["groups"] = list(identity.groups)
    if identity.extra:
        asker["extra"] = {name: list(values) for name, values in identity.extra}
    return asker


def _types(obj: Tree) -> list[str]:
    return [entry.get("type") or "" for entry in (obj.get("status") or EMPTY).get("conditions") or ()]


def _stamped(entry: Tree, known: Any, stamp: str) -> Tree:
    """A condition with its times. # k8s: populateConditionTimestamps."""
    times: dict[str, Any] = {}
    if not entry.get("lastUpdateTime"):
        times["lastUpdateTime"] = stamp
    if not entry.get("lastTransitionTime"):
        times["lastTransitionTime"] = stamp
        for old in known:
            if (old.get("type"), old.get("status")) == (entry.get("type"), entry.get("status")):
                times["lastTransitionTime"] = old.get("lastTransitionTime") or stamp
    return {**entry, **times} if times else entry


def _usages(usages: Any) -> list[Cause]:
    if not usages:
        return [required("spec.usages")]
    found: list[Cause] = []
    seen: list[str] = []
    for index, usage in enumerate(usages):
        if usage not in USAGES:
            found.append(not_supported(f"spec.usages[{index}]", usage, USAGES))
        if usage in seen:
            found.append(duplicate(f"spec.usages[{index}]", usage))
        seen.append(usage)
    return found


def _signer(name: str) -> list[Cause]:
    if not name:
        return [required("spec.signerName")]
    if name == SIGNER_LEGACY:
        return [invalid("spec.signerName", name, "the legacy signerName is not allowed via this API version")]
    return [] if _SIGNER.fullmatch(name) and len(name) <= 571 else [invalid("spec.signerName", name, _FORM)]


def _conditions(conditions: Any) -> list[Cause]:
    found: list[Cause] = []
    seen: list[str] = []
    for index, entry in enumerate(conditions):
        at, type_, status = f"status.conditions[{index}]", entry.get("type") or "", entry.get("status") or ""
        if not type_:
            found.append(required(f"{at}.type"))
        if not status:
            found.append(required(f"{at}.status"))
        elif type_ in (*DECISIONS, "Failed") and status != "True":
            found.append(not_supported(f"{at}.status", status, ("True",)))
        if type_ in DECISIONS and any(other in seen for other in DECISIONS if other != type_):
            text = "Approved and Denied conditions are mutually exclusive"
            found.append(invalid("status.conditions", type_, text))
        if type_ in seen:
            found.append(duplicate(f"{at}.type", type_))
        seen.append(type_)
    return found
