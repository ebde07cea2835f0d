"""The revisions of releases, kept as Secrets in the cluster."""

from collections.abc import Mapping

from kubesim.helm.release.flows.steps import Flow, FlowError, Setting, ask, ensure
from kubesim.helm.release.record import Record, from_secret, secret_name, to_secret
from kubesim.objects.wire import SECRETS, Key


def records(setting: Setting, namespace: str, name: str = "", selector: str = "") -> Flow[list[Record]]:
    """All revisions of one release, or of all, in order of name and revision."""
    parts = [*([f"name={name}"] if name else []), "owner=helm", *([selector] if selector else [])]
    response = yield from ask(setting, "list", Key(SECRETS, namespace), query={"labelSelector": ",".join(parts)})
    found = [from_secret(secret) for secret in ensure(response).get("items") or ()]
    return sorted(found, key=lambda record: (record.namespace, record.name, record.version))


def history(setting: Setting, namespace: str, name: str) -> Flow[list[Record]]:
    """All revisions of a release, the oldest first; FlowError when there is none."""
    found = yield from records(setting, namespace, name)
    if not found:
        raise FlowError("release: not found")
    return found


def revision(setting: Setting, namespace: str, name: str, version: int = 0) -> Flow[Record]:
    """One revision of a release, 0 for the last; FlowError when there is none."""
    found = yield from history(setting, namespace, name)
    if not version:
        return found[-1]
    for record in found:
        if record.version == version:
            return record
    raise FlowError("release: not found")


def create(setting: Setting, record: Record) -> Flow[None]:
    """Keep a new revision."""
    body = to_secret(record, created=setting.sources.now())
    response = yield from ask(setting, "create", Key(SECRETS, record.namespace), body=body)
    ensure(response)


def update(setting: Setting, record: Record) -> Flow[None]:
    """Replace a revision by what it is now."""
    key = Key(SECRETS, record.namespace, secret_name(record.name, record.version))
    current = ensure((yield from ask(setting, "get", key)))
    body = to_secret(record, modified=setting.sources.now())
    created: Mapping[str, str] = current["metadata"].get("labels") or {}
    if "createdAt" in created:
        body["metadata"]["labels"]["createdAt"] = created["createdAt"]
    ensure((yield from ask(setting, "update", key, body=body)))


def remove(setting: Setting, record: Record) -> Flow[None]:
    """Forget a revision."""
    key = Key(SECRETS, record.namespace, secret_name(record.name, record.version))
    yield from ask(setting, "delete", key)


def prune(setting: Setting, namespace: str, name: str, limit: int) -> Flow[None]:
    """Forget the oldest revisions until a new one fits under the limit (0: none), never the deployed one."""
    if not limit:
        return
    found = yield from records(setting, namespace, name)
    surplus = len(found) + 1 - limit
    deployed = [record.version for record in found if record.status == "deployed"][-1:]
    for record in found:
        if surplus <= 0:
            return
        if record.version not in deployed:
            yield from remove(setting, record)
            surplus -= 1
