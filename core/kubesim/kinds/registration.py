"""Webhooks and admission policies: their defaults and rows. # k8s: admissionregistration/v1/defaults.go."""

from typing import Any

from kubesim.kinds.plain import Plain, resource
from kubesim.kinds.printing import UNSET
from kubesim.kinds.registration_rules import check_binding, check_mutating_policy, check_policy, check_webhooks
from kubesim.kinds.shapes import filled, filled_empty, inside, inside_each
from kubesim.objects.errors import Cause
from kubesim.objects.selectors import format_label_selector
from kubesim.objects.wire import EMPTY, Tree

GROUP = "admissionregistration.k8s.io"


class ValidatingWebhookStrategy(Plain):
    """ValidatingWebhookConfigurations."""

    gvr = resource(GROUP, "v1", "validatingwebhookconfigurations")
    kind = "ValidatingWebhookConfiguration"
    namespaced = False
    categories = ("api-extensions",)
    allow_unconditional_update = False

    def default(self, obj: Tree) -> Tree:
        """What every webhook does unless it says otherwise."""
        return inside_each(obj, "webhooks", _default_webhook)

    def validate(self, obj: Tree) -> list[Cause]:
        """See registration_rules."""
        return check_webhooks(obj)

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """As for a new one; what did not change is not looked at again."""
        return [] if subresource or new.get("webhooks") == old.get("webhooks") else self.validate(new)

    def cells(self, obj: Tree) -> list[Any]:
        """How many webhooks."""
        return [len(obj.get("webhooks") or ())]


class MutatingWebhookStrategy(ValidatingWebhookStrategy):
    """MutatingWebhookConfigurations."""

    gvr = resource(GROUP, "v1", "mutatingwebhookconfigurations")
    kind = "MutatingWebhookConfiguration"

    def default(self, obj: Tree) -> Tree:
        """Mutating webhooks are not called again, either."""
        return inside_each(super().default(obj), "webhooks", _never_again)


def _default_webhook(webhook: Tree) -> Tree:
    webhook = filled(webhook, failurePolicy="Fail", matchPolicy="Equivalent", timeoutSeconds=10)
    webhook = filled(webhook, namespaceSelector={}, objectSelector={})
    webhook = inside_each(webhook, "rules", _default_rule)
    return inside(webhook, "clientConfig", _default_client)


def _never_again(webhook: Tree) -> Tree:
    return filled(webhook, reinvocationPolicy="Never")


def _default_client(client: Tree) -> Tree:
    return inside(client, "service", _default_service)


def _default_service(service: Tree) -> Tree:
    return filled(service, port=443)


def _default_rule(rule: Tree) -> Tree:
    return filled_empty(rule, scope="*")


class ValidatingPolicyStrategy(Plain):
    """ValidatingAdmissionPolicies."""

    gvr = resource(GROUP, "v1", "validatingadmissionpolicies")
    kind = "ValidatingAdmissionPolicy"
    namespaced = False
    categories = ("api-extensions",)
    subresources: tuple[str, ...] = ("status",)
    allow_unconditional_update = False
    initial_status: Tree | None = EMPTY
    rules = "validations"

    def default(self, obj: Tree) -> Tree:
        """What a policy matches, and what its failure means."""
        return filled(inside(filled(obj, spec={}), "spec", _default_policy), status={})

    def validate(self, obj: Tree) -> list[Cause]:
        """See registration_rules."""
        return check_policy(obj)

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """As for a new one; what did not change is not looked at again."""
        return [] if subresource or new.get("spec") == old.get("spec") else self.validate(new)

    def cells(self, obj: Tree) -> list[Any]:
        """How many rules, and what parameterises them."""
        spec = obj.get("spec") or EMPTY
        kind = spec.get("paramKind")
        shown = UNSET if kind is None else f"{kind.get('apiVersion') or ''}/{kind.get('kind') or ''}"
        return [len(spec.get(self.rules) or ()), shown]


class MutatingPolicyStrategy(ValidatingPolicyStrategy):
    """MutatingAdmissionPolicies."""

    gvr = resource(GROUP, "v1", "mutatingadmissionpolicies")
    kind = "MutatingAdmissionPolicy"
    subresources = ()
    initial_status = None
    rules = "mutations"

    def default(self, obj: Tree) -> Tree:
        """As a validating policy, without a status."""
        return inside(filled(obj, spec={}), "spec", _default_policy)

    def validate(self, obj: Tree) -> list[Cause]:
        """See registration_rules."""
        return check_mutating_policy(obj)


def _default_policy(spec: Tree) -> Tree:
    return inside(filled(spec, failurePolicy="Fail"), "matchConstraints", _default_match)


def _default_match(match: Tree) -> Tree:
    match = filled(match, matchPolicy="Equivalent", namespaceSelector={}, objectSelector={})
    for name in ("resourceRules", "excludeResourceRules"):
        match = inside_each(match, name, _default_rule)
    return match


class PolicyBindingStrategy(Plain):
    """ValidatingAdmissionPolicyBindings."""

    gvr = resource(GROUP, "v1", "validatingadmissionpolicybindings")
    kind = "ValidatingAdmissionPolicyBinding"
    namespaced = False
    categories = ("api-extensions",)
    allow_unconditional_update = False

    def default(self, obj: Tree) -> Tree:
        """What a binding matches."""
        return inside(obj, "spec", _default_binding)

    def validate(self, obj: Tree) -> list[Cause]:
        """See registration_rules."""
        return check_binding(obj, validating=self.kind == "ValidatingAdmissionPolicyBinding")

    def validate_update(self, new: Tree, old: Tree, subresource: str = "") -> list[Cause]:
        """As for a new one; what did not change is not looked at again."""
        return [] if subresource or new.get("spec") == old.get("spec") else self.validate(new)

    def cells(self, obj: Tree) -> list[Any]:
        """The policy and its parameters."""
        spec = obj.get("spec") or EMPTY
        return [spec.get("policyName") or "", _parameters(spec.get("paramRef"))]


class MutatingPolicyBindingStrategy(PolicyBindingStrategy):
    """MutatingAdmissionPolicyBindings."""

    gvr = resource(GROUP, "v1", "mutatingadmissionpolicybindings")
    kind = "MutatingAdmissionPolicyBinding"


def _default_binding(spec: Tree) -> Tree:
    return inside(spec, "matchResources", _default_match)


def _parameters(reference: Tree | None) -> str:
    if reference is None:
        return UNSET
    if reference.get("name"):
        return f"{reference.get('namespace') or '*'}/{reference['name']}"
    return format_label_selector(reference["selector"]) if reference.get("selector") is not None else UNSET
