"""A user of lightkube: server-side apply, waits, subresources, custom resources, collections. Takes a kubeconfig."""

import sys

from lightkube import ApiError, Client, KubeConfig
from lightkube.generic_resource import create_namespaced_resource, load_in_cluster_generic_resources
from lightkube.models.apps_v1 import DeploymentSpec
from lightkube.models.core_v1 import Container, PodSpec, PodTemplateSpec
from lightkube.models.meta_v1 import LabelSelector, ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap, Node, Pod
from lightkube.types import PatchType

LABELS = {"app": "lk"}


def deployment() -> Deployment:
    return Deployment(
        metadata=ObjectMeta(name="lk", namespace="default"),
        spec=DeploymentSpec(
            replicas=2,
            selector=LabelSelector(matchLabels=LABELS),
            template=PodTemplateSpec(
                metadata=ObjectMeta(labels=LABELS),
                spec=PodSpec(containers=[Container(name="c", image="nginx:1.27")]),
            ),
        ),
    )


def main(kubeconfig: str) -> None:
    client = Client(KubeConfig.from_file(kubeconfig), field_manager="lightkube")
    assert len(list(client.list(Node))) == 3
    client.apply(deployment())
    client.wait(Deployment, "lk", for_conditions=["Available"])
    pods = list(client.list(Pod, labels=LABELS))
    assert len(pods) == 2
    assert "nginx" in "".join(client.log(pods[0].metadata.name))
    scale = client.get(Deployment.Scale, "lk")
    scale.spec.replicas = 1
    assert client.replace(scale).spec.replicas == 1
    note = {"metadata": {"annotations": {"q": "r"}}}
    patched = client.patch(Deployment, "lk", note, patch_type=PatchType.MERGE)
    assert patched.metadata.annotations["q"] == "r"
    load_in_cluster_generic_resources(client)
    widgets = create_namespaced_resource("example.com", "v1", "Widget", "widgets")
    client.create(widgets(metadata=ObjectMeta(name="l", namespace="default"), spec={"size": 5}))
    assert [widget.spec for widget in client.list(widgets)] == [{"size": 5}]
    event, widget = next(iter(client.watch(widgets)))
    assert (event, widget.metadata.name) == ("ADDED", "l")
    client.delete(widgets, "l")
    client.create(ConfigMap(metadata=ObjectMeta(name="lk", namespace="default"), data={"a": "1"}))
    client.deletecollection(ConfigMap)
    assert "lk" not in [found.metadata.name for found in client.list(ConfigMap)]
    error = None
    try:
        client.get(ConfigMap, "lk")
    except ApiError as found:
        error = found
    assert error is not None
    assert (error.status.code, error.status.reason) == (404, "NotFound")
    client.delete(Deployment, "lk")


main(sys.argv[1])
