"""Refuses requests that would hand out rights which the caller does not have: roles, bindings, certificates.

# k8s: pkg/registry/rbac/*/policybased, plugin/pkg/admission/certificates
"""

from collections.abc import Iterable

from kubesim.api.access import rules
from kubesim.api.access.attributes import MASTERS, Attributes, Rule
from kubesim.api.access.authorizer import Authorizer
from kubesim.api.access.directory import CLUSTERROLEBINDINGS, CLUSTERROLES, ROLEBINDINGS, ROLES
from kubesim.api.access.requests import SIGNER_CLIENT, organizations_of
from kubesim.api.admission.plugin import CREATE, UPDATE, Plugin
from kubesim.api.admission.plugin import Attributes as Asked
from kubesim.objects.errors import ApiError, forbidden, not_found
from kubesim.objects.wire import EMPTY, Gvr, Identity, Tree

CERTIFICATES = Gvr("certificates.k8s.io", "v1", "certificatesigningrequests")
SIGNERS = CERTIFICATES._replace(resource="signers")
_EVERYTHING: tuple[Rule, ...] = (
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    {"verbs": ["*"], "nonResourceURLs": ["*"]},
)
_ROLES, _BINDINGS = frozenset((ROLES, CLUSTERROLES)), frozenset((ROLEBINDINGS, CLUSTERROLEBINDINGS))


class AccessGuard(Plugin):
    """Asked about roles, bindings and certificate requests only."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    def concerns(self, operation: str, gvr: Gvr, subresource: str, namespace: str) -> bool:
        """See Plugin."""
        del namespace
        if operation not in {CREATE, UPDATE}:
            return False
        if gvr == CERTIFICATES:
            return operation == CREATE or subresource in {"approval", "status"}
        return not subresource and (gvr in _ROLES or gvr in _BINDINGS)

    def mutate(self, asked: Asked) -> Tree | None:
        """Before the object is validated. Raises Forbidden."""
        obj, identity = asked.obj, asked.request.identity
        if obj is None:
            return None
        if asked.gvr == CERTIFICATES:
            self._certificate(asked, identity, obj)
        elif MASTERS not in identity.groups:
            if asked.gvr in _ROLES:
                self._role(asked, identity, obj)
            else:
                self._binding(asked, identity, obj)
        return obj

    # ------------------------------------------------------------------ roles
    def _role(self, asked: Asked, identity: Identity, role: Tree) -> None:
        old = asked.old or EMPTY
        gathers = role.get("aggregationRule") or old.get("aggregationRule")
        if _same(role, old, "rules", "aggregationRule") or self._may(identity, "escalate", asked):
            return
        text = self._escalation(identity, asked.namespace, role.get("rules") or ())
        if text:
            raise forbidden(asked.gvr, asked.name, text)
        if gathers and self._escalation(identity, asked.namespace, _EVERYTHING):
            raise forbidden(asked.gvr, asked.name, "must have cluster-admin privileges to use the aggregationRule")

    def _may(self, identity: Identity, verb: str, asked: Asked, gvr: Gvr | None = None, name: str = "") -> bool:
        wanted = Attributes(verb, gvr or asked.gvr, "", asked.namespace, name or asked.request.key.name)
        return self._authorizer.decide(identity, wanted).allowed

    def _escalation(self, identity: Identity, namespace: str, wanted: Iterable[Rule]) -> str:
        """What is wrong with granting these rules, "" for nothing. # k8s: ConfirmNoEscalation."""
        held = self._authorizer.rules(identity, namespace)
        lacking = rules.missing((*held.resources, *held.paths), wanted)
        if not lacking:
            return ""
        shown = "\n".join(sorted({rules.printed(rule) for rule in rules.compact(lacking)}))
        text = (
            f'user "{identity.user}" (groups={rules.quoted(identity.groups)}) is attempting to grant RBAC permissions '
            f"not currently held:\n{shown}"
        )
        return f"{text}; resolution errors: [{held.error}]" if held.error else text

    # ------------------------------------------------------------------ bindings
    def _binding(self, asked: Asked, identity: Identity, binding: Tree) -> None:
        if _same(binding, asked.old or EMPTY, "roleRef", "subjects"):
            return
        reference: Tree = binding.get("roleRef") or EMPTY
        gvr = ROLES if reference.get("kind") == "Role" else CLUSTERROLES
        name = reference.get("name") or ""
        if self._may(identity, "bind", asked, gvr, name):
            return
        found = self._authorizer.directory.rules_of(reference, asked.namespace)
        if found is None:
            raise not_found(gvr, name)
        text = self._escalation(identity, asked.namespace, found)
        if text:
            raise forbidden(asked.gvr, asked.name, text)

    # ------------------------------------------------------------------ certificate requests
    def _certificate(self, asked: Asked, identity: Identity, request: Tree) -> None:
        spec: Tree = ((request if asked.old is None else asked.old).get("spec")) or EMPTY
        signer = spec.get("signerName") or ""
        if asked.operation == CREATE:
            self._subject(asked, spec, signer)
        elif asked.subresource == "approval":
            self._signer(asked, identity, "approve", signer)
        elif _signs(request, asked.old or EMPTY):
            self._signer(asked, identity, "sign", signer)

    def _subject(self, asked: Asked, spec: Tree, signer: str) -> None:
        if signer != SIGNER_CLIENT or MASTERS not in organizations_of(spec.get("request") or ""):
            return
        raise _refused(asked, f"use of {signer} signer with {MASTERS} group is not allowed")

    def _signer(self, asked: Asked, identity: Identity, verb: str, signer: str) -> None:
        domain = signer.partition("/")[0]
        for name in (signer, f"{domain}/*"):
            if self._authorizer.decide(identity, Attributes(verb, SIGNERS, "", "", name)).allowed:
                return
        raise _refused(asked, f'user not permitted to {verb} requests with signerName "{signer}"')


def _refused(asked: Asked, text: str) -> ApiError:
    return forbidden(asked.gvr, asked.shown, text)


def _same(new: Tree, old: Tree, *fields: str) -> bool:
    return bool(old) and all((new.get(field) or None) == (old.get(field) or None) for field in fields)


def _signs(new: Tree, old: Tree) -> bool:
    after, before = new.get("status") or EMPTY, old.get("status") or EMPTY
    if (after.get("certificate") or "") != (before.get("certificate") or ""):
        return True
    return _failed(after) != _failed(before)


def _failed(status: Tree) -> list[Tree]:
    return [entry for entry in status.get("conditions") or () if entry.get("type") == "Failed"]
