"""A user of kr8s: objects, exec, port-forward, custom resources, nodes. Takes a kubeconfig."""

import sys
import urllib.request
import warnings

import kr8s
from kr8s.objects import Deployment, new_class

DEPLOYMENT = {
    "metadata": {"name": "kr", "namespace": "default"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "kr"}},
        "template": {
            "metadata": {"labels": {"app": "kr"}},
            "spec": {"containers": [{"name": "c", "image": "nginx:1.27", "ports": [{"containerPort": 80}]}]},
        },
    },
}


def main(kubeconfig: str) -> None:
    # It complains of servers that are newer than itself.
    warnings.filterwarnings("ignore", message="Kubernetes version")
    api = kr8s.api(kubeconfig=kubeconfig)
    assert api.version()["gitVersion"].startswith("v1.37")
    deployment = Deployment(DEPLOYMENT, api=api)
    deployment.create()
    deployment.wait("condition=Available", timeout=30)
    pods = deployment.pods()
    assert len(pods) == 2
    assert pods[0].ready()
    assert pods[0].exec(["echo", "hello"]).stdout == b"hello\n"
    assert "nginx" in "".join(pods[0].logs())
    with pods[0].portforward(80, local_port=None) as port:
        assert urllib.request.urlopen(f"http://localhost:{port}", timeout=10).status == 200
    deployment.scale(3)
    deployment.patch({"metadata": {"labels": {"x": "y"}}})
    deployment.label({"z": "1"})
    assert deployment.labels == {"x": "y", "z": "1"}
    widgets = new_class("Widget", "example.com/v1", namespaced=True)
    widget = widgets({"metadata": {"name": "k", "namespace": "default"}, "spec": {"size": 4}}, api=api)
    widget.create()
    assert [found.spec.size for found in api.get("widgets", namespace="default")] == [4]
    widget.delete()
    event, first = next(iter(api.watch("pods", namespace="default")))
    assert (event, first.kind) == ("ADDED", "Pod")
    node = next(iter(api.get("nodes")))
    node.cordon()
    assert node.unschedulable
    node.uncordon()
    assert len(api.api_resources()) > 60
    deployment.delete()


main(sys.argv[1])
