"""The webhooks of all configurations of one kind, in the order in which they are asked."""

from typing import NamedTuple

from kubesim.api.admission.matching import REGISTRATION, Matcher, could_match, is_exempt
from kubesim.objects.wire import EMPTY, Gvr, Tree
from kubesim.store.mvcc import Store

MUTATING = Gvr(REGISTRATION, "v1", "mutatingwebhookconfigurations")
VALIDATING = Gvr(REGISTRATION, "v1", "validatingwebhookconfigurations")


class Hook(NamedTuple):
    """One webhook. ``number`` tells those of one configuration apart that have the same name."""

    configuration: str
    number: int
    webhook: Tree

    @property
    def name(self) -> str:
        """What refusals call it."""
        return str(self.webhook.get("name") or "")

    @property
    def uid(self) -> str:
        """Names it among all others."""
        return f"{self.configuration}/{self.name}/{self.number}"

    @property
    def ignores_failures(self) -> bool:
        """Whether a request goes on when the webhook cannot be asked."""
        return self.webhook.get("failurePolicy") == "Ignore"

    @property
    def exact(self) -> str:
        """Its matchPolicy."""
        return str(self.webhook.get("matchPolicy") or "Equivalent")

    @property
    def rules(self) -> list[Tree]:
        """What it wants to be asked about."""
        return list(self.webhook.get("rules") or ())

    @property
    def timeout_seconds(self) -> int:
        """How long it may take."""
        return int(self.webhook.get("timeoutSeconds") or 10)

    @property
    def harmless(self) -> bool:
        """Whether it may be asked about a dry run."""
        return self.webhook.get("sideEffects") in {"None", "NoneOnDryRun"}

    @property
    def client(self) -> Tree:
        """Where it is."""
        found: Tree = self.webhook.get("clientConfig") or EMPTY
        return found


def hooks_of(store: Store, table: Gvr) -> list[Hook]:
    """All webhooks: configurations by name, each in its own order."""
    found: list[Hook] = []
    for configuration in sorted(store.range(table), key=_name):
        counted: dict[str, int] = {}
        for webhook in configuration.get("webhooks") or ():
            name = str(webhook.get("name") or "")
            index = counted[name] = counted.get(name, -1) + 1
            found.append(Hook(_name(configuration), index, webhook))
    return found


def concerned(store: Store, matcher: Matcher, table: Gvr, operation: str, gvr: Gvr, subresource: str) -> bool:
    """Whether some webhook could be asked about such requests."""
    if not store.count(table) or is_exempt(gvr):
        return False
    gvrs = matcher.equivalents(gvr)
    return any(could_match(hook.rules, operation, gvrs, subresource) for hook in hooks_of(store, table))


def _name(configuration: Tree) -> str:
    return str(configuration["metadata"]["name"])
