"""The APIServices of the groups that the server itself serves.

# k8s: cmd/kube-apiserver/app/aggregator.go, kube-aggregator/pkg/controllers/status/local
"""

from kubesim.objects.wire import Tree

GROUP = "apiregistration.k8s.io"
_PRIORITIES: tuple[tuple[str, str, int, int], ...] = (
    ("", "v1", 18_000, 1),
    ("apps", "v1", 17_800, 15),
    ("events.k8s.io", "v1", 17_750, 15),
    ("authentication.k8s.io", "v1", 17_700, 15),
    ("authorization.k8s.io", "v1", 17_600, 15),
    ("autoscaling", "v1", 17_500, 15),
    ("autoscaling", "v2", 17_500, 30),
    ("batch", "v1", 17_400, 15),
    ("certificates.k8s.io", "v1", 17_300, 15),
    ("networking.k8s.io", "v1", 17_200, 15),
    ("policy", "v1", 17_100, 15),
    ("rbac.authorization.k8s.io", "v1", 17_000, 15),
    ("storage.k8s.io", "v1", 16_800, 15),
    ("apiextensions.k8s.io", "v1", 16_700, 15),
    ("admissionregistration.k8s.io", "v1", 16_700, 15),
    ("scheduling.k8s.io", "v1", 16_600, 15),
    ("coordination.k8s.io", "v1", 16_500, 15),
    ("node.k8s.io", "v1", 16_300, 15),
    ("discovery.k8s.io", "v1", 16_200, 15),
    ("flowcontrol.apiserver.k8s.io", "v1", 16_100, 21),
    ("resource.k8s.io", "v1", 15_900, 20),
)
"""Group, version, priority of the group and of the version."""


def objects() -> list[tuple[str, Tree]]:
    """The objects with the plural of their resource."""
    return [
        (
            "apiservices",
            {
                "kind": "APIService",
                "apiVersion": f"{GROUP}/v1",
                "metadata": {
                    "name": f"{version}.{group}",
                    "labels": {"kube-aggregator.kubernetes.io/automanaged": "onstart"},
                },
                "spec": {
                    **({"group": group} if group else {}),
                    "version": version,
                    "groupPriorityMinimum": least,
                    "versionPriority": priority,
                },
                "status": {
                    "conditions": [
                        {
                            "type": "Available",
                            "status": "True",
                            "lastTransitionTime": "",
                            "reason": "Local",
                            "message": "Local APIServices are always available",
                        }
                    ]
                },
            },
        )
        for group, version, least, priority in _PRIORITIES
    ]
