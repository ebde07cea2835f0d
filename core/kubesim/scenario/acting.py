"""What the steps of a scenario do, as Requests of an administrator."""

from pathlib import Path
from typing import Any

from kubesim.cluster import Cluster
from kubesim.objects import refs
from kubesim.objects import tree as trees
from kubesim.objects.times import format_time
from kubesim.objects.wire import ADMIN, FAULTS, JSON, LOADS, MERGE_PATCH, NODES, PODS, Key, Request, Response
from kubesim.scenario import loader
from kubesim.scenario.documents import Source, load
from kubesim.scenario.expectations import object_of
from kubesim.scenario.script import Script, Step

DRAIN_MS = 300_000
RETRY_MS = 5_000


class FailedError(Exception):
    """A step could not be carried out."""


class Acts:
    """All acts of one scenario in one cluster. Each raises FailedError, or ManifestError about a file."""

    def __init__(self, cluster: Cluster, script: Script) -> None:
        self.cluster = cluster
        self._script = script

    def key(self, text: str) -> Key:
        """The object of a text. Raises FailedError."""
        try:
            return object_of(self.cluster, text)
        except ValueError as error:
            raise FailedError(str(error)) from error

    def _send(self, verb: str, key: Key, body: Any = None, subresource: str = "", content: str = JSON) -> Response:
        response = self.cluster.handle(
            Request(verb, key, subresource, body, identity=ADMIN, note=self._script.name, content_type=content)
        )
        if response.code >= 400:
            raise FailedError(str(response.body.get("message", f"the server answered {response.code}")))
        return response

    def _merge(self, key: Key, body: Any, subresource: str = "") -> None:
        self._send("patch", key, body, subresource, MERGE_PATCH)

    # ------------------------------------------------------------------ the steps
    def apply(self, step: Step) -> None:
        """Apply an object, or the manifests of files beside the scenario."""
        if isinstance(step.value, dict):
            loader.apply(self.cluster, [Source(str(self._script.path), 0, step.value)])
            return
        folder = self._script.path.parent
        loader.apply(self.cluster, [source for text in step.value for source in load(folder / Path(text))])

    def delete(self, key: Key) -> None:
        """Delete an object, with its dependents in the background."""
        self._send("delete", key, {"propagationPolicy": "Background"})

    def patch(self, step: Step) -> None:
        """Merge fields into an object."""
        self._merge(self.key(step.value), step.extra)

    def scale(self, step: Step) -> None:
        """Change numbers of replicas."""
        for text, count in step.value.items():
            self._merge(self.key(text), {"spec": {"replicas": count}}, "scale")

    def image(self, step: Step) -> None:
        """Change the images of all containers, or of the one named: NAME=IMAGE."""
        for text, image in step.value.items():
            key = self.key(text)
            obj = self._send("get", key).body
            path = "spec.containers" if key.gvr == PODS else "spec.template.spec.containers"
            name, given, wanted = str(image).rpartition("=")
            containers = [
                {**each, "image": wanted} if not given or each["name"] == name else each
                for each in trees.get(obj, path, ()) or ()
            ]
            body: Any = containers
            for part in reversed(path.split(".")):
                body = {part: body}
            self._merge(key, body)

    def restart(self, key: Key) -> None:
        """Restart a rollout."""
        stamp = {"kubectl.kubernetes.io/restartedAt": format_time(self.cluster.loop.now)}
        self._merge(key, {"spec": {"template": {"metadata": {"annotations": stamp}}}})

    def cordon(self, key: Key) -> None:
        """Schedule nothing more on a node."""
        self._merge(key, {"spec": {"unschedulable": True}})

    def uncordon(self, key: Key) -> None:
        """Let pods be scheduled on a node again."""
        self._merge(key, {"spec": {"unschedulable": None}})

    def drain(self, key: Key) -> None:
        """Evict the pods of a node, and wait until they are gone."""
        self.cordon(key)
        limit = self.cluster.loop.now + DRAIN_MS
        while True:
            left = [pod for pod in self.cluster.store.range(PODS) if _is_drained(pod, key.name)]
            if not left:
                return
            if self.cluster.loop.now >= limit:
                names = ", ".join(pod["metadata"]["name"] for pod in left[:3])
                raise FailedError(f"{key.name} is not drained within {DRAIN_MS // 1000}s: {names}")
            for pod in left:
                metadata = pod["metadata"]
                if not metadata.get("deletionTimestamp"):
                    self._post_eviction(Key(PODS, metadata["namespace"], metadata["name"]))
            self.cluster.advance(RETRY_MS)

    def _post_eviction(self, key: Key) -> Response:
        metadata = {"name": key.name, "namespace": key.namespace}
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
        return self.cluster.handle(Request("create", key, "eviction", body, identity=ADMIN, note=self._script.name))

    def evict(self, key: Key) -> None:
        """Evict a pod."""
        response = self._post_eviction(key)
        if response.code >= 400:
            raise FailedError(str(response.body.get("message", "")))

    def crash(self, key: Key) -> None:
        """Crash a node, or kill the containers of a pod."""
        self._break("NodeCrash" if key.gvr == NODES else "KillContainers", key)

    def fault(self, step: Step) -> None:
        """Break something in a way that is named."""
        self._break(step.value, self.key(str(step.extra)))

    def _break(self, kind: str, key: Key) -> None:
        self._send("get", key)
        target = {"kind": self.cluster.api.strategy(key.gvr).kind, "name": key.name}
        if key.namespace:
            target["namespace"] = key.namespace
        place = f"{key.namespace}-{key.name}" if key.namespace else key.name
        metadata = {"name": f"{kind}-{place}".lower()}
        spec = {"type": kind, "target": target}
        self._send(
            "create",
            Key(FAULTS),
            {"apiVersion": FAULTS.api_version, "kind": "Fault", "metadata": metadata, "spec": spec},
        )

    def mend(self, step: Step) -> None:
        """End the faults of objects, or all."""
        wanted = {text.rpartition("/")[2] for text in step.value}
        faults = self.cluster.store.range(FAULTS)
        found = [each for each in faults if "all" in wanted or trees.get(each, "spec.target.name", "") in wanted]
        if not found and "all" not in wanted:
            raise FailedError(f"nothing is broken about {', '.join(step.value)}")
        for each in found:
            self.delete(Key(FAULTS, "", each["metadata"]["name"]))

    def load(self, step: Step) -> None:
        """Put traffic on Services."""
        for text, rate in step.value.items():
            key = self.key(text)
            place = Key(LOADS, key.namespace, key.name)
            known = self.cluster.store.get(*place)
            metadata = {"name": key.name, "namespace": key.namespace}
            spec = {"service": key.name, **(rate if isinstance(rate, dict) else {"requestsPerSecond": rate})}
            if known is not None:
                self._send("delete", place)
            if rate not in {0, "off"} if isinstance(rate, str | int | float) else True:
                body = {"apiVersion": LOADS.api_version, "kind": "Load", "metadata": metadata, "spec": spec}
                self._send("create", place._replace(name=""), body)


def _is_drained(pod: Any, node: str) -> bool:
    """Whether draining a node means this pod."""
    # k8s: kubectl drain leaves pods of DaemonSets, mirror pods and pods that have ended.
    if trees.get(pod, "spec.nodeName", "") != node or trees.get(pod, "status.phase", "") in {"Succeeded", "Failed"}:
        return False
    owner = refs.controller_of(pod)
    if owner is not None and owner.get("kind") in {"DaemonSet", "Node"}:
        return False
    return "kubernetes.io/config.mirror" not in (pod["metadata"].get("annotations") or {})
