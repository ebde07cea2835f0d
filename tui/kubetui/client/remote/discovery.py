"""What a cluster serves, asked when it is first needed: kinds, API versions, its own version."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kubesim.helm.capabilities import Capabilities, KubeVersion, VersionSet
from kubesim.helm.release.flows.steps import Report, Resource
from kubesim.helm.template.errors import GoError
from kubesim.objects.wire import Gvr, Key, Request
from kubetui.client.remote.transport import RemoteClient, UnreachableError

Tree = dict[str, Any]
_AGGREGATED: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"

_MISSING: Final = "the server could not find the requested resource"


class Discovery(Mapping[tuple[str, str], Resource]):
    """Kinds by (apiVersion, kind). A kind that is not known is asked for once more: definitions may be new."""

    def __init__(self, client: RemoteClient, report: Report | None = None) -> None:
        self._client = client
        self.report = report
        self._kinds: dict[tuple[str, str], Resource] | None = None
        self._versions: list[str] = []

    def __getitem__(self, key: tuple[str, str]) -> Resource:
        asked = self._kinds is None
        found = self._known().get(key)
        if found is None and not asked:
            self.forget()
            found = self._known().get(key)
        if found is None:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._known())

    def __len__(self) -> int:
        return len(self._known())

    def forget(self) -> None:
        """Ask again when it is needed next."""
        self._kinds = None

    def server_version(self) -> Tree:
        """What /version says. Raises UnreachableError."""
        response = self._client.fetch("/version")
        if response.code >= 400:
            raise UnreachableError(_refusal(response.code, response.body))
        version: Tree = response.body
        return version

    def api_versions(self) -> list[str]:
        """All versions (``apps/v1``) and kinds (``apps/v1/Deployment``), sorted."""
        self._known()
        return self._versions

    def capabilities(self) -> Capabilities:
        """What templates may know of the cluster."""
        told = self.server_version()
        text = str(told.get("gitVersion", ""))
        # k8s: what a cluster says of itself is not shortened, other than --kube-version
        version = KubeVersion(text, "", str(told.get("major", "")), str(told.get("minor", "")))
        return Capabilities(version, self.api_versions())

    def renew(self, capabilities: Capabilities) -> None:
        """Put what the cluster serves by now into what was handed out before."""
        self.forget()
        capabilities.api_versions = VersionSet(self.api_versions())

    def lookup(self, version: str, kind: str, namespace: str, name: str) -> Tree:
        """The object or list that a template asks for, {} when there is none. Raises GoError."""
        resource = self.get((version, kind))
        if resource is None:
            if version in self.api_versions():
                return {}
            text = f"unable to get apiresource from unstructured: {version}, Kind={kind}: {_MISSING}"
            if self.report is not None:
                about = {"GroupVersion": version, "error": _MISSING}
                self.report("ERROR", "unable to retrieve resource list", about)
                about = {"groupVersionKind": f"{version}, Kind={kind}", "error": _MISSING}
                self.report("ERROR", "unable to get apiresource", about)
            raise GoError(text)
        place = namespace if resource.namespaced else ""
        response = self._client.send(Request("get" if name else "list", Key(resource.gvr, place, name)))
        if response.code == 404:
            return {}
        if response.code >= 400:
            raise GoError(_refusal(response.code, response.body))
        found: Tree = response.body
        return found

    def _known(self) -> dict[tuple[str, str], Resource]:
        if self._kinds is None:
            kinds: dict[tuple[str, str], Resource] = {}
            versions: dict[str, None] = {}
            for path in ("/api", "/apis"):
                response = self._client.fetch(path, _AGGREGATED)
                if response.code >= 400:
                    raise UnreachableError(_refusal(response.code, response.body))
                items = response.body.get("items")
                for group in items if items is not None else self._groups(path, response.body):
                    _gather(group, kinds, versions)
            self._kinds, self._versions = kinds, sorted(versions)
        return self._kinds

    def _groups(self, path: str, body: Tree) -> Iterator[Tree]:
        """The same from a server that tells one version at a time."""
        listed = body.get("groups") or [{"name": "", "versions": [{"version": one} for one in body["versions"]]}]
        for group in listed:
            name = str(group.get("name", ""))
            versions = [self._version(path, name, str(one["version"])) for one in group.get("versions") or ()]
            yield {"metadata": {"name": name}, "versions": versions}

    def _version(self, path: str, group: str, version: str) -> Tree:
        response = self._client.fetch("/".join([part for part in (path, group, version) if part]))
        resources = (response.body.get("resources") or ()) if response.code < 400 else ()
        flat = [
            {
                "resource": one["name"],
                "responseKind": {"group": group, "version": version, "kind": one["kind"]},
                "scope": "Namespaced" if one.get("namespaced") else "Cluster",
            }
            for one in resources
        ]
        return {"version": version, "resources": flat}


def _gather(group: Tree, kinds: dict[tuple[str, str], Resource], versions: dict[str, None]) -> None:
    name = str((group.get("metadata") or {}).get("name", ""))
    for version in group.get("versions") or ():
        api_version = f"{name}/{version['version']}" if name else str(version["version"])
        versions[api_version] = None
        for resource in version.get("resources") or ():
            kind = str((resource.get("responseKind") or {}).get("kind", ""))
            gvr = Gvr(name, str(version["version"]), str(resource["resource"]))
            if kind and "/" not in gvr.resource:
                kinds.setdefault((api_version, kind), Resource(gvr, resource.get("scope") == "Namespaced"))
            for inner in [resource, *(resource.get("subresources") or ())]:
                inner_kind = (inner.get("responseKind") or {}).get("kind", "")
                if inner_kind:
                    versions[f"{api_version}/{inner_kind}"] = None


def _refusal(code: int, body: Any) -> str:
    if code == 401:
        return "the server has asked for the client to provide credentials"
    return str(body.get("message", "")) if isinstance(body, dict) else f"the server answered {code}"
