"""The pytest plugin: fixtures that give a simulated cluster, and the marker that says what is in it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from kubetui.testing.cluster import KubeCluster

MARKER = "kube_cluster"
DESCRIPTION = (
    "kube_cluster(nodes=3, seed=1, sample=None, manifests=(), system=False, speed=10): what the cluster of the "
    "fixture kube_cluster is made of: how many nodes and which chance, or a sample's name or cluster.yaml; manifests "
    "(YAML text, paths or objects) that are in it from the start; the control plane's pods; virtual seconds a second "
    "while it is served, 0 for a clock that only the test moves"
)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", DESCRIPTION)


def _arguments(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the markers say; the one nearest to the test wins."""
    given: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers(MARKER))):
        if marker.args:
            msg = f"{request.node.nodeid}: @pytest.mark.kube_cluster takes named arguments only"
            pytest.fail(msg, pytrace=False)
        given.update(marker.kwargs)
    return given


def _made(arguments: dict[str, Any], folder: Path, base: Path) -> "KubeCluster":
    from kubesim.scenario.documents import ManifestError  # noqa: PLC0415 - only a test that wants a cluster pays for it
    from kubetui.testing.cluster import KubeCluster  # noqa: PLC0415

    try:
        return KubeCluster.made(**arguments, folder=folder, base=base)
    except (TypeError, ValueError, ManifestError) as error:
        msg = f"kube_cluster: {str(error).replace('KubeCluster.made()', 'the marker')}"
        pytest.fail(msg, pytrace=False)


@pytest.fixture
def kube_cluster_factory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., "KubeCluster"]]:
    """Makes as many clusters as the test wants; the arguments are those of the marker. All stop with the test."""
    made: list[KubeCluster] = []

    def make(**arguments: Any) -> "KubeCluster":
        made.append(_made(arguments, _folder(tmp_path_factory), request.path.parent))
        return made[-1]

    yield make
    for cluster in made:
        cluster.stop()


@pytest.fixture
def kube_cluster(request: pytest.FixtureRequest, kube_cluster_factory: Callable[..., "KubeCluster"]) -> "KubeCluster":
    """A cluster of its own for one test."""
    return kube_cluster_factory(**_arguments(request))


@pytest.fixture(scope="session")
def shared_kube_cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[KubeCluster]":
    """One cluster of three nodes for the whole session: to be read, or prepared once and forked in each test."""
    cluster = _made({}, _folder(tmp_path_factory), request.config.rootpath)
    yield cluster
    cluster.stop()


def _folder(factory: pytest.TempPathFactory) -> Path:
    """Where certificates and kubeconfigs are kept: one place for a session, so that keys are made once."""
    return factory.getbasetemp() / "kube-cluster"
