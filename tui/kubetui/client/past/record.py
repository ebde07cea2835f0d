"""What reached a cluster from outside, each with its exact place, and the door through which it is written down."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from kubesim.objects.wire import Request, Response

READING = frozenset({"get", "list", "watch"})
MOST = 50_000
"""How many inputs are remembered; with the oldest go the snapshots before them."""

Cluster = Any


class Input(NamedTuple):
    """A Request, or an authority that was installed: it came when ``ran`` callbacks had run, at ``at``.

    ``revision`` is the store's before it: a replay that finds another one has gone astray.
    """

    ran: int
    at: int
    revision: int
    request: Request | None
    authority: Any = None


class Record:
    """The inputs of one life of a cluster in order, counted from its beginning, whatever was forgotten."""

    def __init__(self) -> None:
        self.forgotten = 0
        self._inputs: list[Input] = []

    def __len__(self) -> int:
        return self.forgotten + len(self._inputs)

    def __getitem__(self, index: int) -> Input:
        return self._inputs[index - self.forgotten]

    def append(self, came: Input) -> None:
        """Write one down."""
        self._inputs.append(came)

    def since(self, index: int) -> Sequence[Input]:
        """The inputs from one on."""
        return self._inputs[max(index - self.forgotten, 0) :]

    def forget_before(self, index: int) -> None:
        """No snapshot needs what came before."""
        count = max(index - self.forgotten, 0)
        del self._inputs[:count]
        self.forgotten += count

    def cut(self, length: int) -> None:
        """Drop what came later."""
        del self._inputs[max(length - self.forgotten, 0) :]

    def note(self, cluster: Cluster, request: Request | None, authority: Any = None) -> None:
        """Write down what a cluster is about to be told."""
        self.append(Input(cluster.loop.ran, cluster.loop.now, cluster.store.revision, request, authority))


class Door:
    """A cluster as those outside see it: what they change is written down, or refused while the past is shown."""

    def __init__(self, cluster: Cluster, record: Record | None) -> None:
        self.api = _Api(cluster, record)
        self.seal = _Seal(cluster, record)
        self._cluster = cluster

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster, name)


class _Api:
    def __init__(self, cluster: Cluster, record: Record | None) -> None:
        self._cluster = cluster
        self._record = record

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster.api, name)

    def handle(self, request: Request) -> Response:
        """Answer a request of anyone."""
        if request.verb not in READING:
            if self._record is None:
                return refused(request)
            self._record.note(self._cluster, request)
        response: Response = self._cluster.api.handle(request)
        return response


class _Seal:
    def __init__(self, cluster: Cluster, record: Record | None) -> None:
        self._cluster = cluster
        self._record = record

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster.seal, name)

    def install(self, authority: Any) -> None:
        """Sign with these keys; the first ones wake controllers, later ones of the same server change nothing."""
        seal = self._cluster.seal
        if seal.authority is not None or self._record is None:
            seal.authority = authority
            return
        self._record.note(self._cluster, None, authority)
        seal.install(authority)


def refused(request: Request) -> Response:
    """The answer to a change of the past."""
    text = (
        f"{request.verb} {request.key.gvr.qualified} was not sent: this is the past, which is read-only. "
        "Y (:resume) goes on from here, Esc returns to the present"
    )
    body = {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": text,
        "reason": "Forbidden", "code": 403,
    }  # fmt: skip
    return Response(403, body)
