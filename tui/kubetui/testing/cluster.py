"""A simulated cluster as a test sees it: apply, get, let time pass, and serve real clients when they are wanted."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import orjson

from kubesim.cluster import Cluster
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import Request, Tree
from kubesim.scenario.documents import ManifestError, Source, load, parse
from kubetui.testing.clock import Clock
from kubetui.testing.naming import Naming
from kubetui.testing.prepared import copy_of
from kubetui.testing.serving import Serving

SPEED = 10.0
"""Virtual seconds a second while a cluster is served: rollouts take their time, tests should not."""
ESTABLISHED_MS = 100
"""After how long a definition that was applied is served for certain."""
_DEFINITION = "CustomResourceDefinition"

Manifest = str | Path | Mapping[str, Any]


class KubeCluster:
    """One cluster. Requests that fail raise kubesim.objects.errors.ApiError, which has ``code`` and ``reason``.

    Its time stands still until ``clock`` moves it. Whoever asks for ``kubeconfig`` or ``url`` has it served over HTTPS
    from then on, and its time runs at ``speed``. What it returns is the caller's own copy.
    """

    def __init__(self, cluster: Cluster, *, speed: float = SPEED, folder: Path, base: Path | None = None) -> None:
        if not 0 <= speed < float("inf"):
            msg = f"speed={speed}: must be zero or a number of virtual seconds a second"
            raise ValueError(msg)
        self.cluster = cluster
        self.clock = Clock(self)
        self._speed = speed
        self._folder = folder
        self._base = base or Path()
        self._serving: Serving | None = None
        self._naming = Naming(cluster)

    @classmethod
    def made(
        cls,
        *,
        nodes: int | None = None,
        seed: int | None = None,
        sample: str | None = None,
        manifests: Manifest | Iterable[Manifest] = (),
        system: bool = False,
        speed: float = SPEED,
        folder: Path,
        base: Path | None = None,
    ) -> Self:
        """Make a cluster. Raises ValueError and ManifestError."""
        place = base or Path()
        if sample is not None and (place / sample).exists():
            sample = str(place / sample)
        found = cls(copy_of(nodes, seed, sample or "", system=system), speed=speed, folder=folder, base=base)
        wanted = [manifests] if isinstance(manifests, str | Path | Mapping) else list(manifests)
        try:
            found.apply(*wanted)
        except ApiError as error:
            msg = f"manifests: {error}"
            raise ManifestError(msg) from error
        return found

    def fork(self) -> "KubeCluster":
        """An independent copy that goes on from this instant; stop it when it was served."""
        copy = self.do(self.cluster.fork)
        return KubeCluster(copy, speed=self._speed, folder=self._folder, base=self._base)

    # ------------------------------------------------------------------ objects
    def apply(self, *manifests: Manifest, namespace: str = "default") -> list[dict[str, Any]]:
        """Apply YAML texts, files or folders, and objects on the server's side; returns what is stored.

        Namespaces and definitions go first, whatever their place. Raises ManifestError and ApiError.
        """
        sources = [source for manifest in manifests for source in _sources(manifest, self._base)]
        first = [source for source in sources if source.tree["kind"] in {"Namespace", _DEFINITION}]
        found: dict[int, dict[str, Any]] = {}
        for source in first:
            found[id(source)] = self.send(self._naming.applied(source, namespace))
        if any(source.tree["kind"] == _DEFINITION for source in first):
            self.pass_time(ESTABLISHED_MS)
        for source in sources:
            if id(source) not in found:
                found[id(source)] = self.send(self._naming.applied(source, namespace))
        return [found[id(source)] for source in sources]

    def get(self, kind: str, name: str, namespace: str = "default") -> dict[str, Any]:
        """One object; ``kind`` is whatever kubectl takes: pods, po, Pod, deployments.apps. Raises ApiError."""
        return dict(self.send(self._naming.request("get", kind, name, namespace)))

    def find(self, kind: str, name: str, namespace: str = "default") -> dict[str, Any] | None:
        """One object, or None when there is none of that name."""
        try:
            return self.get(kind, name, namespace)
        except ApiError as error:
            if error.reason != "NotFound":
                raise
            return None

    def list(
        self, kind: str, namespace: str | None = "default", *, labels: str = "", fields: str = ""
    ) -> "list[dict[str, Any]]":
        """The objects of a namespace, or of all for None, that selectors choose. Raises ApiError."""
        query = {"labelSelector": labels, "fieldSelector": fields}
        given = {name: value for name, value in query.items() if value}
        answer = self.send(self._naming.request("list", kind, "", namespace or "", query=given))
        # Items of a list carry no kind of their own on the wire; here each is complete, as kubectl shows them.
        head = {"apiVersion": answer["apiVersion"], "kind": answer["kind"].removesuffix("List")}
        return [{**head, **item} for item in answer["items"]]

    def patch(self, kind: str, name: str, patch: Tree, namespace: str = "default") -> dict[str, Any]:
        """Change an object by a JSON merge patch; returns what is stored. Raises ApiError."""
        merge = "application/merge-patch+json"
        request = self._naming.request("patch", kind, name, namespace, body=patch, content_type=merge)
        return dict(self.send(request))

    def delete(self, kind: str, name: str, namespace: str = "default", *, grace: int | None = None) -> None:
        """Delete an object; pods end after their time of grace, in seconds. Raises ApiError."""
        body = None if grace is None else {"gracePeriodSeconds": grace}
        self.send(self._naming.request("delete", kind, name, namespace, body=body))

    def logs(self, pod: str, container: str = "", namespace: str = "default") -> str:
        """What a container has written. Raises ApiError."""
        lines = self.do(self.cluster.kubelets.logs, namespace, pod, container)
        return "".join(f"{line.text}\n" for line in lines)

    def send(self, request: Request) -> Any:
        """Carry out any request of the API; returns the body of the answer. Raises ApiError."""
        response = self.do(self.cluster.handle, request)
        body = orjson.loads(orjson.dumps(response.body))
        if response.code >= 400:
            raise ApiError(body)
        return body

    # ------------------------------------------------------------------ real clients
    @property
    def url(self) -> str:
        """Where the API is served; serves it from now on."""
        return self._served().url

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig of the administrator; serves the API from now on."""
        return self._served().kubeconfig

    @property
    def environment(self) -> dict[str, str]:
        """The variables of this process with KUBECONFIG set; serves the API from now on."""
        return {**os.environ, "KUBECONFIG": str(self.kubeconfig)}

    def stop(self) -> None:
        """Serve no longer; time stands still again."""
        serving, self._serving = self._serving, None
        if serving is not None:
            serving.stop()

    def do(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function while nothing else works on the cluster; for what reads or changes ``cluster`` itself."""
        return function(*arguments) if self._serving is None else self._serving.call(function, *arguments)

    def pass_time(self, duration_ms: int, is_over: Callable[[], bool] | None = None) -> None:
        """See Clock."""
        if self._serving is None:
            self.cluster.advance(duration_ms, is_over)
        else:
            self._serving.pass_time(duration_ms, is_over)

    def _served(self) -> Serving:
        if self._serving is None:
            self._serving = Serving(self.cluster, self._folder, self._speed)
        return self._serving


def _sources(manifest: Manifest, base: Path) -> Iterable[Source]:
    if isinstance(manifest, str):
        return parse(manifest, "manifest")
    if isinstance(manifest, Path):
        return load(base / manifest)
    return parse(orjson.dumps(manifest).decode(), "manifest")
