"""What the containers of a StatefulSet may mount: volumes of the template, and the claims of its pods."""

import pytest

from kubesim.objects.tree import freeze
from unit.kinds.golden import strategy_of


def causes(mounted, claims, volumes=()):
    strategy = strategy_of({"gvr": ("apps", "v1", "statefulsets")})
    labels = {"app": "db"}
    pod = {
        "containers": [{"name": "db", "image": "redis", "volumeMounts": [{"name": mounted, "mountPath": "/data"}]}],
        "volumes": [{"name": name, "emptyDir": {}} for name in volumes],
    }
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    tree = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": "default"},
        "spec": {
            "serviceName": "db",
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
            "volumeClaimTemplates": [{"metadata": {"name": name}, "spec": claim} for name in claims],
        },
    }
    return [tuple(cause)[2] for cause in strategy.validate(freeze(strategy.default(freeze(tree))))]


@pytest.mark.parametrize(
    ("mounted", "claims", "volumes", "found"),
    [
        ("data", ["data"], [], []),
        ("tmp", ["data"], ["tmp"], []),
        ("data", ["data"], ["data"], []),
        ("other", ["data"], ["tmp"], ["spec.template.spec.containers[0].volumeMounts[0].name"]),
        ("data", [], [], ["spec.template.spec.containers[0].volumeMounts[0].name"]),
    ],
    ids=["claim", "volume", "both", "neither", "nothing"],
)
def test_what_may_be_mounted(mounted, claims, volumes, found):
    assert causes(mounted, claims, volumes) == found
