"""The fast path of components: valid bodies are stored without decoding, and what pods share is made once."""

from collections.abc import Callable
from typing import Any

from kubesim.api.admission.chain import Admission
from kubesim.api.admission.plugin import CREATE, Witness
from kubesim.api.admission.scheduling import PRIORITYCLASSES, RUNTIMECLASSES
from kubesim.api.admission.serviceaccount import MIRROR, suffix_of
from kubesim.api.binding import SUCCESS, Binder, target_of
from kubesim.api.expiry import EventExpiry
from kubesim.api.metadata import GENERATED_BASE, GIVEN, created, ordered
from kubesim.api.pipeline import Pipeline, exists
from kubesim.api.scheme import Scheme
from kubesim.api.strategy import Context, Strategy
from kubesim.api.writer import Writer
from kubesim.kernel.chance import Chance
from kubesim.kernel.loop import Loop
from kubesim.objects.errors import ApiError, conflict, not_found
from kubesim.objects.wire import BODY, EVENTS, KEY, NAMESPACES, PODS, SERVICEACCOUNTS, Asked, Gvr, Tree
from kubesim.store.mvcc import Store

MEMO_SIZE = 5_000
_Prepared = tuple[Tree, Tree, Tree, Tree, Tree]
"""A template's spec, the prepared spec and status, the metadata that came with it and what they say."""


class Trusted:
    """Creations, status updates and bindings of components.

    The pods of one template share one prepared spec and one first status: the memo is keyed by the identity of the
    template's spec, which it keeps alive, and is not part of a snapshot.
    ``create`` is the long way of a creation, for pods about which admission plugins have a say.
    """

    def __init__(
        self,
        scheme: Scheme,
        store: Store,
        loop: Loop,
        chance: Chance,
        writer: Writer,
        pipeline: Pipeline,
        admission: Admission,
        binder: Binder,
        expiry: EventExpiry,
        create: Callable[[Asked], Tree],
    ) -> None:
        self._scheme = scheme
        self._store = store
        self._loop = loop
        self._chance = chance
        self._writer = writer
        self._pipeline = pipeline
        self._admission = admission
        self._binder = binder
        self._expiry = expiry
        self._accounts = Witness()
        for gvr in (SERVICEACCOUNTS, PRIORITYCLASSES, RUNTIMECLASSES):
            store.add_index(gvr, self._accounts)
        self._plugins = admission.plugins
        self._create = create
        self._prepared: dict[tuple[int, str], _Prepared] = {}
        self._namespaces = Witness()
        store.add_index(NAMESPACES, self._namespaces)
        self._open: dict[str, None] = {}
        """The namespaces that are known to be there and not to go away."""

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_prepared": {}}

    def _check_namespace(self, gvr: Gvr, namespace: str, body: Tree) -> None:
        if self._namespaces.written:
            self._namespaces.written = False
            self._open.clear()
        self._admission.check_namespace(gvr, namespace, _shown(body))
        self._open[namespace] = None

    # ------------------------------------------------------------------ pods
    def create_pod(self, asked: Asked) -> Tree:
        """Create a pod. Raises ApiError."""
        body: Tree = asked[BODY]
        namespace = asked[KEY][1]
        if self._plugins.concerned(CREATE, PODS, "", namespace):
            return self._create(asked)
        if self._namespaces.written or namespace not in self._open:
            self._check_namespace(PODS, namespace, body)
        if self._accounts.written:
            self._accounts.written = False
            self._prepared.clear()
        given: Tree = body["metadata"]
        template = body["spec"]
        known = self._prepared.get((id(template), namespace))
        if known is None or MIRROR in given.get("annotations", ()):
            return self._create_first(asked, self._scheme.resolve(PODS), template, namespace)
        metadata = self._metadata(given, known[4] if known[3] is given else _extra(given), namespace)
        pod = {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": known[1], "status": known[2]}
        return self._writer.take(PODS, namespace, metadata["name"], pod, None, asked)

    def _metadata(self, given: Tree, extra: Tree, namespace: str) -> dict[str, Any]:
        """As ``metadata.created``, for pods: this is the hottest of all creations."""
        name = given.get("name")
        if name:
            self._check_free(PODS, namespace, name)
        base = given.get("generateName") or ""
        metadata = {
            "name": name or self._fresh_name(base, namespace),
            "generateName": base,
            "namespace": namespace,
            "uid": self._chance.uid(),
            "resourceVersion": "",
            "generation": 1,
            "creationTimestamp": self._loop.stamp(),
            **extra,
        }
        if not base:
            del metadata["generateName"]
        return metadata

    def _create_first(self, asked: Asked, strategy: Strategy, template: Tree, namespace: str) -> Tree:
        """A pod whose template is not known yet, with everything that admission and the strategy add."""
        # differs: the pods of one template share the name of the kube-api-access volume too. It follows from the
        # template, since a memo that is lost on pickling must not decide what is drawn.
        given: Tree = asked[BODY]["metadata"]
        draft = strategy.default(_typed(asked[BODY], strategy))
        draft = self._admission.pod(draft, namespace, _shown(draft), suffix_of(template, namespace))
        name = given.get("name") or self._fresh_name(given["generateName"], namespace)
        metadata = created(draft, name, namespace, self._chance.uid(), self._loop.stamp(), has_generation=True)
        pod = strategy.prepare_create({**draft, "metadata": metadata}, self._context(asked))
        pod = self._pipeline.canonical(strategy, pod)
        if pod["metadata"] is metadata and not template.get("nodeName"):
            if len(self._prepared) >= MEMO_SIZE:
                self._prepared.clear()
            self._prepared[id(template), namespace] = (template, pod["spec"], pod["status"], given, _extra(given))
        return self._put_new(asked, strategy, namespace, name, pod)

    def _fresh_name(self, base: str, namespace: str) -> str:
        base = base[:GENERATED_BASE]
        name = base + self._chance.suffix()
        while self._store.get(PODS, namespace, name) is not None:
            name = base + self._chance.suffix()
        return name

    def _put_new(self, asked: Asked, strategy: Strategy, namespace: str, name: str, obj: Tree) -> Tree:
        self._check_free(strategy.gvr, namespace, name)
        return self._writer.put(strategy.gvr, namespace, name, obj, None, asked)

    def _check_free(self, gvr: Gvr, namespace: str, name: str) -> None:
        known = self._store.get(gvr, namespace, name)
        if known is not None:
            raise exists(self._scheme.resolve(gvr), known)

    def bind(self, asked: Asked) -> Tree:
        """Bind a pod to the node that the Binding names. Raises ApiError."""
        _, namespace, name = asked[KEY]
        name = name or asked[BODY]["metadata"]["name"]
        pod = self._store.get(PODS, namespace, name)
        if pod is None:
            raise not_found(PODS, name)
        target = asked[BODY]["target"]
        node = target.get("name")
        if not node or target.get("kind", "Node") != "Node":
            node = target_of(asked[BODY], name)
        self._writer.take(PODS, namespace, name, self._binder.bound(pod, node), pod, asked)
        return SUCCESS

    # ------------------------------------------------------------------ events
    def create_event(self, asked: Asked) -> Tree:
        """Create an Event; its body is taken over and completed in place. Raises ApiError."""
        body: dict[str, Any] = asked[BODY]
        namespace = asked[KEY][1]
        if self._namespaces.written or namespace not in self._open:
            self._check_namespace(EVENTS, namespace, body)
        metadata = body["metadata"]
        name = metadata["name"]
        metadata["uid"] = self._chance.uid()
        metadata["resourceVersion"] = ""
        metadata["creationTimestamp"] = self._loop.stamp()
        try:
            stored = self._writer.take(EVENTS, namespace, name, body, None, asked)
        except ApiError:
            self._check_free(EVENTS, namespace, name)
            raise
        self._expiry.created(namespace, name)
        return stored

    # ------------------------------------------------------------------ status
    def update_status(self, asked: Asked) -> Tree:
        """Replace the status, sharing all else with the stored object. Raises ApiError.

        # differs: of the metadata that come with a component's status update only annotations are looked at.
        """
        gvr, namespace, name = asked[KEY]
        body: Tree = asked[BODY]
        current = self._store.get(gvr, namespace, name)
        if current is None:
            raise not_found(gvr, name)
        status = body.get("status")
        metadata = self._status_metadata(gvr, current, body)
        if metadata is current["metadata"]:
            before = current.get("status")
            if status is before or status == before:
                return current
        new = {**current, "metadata": {**metadata}, "status": status}
        return self._writer.take(gvr, namespace, name, new, current, asked)

    def _status_metadata(self, gvr: Gvr, current: Tree, body: Tree) -> Tree:
        """The metadata after a status update: the same unless annotations came with it. Raises Conflict."""
        metadata: Tree = current["metadata"]
        given: Tree = body["metadata"]
        if given is metadata:
            return metadata
        revision = given.get("resourceVersion")
        if revision and revision != metadata["resourceVersion"]:
            raise conflict(gvr, metadata["name"])
        annotations = given.get("annotations")
        if annotations is metadata.get("annotations") or annotations == metadata.get("annotations"):
            return metadata
        # k8s: the Deployment controller writes its revision annotation by way of the status.
        return ordered({**metadata, "annotations": annotations})

    def _context(self, asked: Asked) -> Context:
        return Context(self._loop.now, self._loop.stamp(), asked[5].user)


def _extra(given: Tree) -> Tree:
    """What a creator says of a pod beside its name."""
    return {field: given[field] for field in GIVEN if field in given}


def _typed(body: Tree, strategy: Strategy) -> Tree:
    if "kind" in body and "apiVersion" in body:
        return body
    return {"kind": strategy.kind, "apiVersion": strategy.gvr.api_version, **body}


def _shown(body: Tree) -> str:
    metadata = body["metadata"]
    name: str = metadata.get("name") or metadata.get("generateName") or ""
    return name
