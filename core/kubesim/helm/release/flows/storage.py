"""The revisions of releases, kept as Secrets in the cluster."""

from typing import Any

from kubesim.helm.release.flows.steps import Flow, FlowError, NotFoundError, Setting, ask, log, message
from kubesim.helm.release.record import Record, from_secret, secret_name, to_secret
from kubesim.objects.wire import SECRETS, Key, Response

NOT_FOUND = "release: not found"


def records(setting: Setting, namespace: str, name: str = "", selector: str = "") -> Flow[list[Record]]:
    """All revisions of one release, or of all, in order of namespace, name and revision."""
    parts = [*([f"name={name}"] if name else []), "owner=helm", *([selector] if selector else [])]
    response = yield from ask(setting, "list", Key(SECRETS, namespace), query={"labelSelector": ",".join(parts)})
    body = _ensure(response, "query: failed to query with labels" if name else "list: failed to list")
    found = [from_secret(secret) for secret in body.get("items") or ()]
    return sorted(found, key=lambda record: (record.namespace, record.name, record.version))


def _ensure(response: Response, what: str) -> Any:
    if response.code >= 400:
        raise FlowError(f"{what}: {message(response)}")
    return response.body


def history(setting: Setting, namespace: str, name: str) -> Flow[list[Record]]:
    """All revisions of a release, the oldest first; NotFoundError when there is none."""
    log(setting, "getting release history", name=name)
    found = yield from records(setting, namespace, name)
    if not found:
        raise NotFoundError(NOT_FOUND)
    return found


def last(setting: Setting, namespace: str, name: str) -> Flow[list[Record]]:
    """The same, when it is the last that matters."""
    log(setting, "getting last revision", name=name)
    found = yield from history(setting, namespace, name)
    return found


def revision(setting: Setting, namespace: str, name: str, version: int = 0) -> Flow[Record]:
    """One revision of a release, 0 for the last; NotFoundError when there is none."""
    if not version:
        found = yield from last(setting, namespace, name)
        return found[-1]
    key = secret_name(name, version)
    log(setting, "getting release", key=key)
    response = yield from ask(setting, "get", Key(SECRETS, namespace, key))
    if response.code == 404:
        raise NotFoundError(NOT_FOUND)
    record = from_secret(_ensure(response, f'get: failed to get "{key}"'))
    return record._replace(system_labels={})


def create(setting: Setting, record: Record, limit: int = 0) -> Flow[None]:
    """Keep a new revision, and of all no more than ``limit`` (0: any number)."""
    log(setting, "creating release", key=secret_name(record.name, record.version))
    yield from prune(setting, record.namespace, record.name, limit)
    body = to_secret(record, created=setting.sources.now())
    response = yield from ask(setting, "create", Key(SECRETS, record.namespace), body=body)
    if response.code == 409:
        raise FlowError("release: already exists")
    _ensure(response, "create: failed to create")


def update(setting: Setting, record: Record) -> Flow[None]:
    """Replace a revision by what it is now."""
    key = Key(SECRETS, record.namespace, secret_name(record.name, record.version))
    log(setting, "updating release", key=key.name)
    body = to_secret(record, modified=setting.sources.now())
    _ensure((yield from ask(setting, "update", key, body=body)), "update: failed to update")


def remove(setting: Setting, record: Record) -> Flow[None]:
    """Forget a revision."""
    key = Key(SECRETS, record.namespace, secret_name(record.name, record.version))
    log(setting, "deleting release", key=key.name)
    response = yield from ask(setting, "delete", key)
    if response.code != 404:
        _ensure(response, "delete: failed to delete")


def prune(setting: Setting, namespace: str, name: str, limit: int) -> Flow[None]:
    """Forget the oldest revisions until a new one fits under the limit (0: none), never the deployed one."""
    if not limit:
        return
    log(setting, "getting release history", name=name)
    found = yield from records(setting, namespace, name)
    surplus = len(found) + 1 - limit
    deployed = [record.version for record in found if record.status == "deployed"][-1:]
    for record in found:
        if surplus <= 0:
            return
        if record.version not in deployed:
            yield from remove(setting, record)
            surplus -= 1
