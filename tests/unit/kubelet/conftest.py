"""Fixtures of the tests of kubelets."""

import pytest

from unit.kubelet.kubelet_rig import Rig


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture
def make_rig() -> type[Rig]:
    return Rig
