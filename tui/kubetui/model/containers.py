"""The containers of one pod as a table: state, restarts, probes, requests and limits, ports."""

from collections.abc import Iterator, Sequence
from typing import Any

from kubesim.objects import quantities, times
from kubesim.objects import tree as trees
from kubesim.objects.wire import PODS, Key, Tree
from kubetui.client.port import ClusterClient, Column, RowEvent
from kubetui.model.places import CONTAINERS

COLUMNS = ("Name", "Kind", "Ready", "State", "Restarts", "Image", "Probes", "CPU-R:L", "MEM-R:L", "Ports", "Age")
_PROBES = (("startupProbe", "S"), ("readinessProbe", "R"), ("livenessProbe", "L"))


class ContainerRow:
    """One container of a pod."""

    def __init__(self, pod: Tree, container: Tree, kind: str, status: Tree) -> None:
        self._pod = pod
        self._container = container
        self._kind = kind
        self._status = status
        metadata = {**pod["metadata"], "name": container["name"]}
        self.object: Tree = {"kind": "Container", "metadata": metadata, "spec": container, "status": status}

    @property
    def revision(self) -> str:
        """The pod's resourceVersion."""
        return str(self._pod["metadata"].get("resourceVersion", ""))

    def cells(self, now: int) -> Sequence[Any]:
        """One cell for each column."""
        container, status = self._container, self._status
        return (
            container["name"],
            self._kind,
            "true" if status.get("ready") else "false",
            state(status),
            int(status.get("restartCount", 0)),
            container.get("image", ""),
            "".join(sign if field in container else "-" for field, sign in _PROBES),
            _pair(container, "cpu"),
            _pair(container, "memory"),
            ports(container),
            _age(status, now),
        )


def state(status: Tree) -> str:
    """Running, Completed, CrashLoopBackOff, OOMKilled."""
    found = status.get("state") or {}
    for kind, word in (("waiting", "Waiting"), ("terminated", "Terminated")):
        if kind in found:
            return str(found[kind].get("reason") or word)
    return "Running" if "running" in found else "Waiting"


def ports(container: Tree) -> str:
    """``http:80,metrics:9090/UDP``."""
    found = []
    for port in container.get("ports") or ():
        protocol = port.get("protocol", "TCP")
        name = f"{port['name']}:" if port.get("name") else ""
        found.append(f"{name}{port.get('containerPort')}" + ("" if protocol == "TCP" else f"/{protocol}"))
    return ",".join(found)


def _pair(container: Tree, resource: str) -> str:
    requested = trees.get(container, ("resources", "requests", resource), None)
    limited = trees.get(container, ("resources", "limits", resource), None)
    return ":".join("-" if each is None else quantities.canonical(str(each)) for each in (requested, limited))


def _age(status: Tree, now: int) -> str:
    found = status.get("state") or {}
    since = trees.get(found, "running.startedAt", "") or trees.get(found, "terminated.finishedAt", "")
    return times.human_duration(now - times.parse_time(since)) if since else ""


def rows(pod: Tree) -> Iterator[ContainerRow]:
    """All containers of a pod: init ones first, then the others, then ephemeral ones."""
    for field, statuses, kind in (
        ("initContainers", "initContainerStatuses", "init"),
        ("containers", "containerStatuses", "app"),
        ("ephemeralContainers", "ephemeralContainerStatuses", "ephemeral"),
    ):
        known = {each["name"]: each for each in trees.get(pod, ("status", statuses), ()) or ()}
        for container in trees.get(pod, ("spec", field), ()) or ():
            sidecar = kind == "init" and container.get("restartPolicy") == "Always"
            yield ContainerRow(pod, container, "sidecar" if sidecar else kind, known.get(container["name"]) or {})


def pod_of(key: Key) -> Key:
    """The pod of a row."""
    return Key(PODS, key.namespace, key.name.partition("/")[0])


class ContainerCursor:
    """Follows the containers of one pod, as a table's cursor."""

    columns = tuple(map(Column, COLUMNS))

    def __init__(self, client: ClusterClient, namespace: str, pod: str) -> None:
        self._rows = client.rows(PODS, namespace)
        self._place = (namespace, pod)
        self._shown: dict[Key, None] = {}

    @property
    def synced(self) -> bool:
        """True once the pods have been read."""
        return self._rows.synced

    @property
    def error(self) -> str:
        """Why pods cannot be read."""
        return self._rows.error

    def poll(self, limit: int | None = None) -> list[RowEvent]:
        """The changes since the last call."""
        events: list[RowEvent] = []
        namespace, name = self._place
        for event in self._rows.poll(limit):
            if event.type == "RESET":
                self._shown.clear()
                events.append(RowEvent("RESET", Key(CONTAINERS), None))
            elif (event.key.namespace, event.key.name) == self._place:
                found = {} if event.row is None else {
                    Key(CONTAINERS, namespace, f"{name}/{row.object['metadata']['name']}"): row
                    for row in rows(event.row.object)
                }  # fmt: skip
                events += [RowEvent("DELETED", key, None) for key in self._shown if key not in found]
                for key, row in found.items():
                    events.append(RowEvent("MODIFIED" if key in self._shown else "ADDED", key, row))
                self._shown = dict.fromkeys(found)
        return events

    def close(self) -> None:
        """Stop following."""
        self._rows.close()
