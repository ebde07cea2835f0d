"""The admission plugins that users set up by objects: webhooks, policies and the levels of pod security."""

from typing import NamedTuple

from kubesim.api.access.authorizer import Authorizer
from kubesim.api.admission.hooks.answers import Mailbox
from kubesim.api.admission.hooks.calling import Caller
from kubesim.api.admission.hooks.plugins import MutatingWebhooks, ValidatingWebhooks
from kubesim.api.admission.matching import Matcher
from kubesim.api.admission.plugin import Plugin
from kubesim.api.admission.podsecurity.plugin import PodSecurity
from kubesim.api.admission.policies.mutating import MutatingPolicies
from kubesim.api.admission.policies.validating import ValidatingPolicies
from kubesim.api.admission.remaking import Remaker
from kubesim.api.decoding import Schema
from kubesim.api.scheme import Scheme
from kubesim.store.mvcc import Store


class Base(NamedTuple):
    """What these plugins are made from."""

    store: Store
    scheme: Scheme
    schema: Schema
    authorizer: Authorizer
    mailbox: Mailbox


def plugins_of(base: Base) -> tuple[Plugin, ...]:
    """The plugins in their order; quotas come after them. # k8s: kubeapiserver/options/plugins.go."""
    matcher = Matcher(base.store, base.scheme)
    caller = Caller(base.scheme, matcher, base.authorizer, base.mailbox)
    remaker = Remaker(base.scheme, base.schema)
    return (
        PodSecurity(base.store),
        MutatingPolicies(base.store, base.scheme, matcher, base.authorizer, remaker),
        MutatingWebhooks(base.store, matcher, caller, remaker),
        ValidatingPolicies(base.store, base.scheme, matcher, base.authorizer),
        ValidatingWebhooks(base.store, matcher, caller),
    )
