"""sig-apps: lives of controllers as their watches tell them, event by event, and the strictest rollouts."""

from collections.abc import Callable
from typing import Any

from conformance.conftest import Speak
from conformance.manifests import AGNHOST, HTTPD, NEWER_HTTPD, PAUSE, is_ready, phase
from conformance.ways import Resource, Tree

NGINX = "registry.k8s.io/e2e-test-images/nginx:1.15-4"


class Story:
    """What a watch tells, read once from front to back as a client does."""

    def __init__(self, resource: Resource, selector: str) -> None:
        self._resource, self._selector = resource, selector
        self._since = resource.call("list", query={"labelSelector": selector})["metadata"]["resourceVersion"]
        self._read = 0

    def until(self, holds: Callable[[str, Tree], Any], seconds: int = 120) -> Tree:
        """The object of the next event of which something holds; what came before it is over."""
        told: list[tuple[str, Tree]] = []
        for _ in range(seconds):
            told = self._resource.events(self._since, labelSelector=self._selector)
            while self._read < len(told):
                kind, tree = told[self._read]
                self._read += 1
                if holds(kind, tree):
                    return tree
            self._resource.api.wait(1)
        raise AssertionError(f"never told: {[(kind, tree.get('status')) for kind, tree in told][-5:]}")

    def modified(self) -> Tree:
        return self.until(lambda kind, tree: kind == "MODIFIED")


def counts(**wanted: int) -> Callable[[str, Tree], bool]:
    return lambda kind, tree: all(tree["status"].get(name) == number for name, number in wanted.items())


def template(labels: Tree, name: str, image: str) -> Tree:
    containers = [{"name": name, "image": image, "securityContext": {}}]
    return {"metadata": {"labels": labels}, "spec": {"containers": containers, "terminationGracePeriodSeconds": 0}}


def deployment(
    name: str, replicas: int, labels: Tree, image: str = HTTPD, container: str = "httpd", **spec: Any
) -> Tree:
    found = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template(labels, container, image)}
    return {"metadata": {"name": name, "labels": labels}, "spec": {**found, **spec}}


def test_a_replication_controller(of: Speak):
    controllers, labels = of("v1/replicationcontrollers"), {"test-rc-static": "true"}
    story = Story(controllers, "test-rc-static=true")
    spec = {"replicas": 1, "selector": labels, "template": template(labels, "rc-test", NGINX)}
    controllers.create({"metadata": {"name": "rc-test", "labels": labels}, "spec": spec})
    story.until(lambda kind, tree: kind == "ADDED")
    story.until(counts(replicas=1, readyReplicas=1))
    empty = {"creationTimestamp": None}
    change = {"metadata": {**empty, "labels": {"test-rc": "patched"}}, "spec": {}, "status": {"replicas": 0}}
    assert controllers.patch("rc-test", change, "strategic")["metadata"]["labels"]["test-rc"] == "patched"
    story.modified()
    zero = {"status": {"readyReplicas": 0, "availableReplicas": 0}}
    assert not controllers.patch("rc-test", zero, "strategic", part="status")["status"].get("readyReplicas")
    story.modified()
    story.until(counts(replicas=1))
    assert controllers.get("rc-test", part="status")["status"]["replicas"] == 1
    scale = {"metadata": empty, "spec": {"replicas": 2}, "status": {"replicas": 0}}
    controllers.patch("rc-test", scale, "strategic", part="scale")
    story.modified()
    story.until(counts(replicas=2, readyReplicas=2))
    fresh = controllers.get("rc-test")
    fresh["status"] |= {"availableReplicas": 1, "readyReplicas": 1}
    controllers.update(fresh, part="status")
    story.modified()
    assert controllers.everywhere().names(labelSelector="test-rc-static=true,test-rc=patched") == ["rc-test"]
    controllers.delete_all("test-rc-static=true")
    story.until(lambda kind, tree: kind == "DELETED")


def test_a_deployment(of: Speak, namespace: str):
    sets, name, labels = of("apps/v1/deployments"), "test-deployment", {"own": namespace}
    selector = f"own={namespace}"
    story = Story(sets, selector)
    body = deployment(name, 2, labels, HTTPD, name)
    sets.create(body)
    story.until(lambda kind, tree: kind == "ADDED")
    story.until(counts(readyReplicas=2))
    # The patch of the tests spells one field wrong: the server takes it with a warning.
    container = {"name": name, "image": PAUSE, "command": ["/bin/sleep", "100000"]}
    inner = {"TerminationGracePeriodSeconds": 0, "containers": [container]}
    change = {"metadata": {"labels": {"test-deployment": "patched"}}}
    sets.patch(name, {**change, "spec": {"replicas": 1, "template": {"spec": inner}}}, "strategic")
    story.modified()

    def has(image: str, ready: int) -> Callable[[str, Tree], bool]:
        return lambda kind, tree: (
            tree["status"].get("readyReplicas") == ready
            and tree["spec"]["template"]["spec"]["containers"][0]["image"] == image
        )

    story.until(has(PAUSE, 1))
    assert sets.everywhere().names(labelSelector=selector) == [name]
    again = deployment(name, 2, labels, NEWER_HTTPD, name)
    again["metadata"]["labels"] = {**labels, "test-deployment": "updated"}
    sets.update(again)
    story.modified()
    shown = sets.get(name, part="status")
    assert shown["metadata"]["labels"]["test-deployment"] == "updated"
    story.until(has(NEWER_HTTPD, 2))
    wrong = {"metadata": {"labels": {"test-deployment": "patched-status"}}, "status": {"readyReplicas": 0}}
    sets.patch(name, wrong, "strategic", code=422, part="status")
    assert sets.get(name, part="status")["metadata"]["labels"]["test-deployment"] == "updated"
    sets.call("deletecollection", body={"gracePeriodSeconds": 0}, query={"labelSelector": selector})
    story.until(lambda kind, tree: kind == "DELETED")


def test_no_old_pod_is_left_when_the_first_new_one_runs(of: Speak):
    sets, pods, labels = of("apps/v1/deployments"), of("v1/pods"), {"name": "sample-pod-3"}
    sets.create(deployment("recreate", 1, labels, AGNHOST, "agnhost", strategy={"type": "Recreate"}))
    sets.until("recreate", lambda tree: tree["status"].get("availableReplicas") == 1)
    story, old = Story(pods, "name=sample-pod-3"), pods.names()
    change = {"spec": {"template": {"spec": {"containers": [{"name": "httpd", "image": HTTPD}]}}}}
    sets.patch("recreate", change, "strategic")
    alive = set(old)

    def ready(kind: str, tree: Tree) -> bool:
        name = tree["metadata"]["name"]
        if name in old:
            if kind == "DELETED" or phase(tree) in {"Succeeded", "Failed"}:
                alive.discard(name)
            return False
        assert not (alive and phase(tree) == "Running")
        return is_ready(tree)

    story.until(ready)


def test_nothing_but_new_pods_is_made_when_history_is_not_kept(of: Speak):
    sets, pods, labels = of("apps/v1/replicasets"), of("v1/pods"), {"name": "cleanup-pod"}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template(labels, "httpd", HTTPD)}
    sets.create({"metadata": {"name": "old", "labels": labels}, "spec": spec})
    pods.until_list(lambda found: [is_ready(pod) for pod in found] == [True])
    since = pods.revision()
    of("apps/v1/deployments").create(deployment("cleanup", 1, labels, AGNHOST, "agnhost", revisionHistoryLimit=0))
    sets.until_gone("old")
    born = [tree["spec"]["containers"][0]["image"] for kind, tree in pods.events(since) if kind == "ADDED"]
    assert born == [AGNHOST]


def test_a_replica_set_that_is_scaled_and_patched(of: Speak):
    sets, labels = of("apps/v1/replicasets"), {"name": "sample-pod", "pod": "httpd"}
    story = Story(sets, "name=sample-pod")
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template(labels, "httpd", HTTPD)}
    sets.create({"metadata": {"name": "test-rs", "labels": labels}, "spec": spec})
    story.until(counts(readyReplicas=1))
    sets.patch("test-rs", {"spec": {"replicas": 2}}, part="scale")
    story.until(counts(readyReplicas=2))
    inner = {"terminationGracePeriodSeconds": 0, "containers": [{"name": "httpd", "image": AGNHOST}]}
    change = {"metadata": {"labels": {"test-rs": "patched"}}, "spec": {"replicas": 3, "template": {"spec": inner}}}
    sets.patch("test-rs", change, "strategic")
    done = story.until(counts(readyReplicas=3))
    assert done["metadata"]["labels"]["test-rs"] == "patched"
    images = [pod["spec"]["containers"][0]["image"] for pod in of("v1/pods").items()]
    assert sorted(images) == [AGNHOST, HTTPD, HTTPD]


def test_a_patch_with_a_field_that_is_not_there(of: Speak):
    sets, labels = of("apps/v1/daemonsets"), {"daemonset-name": "ds"}
    spec = {"selector": {"matchLabels": labels}, "template": template(labels, "app", HTTPD)}
    sets.create({"metadata": {"name": "ds", "labels": labels}, "spec": spec})
    change = {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 1}}}}
    patched = sets.patch("ds", {**change, "updateStrategy": {"type": "RollingUpdate"}}, "strategic")
    assert patched["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 1
    assert "updateStrategy" not in patched


def test_a_stateful_set_whose_patch_adds_a_container(of: Speak):
    sets, pods, labels = of("apps/v1/statefulsets"), of("v1/pods"), {"name": "sample-pod"}
    spec = {"replicas": 1, "serviceName": "test", "selector": {"matchLabels": labels}}
    probe = {"httpGet": {"path": "/index.html", "port": 80}, "periodSeconds": 1, "failureThreshold": 1}
    inner = template(labels, "webserver", HTTPD)
    inner["spec"]["containers"][0]["readinessProbe"] = probe
    sets.create({"metadata": {"name": "test-ss"}, "spec": {**spec, "template": inner}})
    pods.until_list(lambda found: [is_ready(pod) for pod in found] == [True])
    # The patch names the container after the set: it is another one, and the first from then on.
    change = {"TerminationGracePeriodSeconds": 1, "containers": [{"name": "test-ss", "image": PAUSE}]}
    marked = {"metadata": {"labels": {"test-ss": "patched"}}}
    sets.patch("test-ss", {**marked, "spec": {"replicas": 2, "template": {"spec": change}}}, "strategic")
    fresh = sets.get("test-ss")
    assert [each["name"] for each in fresh["spec"]["template"]["spec"]["containers"]] == ["test-ss", "webserver"]
    pods.until_list(lambda found: [is_ready(pod) for pod in found] == [True, True])
    assert sets.everywhere().names(labelSelector="test-ss=patched") == ["test-ss"]
    sets.call("deletecollection", body={"gracePeriodSeconds": 1}, query={"labelSelector": "test-ss=patched"})
    assert sets.everywhere().names(labelSelector="test-ss=patched") == []
