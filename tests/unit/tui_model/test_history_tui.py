"""History, differences and x-rays of objects of a living cluster."""

import pytest

from building import create
from kubesim.cluster import Cluster
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import (
    CONFIGMAPS,
    DEPLOYMENTS,
    MERGE_PATCH,
    NODES,
    PODS,
    SERVICES,
    STRATEGIC_PATCH,
    Key,
    Request,
)
from kubetui.client.local import LocalClient
from kubetui.client.port import Version
from kubetui.model import changes, history, lanes, xray

WEB = Key(DEPLOYMENTS, "default", "web")


@pytest.fixture(scope="module")
def client():
    cluster = Cluster()
    for name in ("wk-1", "wk-2"):
        cluster.add_node(NodeSpec(name))
    labels = {"app": "web"}
    container = {"name": "c", "image": "nginx:1.29", "envFrom": [{"configMapRef": {"name": "settings"}}]}
    create(cluster, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "1"}})
    create(cluster, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
                     "spec": {"replicas": 2, "selector": {"matchLabels": labels},
                              "template": {"metadata": {"labels": labels},
                                           "spec": {"containers": [container]}}}})  # fmt: skip
    create(cluster, {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
                     "spec": {"selector": labels, "ports": [{"port": 80}]}})  # fmt: skip
    found = LocalClient(cluster)
    cluster.advance(20_000)
    image = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "nginx:1.30"}]}}}}
    cluster.handle(Request("patch", WEB, body=image, content_type=STRATEGIC_PATCH))
    cluster.advance(20_000)
    found.past.mark("calm")
    cluster.handle(Request("patch", WEB, body={"spec": {"replicas": 3}}, content_type=MERGE_PATCH))
    cluster.advance(20_000)
    return found


def page(lines):
    return "\n".join(line.text for line in lines)


def get(client, key):
    return client.cluster.store.get(*key)


def test_history_of_a_deployment(client):
    text = page(history.history(client, WEB, get(client, WEB), 100))
    pods, _, rest = text.partition("REVISIONS")
    assert pods.count("web-") == 5, "two of the first revision, three of the second"
    assert pods.count("▁") >= 1
    assert "● 2    nginx:1.30" in rest
    assert "- image: nginx:1.29" in rest
    assert "+ image: nginx:1.30" in rest
    assert "  1    nginx:1.29" in rest
    assert "spec.replicas 2→3" in rest


def test_lanes_stay_within_the_width(client):
    for width in (40, 60, 100):
        found = history.history(client, WEB, get(client, WEB), width)
        end = next(at for at, line in enumerate(found) if line.text == "REVISIONS")
        assert all(len(line.text) <= width for line in found[: end - 2])


def test_history_of_a_pod_and_of_a_node(client):
    pod = client.objects(PODS, "default")[0]
    key = Key(PODS, "default", pod["metadata"]["name"])
    assert "█" in page(history.history(client, key, pod, 100))
    node = Key(NODES, "", "wk-1")
    assert "default/web-" in page(history.history(client, node, get(client, node), 100))


def test_what_changed_and_who_wrote_it(client):
    found = page(history.difference(client, WEB, get(client, WEB), 0, 90))
    assert "bookmark calm" in found
    replicas = found[found.index("spec.replicas") :].splitlines()
    assert replicas[0].split() == ["spec.replicas", "kubetui", "00:40.000"]
    assert [line.strip() for line in replicas[1:3]] == ["- 2", "+ 3"]
    assert "image" not in found.partition("WHO OWNS")[0]
    assert "spec.template.spec.containers[c].image" in page(history.difference(client, WEB, get(client, WEB), 99, 90))


def test_states_of_a_pod():
    node = {"nodeName": "wk-1"}
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    cases = [
        (None, lanes.GONE),
        ({"metadata": {"deletionTimestamp": "x"}}, lanes.TERMINATING),
        ({"metadata": {}, "status": {"phase": "Failed"}}, lanes.FAILING),
        ({"metadata": {}, "spec": {}}, lanes.PENDING),
        ({"metadata": {}, "spec": node}, lanes.PULLING),
        ({"metadata": {}, "spec": node, "status": ready}, lanes.READY),
        ({"metadata": {}, "spec": node, "status": {"containerStatuses": [{"state": {"running": {}}}]}}, lanes.RUNNING),
        ({"metadata": {}, "spec": node,
          "status": {"containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}}, lanes.FAILING),
    ]  # fmt: skip
    assert [lanes.state(pod) for pod, _ in cases] == [wanted for _, wanted in cases]


def test_fields_of_lists_go_by_their_names():
    one = {"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]}}
    two = {"spec": {"containers": [{"name": "b", "image": "z"}]}}
    found = changes.changes([Version(1, 1, "", "", one), Version(2, 2, "you", "", two)])
    assert [(each.path, each.before, each.after, each.who) for each in found] == [
        ("spec.containers[a].image", "x", None, "you"),
        ("spec.containers[a].name", "a", None, "you"),
        ("spec.containers[b].image", "y", "z", "you"),
    ]


def test_owners_of_fields():
    fields = {"f:spec": {"f:containers": {'k:{"name":"app"}': {".": {}, "f:image": {}}}, "f:replicas": {}}}
    obj = {"metadata": {"managedFields": [{"manager": "kubectl", "operation": "Apply", "fieldsV1": fields}]}}
    assert changes.owners(obj) == [("kubectl", "Apply", ["spec.containers[app].image", "spec.replicas"])]


def test_xray_up_and_down(client):
    index = xray.Index(client.objects)
    pod = client.objects(PODS, "default")[0]
    text = page(xray.draw(xray.below(index, PODS, pod), xray.above(index, pod)))
    assert text.splitlines()[0] == "Deployment web  3/3"
    assert text.splitlines()[1].startswith("└─ ReplicaSet web-")
    assert text.splitlines()[2].startswith("   └─ Pod web-")
    assert "ConfigMap settings" in text
    service = page(xray.draw(xray.below(index, SERVICES, client.cluster.store.get(SERVICES, "default", "web"))))
    assert service.count("Pod web-") == 3
    assert page(xray.all_of(client.objects, DEPLOYMENTS, "default")).startswith("Deployment web  3/3")


def test_who_uses_a_config_map(client):
    index = xray.Index(client.objects)
    assert len(xray.users(index, Key(CONFIGMAPS, "default", "settings"))) == 3
    assert xray.users(index, Key(CONFIGMAPS, "default", "other")) == []
