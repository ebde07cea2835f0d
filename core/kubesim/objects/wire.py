"""The words on the wire: group-version-resource, key, identity, request, response, watch event."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

Tree = Mapping[str, Any]
"""A JSON object. Never mutated once it is in the store; a change makes new nodes along its path."""

EMPTY: Mapping[str, Any] = {}
"""The shared empty mapping, for default arguments."""

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"


class Gvr(NamedTuple):
    """A resource as the API addresses it, for instance ``("apps", "v1", "deployments")``."""

    group: str
    version: str
    resource: str

    @property
    def api_version(self) -> str:
        """The ``apiVersion`` that objects of this resource carry."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """The name error messages use: ``deployments.apps``, ``pods``."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


class Key(NamedTuple):
    """One object, or without a name a collection; ``namespace`` "" for cluster-scoped kinds and for all namespaces."""

    gvr: Gvr
    namespace: str = ""
    name: str = ""


class Identity(NamedTuple):
    """Who acts. ``agent`` is the short name that the journal and ``managedFields`` show ("replicaset", "kubectl")."""

    user: str = "system:anonymous"
    groups: tuple[str, ...] = ()
    agent: str = ""
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What else the authenticator knows, by name: the pod behind a token, the certificate."""


ADMIN = Identity("kubernetes-admin", ("kubeadm:cluster-admins", "system:masters", "system:authenticated"), "kubetui")
"""The person at the keyboard."""


class Request(NamedTuple):
    """One call on the API; maps one to one to an HTTP request.

    ``verb`` is one of get, list, watch, create, update, patch, delete, deletecollection. ``body`` is a decoded JSON
    value. ``query`` holds the URL parameters as strings. ``cause`` is the revision of the write that made the caller
    act (0: a person or the passing of time), ``note`` says in a few words what no revision says.
    """

    verb: str
    key: Key
    subresource: str = ""
    body: Any = None
    query: Mapping[str, str] = EMPTY
    identity: Identity = ADMIN
    cause: int = 0
    note: str = ""
    content_type: str = JSON
    accept: str = JSON


Asked = tuple[str, tuple[Gvr, str, str], str, Any, Mapping[str, str], Identity, int, str, str, str]
"""The fields of a Request (its key, too) as plain tuples, made and taken apart in half the time: components send
thousands a second. A Request is one as well."""
VERB: Final = 0
KEY: Final = 1
SUBRESOURCE: Final = 2
BODY: Final = 3
"""Where these fields are."""


def request_of(asked: Asked) -> Request:
    """The Request that was asked."""
    if isinstance(asked, Request):
        return asked
    return Request(asked[VERB], Key(*asked[KEY]), *asked[SUBRESOURCE:])


class Response(NamedTuple):
    """The answer: an object, a list, a table, or from code 400 up a ``Status``; ``warnings`` are Warning headers."""

    code: int
    body: Any
    warnings: tuple[str, ...] = ()


class WatchEvent(NamedTuple):
    """One line of a watch: ``type`` is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR."""

    type: str
    object: Any
    revision: int


def core(resource: str) -> Gvr:
    """The Gvr of a resource of the legacy core group."""
    return Gvr("", "v1", resource)


NAMESPACES = core("namespaces")
NODES = core("nodes")
PODS = core("pods")
SERVICES = core("services")
ENDPOINTS = core("endpoints")
CONFIGMAPS = core("configmaps")
SECRETS = core("secrets")
EVENTS = core("events")
SERVICEACCOUNTS = core("serviceaccounts")
DEPLOYMENTS = Gvr("apps", "v1", "deployments")
REPLICASETS = Gvr("apps", "v1", "replicasets")
REPLICATIONCONTROLLERS = core("replicationcontrollers")
STATEFULSETS = Gvr("apps", "v1", "statefulsets")
DAEMONSETS = Gvr("apps", "v1", "daemonsets")
CONTROLLERREVISIONS = Gvr("apps", "v1", "controllerrevisions")
JOBS = Gvr("batch", "v1", "jobs")
CRONJOBS = Gvr("batch", "v1", "cronjobs")
AUTOSCALERS = Gvr("autoscaling", "v2", "horizontalpodautoscalers")
BUDGETS = Gvr("policy", "v1", "poddisruptionbudgets")
CLAIMS = core("persistentvolumeclaims")
VOLUMES = core("persistentvolumes")
STORAGECLASSES = Gvr("storage.k8s.io", "v1", "storageclasses")
ENDPOINTSLICES = Gvr("discovery.k8s.io", "v1", "endpointslices")
LEASES = Gvr("coordination.k8s.io", "v1", "leases")
INGRESSES = Gvr("networking.k8s.io", "v1", "ingresses")
INGRESSCLASSES = Gvr("networking.k8s.io", "v1", "ingressclasses")
NETWORKPOLICIES = Gvr("networking.k8s.io", "v1", "networkpolicies")
SERVICECIDRS = Gvr("networking.k8s.io", "v1", "servicecidrs")
IPADDRESSES = Gvr("networking.k8s.io", "v1", "ipaddresses")
FAULTS = Gvr("sim.kubetui.dev", "v1", "faults")
"""Simulated failures are objects too: creating one breaks something, deleting it mends it."""
LOADS = Gvr("sim.kubetui.dev", "v1", "loads")
"""Simulated traffic is an object too: as long as it is there, its Service gets requests."""
