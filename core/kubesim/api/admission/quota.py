"""The ResourceQuota plugin: refuses what would exceed a quota and charges what is let in.

# k8s: apiserver/pkg/admission/plugin/resourcequota
"""

from collections.abc import Iterable

from kubesim.api.admission.plugin import CREATE, UPDATE, Attributes, Plugin
from kubesim.api.writer import Writer
from kubesim.kernel.loop import Loop
from kubesim.objects import quantities
from kubesim.objects.errors import forbidden
from kubesim.objects.quota import CLAIMS, QUOTAS, Usage, counted, covers, missing, total, usage
from kubesim.objects.wire import EMPTY, PODS, SERVICES, Gvr, Identity, Key, Request, Tree
from kubesim.store.mvcc import Store

_IDENTITY = Identity("system:apiserver", ("system:masters",), "kube-apiserver")


class QuotaAdmission(Plugin):
    """Checks creations, and those changes that may use more."""

    watched = (QUOTAS,)

    def __init__(self, store: Store, loop: Loop, writer: Writer) -> None:
        self._store = store
        self._loop = loop
        self._writer = writer

    def concerns(self, operation: str, gvr: Gvr, subresource: str, namespace: str) -> bool:
        """Only where a quota of the namespace counts the kind."""
        changes = operation == UPDATE and (gvr in {SERVICES, CLAIMS} or (gvr == PODS and subresource == "resize"))
        if not namespace or not (changes or (operation == CREATE and not subresource)):
            return False
        return any(counted(_hard(quota), gvr) for quota in self._store.range(QUOTAS, namespace))

    def validate(self, asked: Attributes) -> None:
        """Raise Forbidden when the request asks for more than is left."""
        if asked.obj is None:
            return
        found = [each for each in self._store.range(QUOTAS, asked.namespace) if covers(each, asked.gvr, asked.obj)]
        for quota in found:
            self._check_constraints(quota, asked)
        wanted = self._wanted(asked)
        charged = [(quota, self._charged(quota, wanted, asked)) for quota in found]
        if asked.dry_run:
            return
        for quota, used in charged:
            if used is not None:
                self._charge(quota, used, asked)

    def _check_constraints(self, quota: Tree, asked: Attributes) -> None:
        names, name = counted(_hard(quota), asked.gvr), quota["metadata"]["name"]
        if asked.gvr == PODS and asked.obj is not None:
            lack = missing(names, asked.obj)
            if lack:
                raise forbidden(asked.gvr, asked.shown, f"failed quota: {name}: {lack}")
        used = (quota.get("status") or EMPTY).get("used") or EMPTY
        unknown = [each for each in names if each not in used]
        if unknown:
            text = f"status unknown for quota: {name}, resources: {','.join(sorted(names))}"
            raise forbidden(asked.gvr, asked.shown, text)

    def _wanted(self, asked: Attributes) -> Usage:
        """How much more is used when the request is let in."""
        now = self._loop.now
        wanted = usage(asked.gvr, asked.obj or EMPTY, now)
        if asked.old is not None:
            before = usage(asked.gvr, asked.old, now)
            wanted = {name: quantities.subtract(amount, before.get(name, "0")) for name, amount in wanted.items()}
        return {name: amount for name, amount in wanted.items() if quantities.nano(amount) > 0}

    def _charged(self, quota: Tree, wanted: Usage, asked: Attributes) -> Usage | None:
        """What is used then, None when the quota stays as it is. Raises Forbidden."""
        hard, used = _hard(quota), quota["status"]["used"]
        more = {name: amount for name, amount in wanted.items() if name in hard}
        if not more:
            return None
        after = total(used, more)
        over = [name for name in more if quantities.compare(after[name], hard[name]) > 0]
        if over:
            text = (
                f"exceeded quota: {quota['metadata']['name']}, requested: {_listed(more, over)}, "
                f"used: {_listed(used, over)}, limited: {_listed(hard, over)}"
            )
            raise forbidden(asked.gvr, asked.shown, text)
        return after

    def _charge(self, quota: Tree, used: Usage, asked: Attributes) -> None:
        metadata = quota["metadata"]
        key = Key(QUOTAS, metadata["namespace"], metadata["name"])
        request = Request("update", key, "status", identity=_IDENTITY, cause=asked.request.cause)
        new = {**quota, "status": {**quota["status"], "used": used}}
        self._writer.put(*key, new, quota, request)


def _hard(quota: Tree) -> Tree:
    hard: Tree = (quota.get("status") or EMPTY).get("hard") or EMPTY
    return hard


def _listed(amounts: Tree, names: Iterable[str]) -> str:
    return ",".join(f"{name}={quantities.canonical(amounts[name])}" for name in sorted(names))
