"""DefaultBinder: writes the decision as a Binding."""

from typing import Any

from kubesim.objects.wire import Tree
from kubesim.scheduler.framework import Plugin


class DefaultBinder(Plugin):
    """# k8s: plugins/defaultbinder."""

    name = "DefaultBinder"

    def binding(self, pod: Tree, node: str) -> dict[str, Any]:
        """The Binding to create under the pod's ``binding`` subresource."""
        metadata = pod["metadata"]
        return {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"]},
            "target": {"kind": "Node", "name": node},
        }
