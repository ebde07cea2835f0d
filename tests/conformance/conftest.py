"""A cluster of two nodes by either way, and a namespace of its own for each test."""

from collections.abc import Callable, Iterator

import pytest

from conformance.ways import Api, Local, Remote, Resource, Typed
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import Gvr

NAMESPACES = Gvr("", "v1", "namespaces")
_COUNT = iter(range(1, 1_000_000))
NODES = 2

Speak = Callable[..., Resource]


@pytest.fixture(scope="module", params=["local", "http", "typed"])
def api(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    cluster = Cluster(Settings(name="conformance"))
    for number in (1, 2):
        cluster.add_node(NodeSpec(name=f"node-{number}"))
    cluster.advance(10_000)
    if request.param == "local":
        yield Local(cluster)
        return
    remote = {"http": Remote, "typed": Typed}[request.param](cluster, tmp_path_factory.mktemp("conformance"))
    yield remote
    remote.served.stop()


@pytest.fixture
def namespace(api: Api) -> str:
    """A namespace in which pods may be made at once."""
    name = f"e2e-{next(_COUNT)}"
    Resource(api, NAMESPACES).create({"metadata": {"name": name, "labels": {"e2e-framework": "conformance"}}})
    Resource(api, Gvr("", "v1", "serviceaccounts"), name).until_list(len)
    return name


@pytest.fixture
def of(api: Api, namespace: str) -> Speak:
    """Resources by ``group/version/resource``; ``cluster=True`` for those without a namespace."""

    def speak(path: str, *, cluster: bool = False, within: str = "") -> Resource:
        group, version, resource = path.split("/") if path.count("/") == 2 else ("", *path.split("/"))
        return Resource(api, Gvr(group, version, resource), "" if cluster else within or namespace)

    return speak
