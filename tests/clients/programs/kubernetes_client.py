"""A user of the official Python client: typed calls, watches, streams, custom resources. Takes a kubeconfig."""

import sys
from collections.abc import Callable

from kubernetes import client, config, dynamic, stream, utils, watch

LABELS = {"app": "py"}


def deployment() -> client.V1Deployment:
    container = client.V1Container(name="c", image="nginx:1.27", ports=[client.V1ContainerPort(container_port=80)])
    return client.V1Deployment(
        metadata=client.V1ObjectMeta(name="py"),
        spec=client.V1DeploymentSpec(
            replicas=2,
            selector=client.V1LabelSelector(match_labels=LABELS),
            template=client.V1PodTemplateSpec(
                metadata=client.V1ObjectMeta(labels=LABELS), spec=client.V1PodSpec(containers=[container])
            ),
        ),
    )


def failure_of(call: Callable[[], object]) -> client.ApiException:
    try:
        call()
    except client.ApiException as error:
        return error
    raise AssertionError("it was not refused")


def roll_out(apps: client.AppsV1Api) -> None:
    apps.create_namespaced_deployment("default", deployment())
    events = watch.Watch()
    ready = 0
    for event in events.stream(apps.list_namespaced_deployment, "default", timeout_seconds=30):
        ready = event["object"].status.ready_replicas or 0
        if ready == 2:
            events.stop()
    assert ready == 2
    assert apps.patch_namespaced_deployment_scale("py", "default", {"spec": {"replicas": 3}}).spec.replicas == 3


def look_inside(core: client.CoreV1Api) -> None:
    first = core.list_namespaced_pod("default", label_selector="app=py", limit=1)
    assert len(first.items) == 1
    assert first.metadata._continue
    name = first.items[0].metadata.name
    assert "nginx" in core.read_namespaced_pod_log(name, "default")
    done = stream.stream(
        core.connect_get_namespaced_pod_exec,
        name,
        "default",
        command=["sh", "-c", "echo hi; hostname"],
        stdout=True,
        stderr=True,
        stdin=False,
        tty=False,
    )
    assert done.split() == ["hi", name]
    forward = stream.portforward(core.connect_get_namespaced_pod_portforward, name, "default", ports="80")
    socket = forward.socket(80)
    socket.setblocking(True)
    socket.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert socket.recv(100).startswith(b"HTTP/1.1 200 OK")
    socket.close()
    core.create_namespaced_pod_eviction(name, "default", client.V1Eviction(metadata=client.V1ObjectMeta(name=name)))


def use_custom_resources() -> None:
    widgets = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="example.com/v1", kind="Widget")
    tree = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "d"}, "spec": {"size": 1}}
    widgets.create(tree, namespace="default")
    applied = widgets.server_side_apply(
        {**tree, "spec": {"size": 2}}, namespace="default", field_manager="me", force_conflicts=True
    )
    assert applied.spec.size == 2
    found = client.CustomObjectsApi().list_cluster_custom_object("example.com", "v1", "widgets")
    assert [item["spec"] for item in found["items"]] == [{"size": 2}]
    bad = {**tree, "metadata": {"name": "bad"}, "spec": {"size": -1}}
    error = failure_of(lambda: widgets.create(bad, namespace="default"))
    assert error.status == 422
    assert "spec.size" in str(error.body)
    widgets.delete("d", namespace="default")


def ask_for_rights(core: client.CoreV1Api) -> None:
    wanted = client.AuthenticationV1TokenRequest(spec=client.V1TokenRequestSpec(audiences=[], expiration_seconds=600))
    token = core.create_namespaced_service_account_token("default", "default", wanted).status.token
    weak = client.Configuration.get_default_copy()
    weak.cert_file = weak.key_file = None
    weak.api_key = {"authorization": f"Bearer {token}"}
    with client.ApiClient(weak) as api:
        error = failure_of(lambda: client.CoreV1Api(api).list_namespaced_secret("default"))
        assert error.status == 403
        assert "system:serviceaccount:default:default" in error.body


def read_everything() -> None:
    """Every answer must have what the client's models require."""
    reads = (
        client.AdmissionregistrationV1Api().list_validating_admission_policy,
        client.ApiextensionsV1Api().list_custom_resource_definition,
        client.BatchV1Api().list_job_for_all_namespaces,
        client.CertificatesV1Api().list_certificate_signing_request,
        client.CoordinationV1Api().list_lease_for_all_namespaces,
        client.CoreV1Api().list_event_for_all_namespaces,
        client.CoreV1Api().list_namespace,
        client.CoreV1Api().list_pod_for_all_namespaces,
        client.CoreV1Api().list_service_for_all_namespaces,
        client.DiscoveryV1Api().list_endpoint_slice_for_all_namespaces,
        client.FlowcontrolApiserverV1Api().list_flow_schema,
        client.NetworkingV1Api().list_ip_address,
        client.RbacAuthorizationV1Api().list_cluster_role,
        client.SchedulingV1Api().list_priority_class,
    )
    for read in reads:
        assert read().items is not None, read.__name__


def main(kubeconfig: str) -> None:
    config.load_kube_config(kubeconfig)
    core, apps = client.CoreV1Api(), client.AppsV1Api()
    assert client.VersionApi().get_code().git_version.startswith("v1.37")
    assert len(core.list_node().items) == 3
    roll_out(apps)
    look_inside(core)
    use_custom_resources()
    ask_for_rights(core)
    read_everything()
    utils.create_from_dict(
        client.ApiClient(),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cm"}, "data": {"a": "b"}},
        namespace="default",
    )
    core.delete_collection_namespaced_config_map("default", field_selector="metadata.name=cm")
    error = failure_of(lambda: core.read_namespaced_config_map("cm", "default"))
    assert (error.status, error.reason) == (404, "Not Found")
    apps.delete_namespaced_deployment("py", "default", propagation_policy="Foreground")


main(sys.argv[1])
