"""Objects that the conformance tests make again and again."""

from typing import Any

from conformance.ways import Tree

AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.55"
HTTPD = "registry.k8s.io/e2e-test-images/httpd:2.4.38-4"
NEWER_HTTPD = "registry.k8s.io/e2e-test-images/httpd:2.4.39-4"
PAUSE = "registry.k8s.io/pause:3.10"


def pod(name: str, image: str = PAUSE, labels: dict[str, str] | None = None, **spec: Any) -> Tree:
    container = {"name": name, "image": image, **spec.pop("container", {})}
    return {"metadata": {"name": name, "labels": labels or {"name": name}}, "spec": {"containers": [container], **spec}}


def template(app: str, image: str = HTTPD, **spec: Any) -> Tree:
    container = {"name": "app", "image": image, **spec.pop("container", {})}
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container], **spec}}


def workload(name: str, replicas: int | None = None, image: str = HTTPD, **more: Any) -> Tree:
    """A Deployment, ReplicaSet, StatefulSet or DaemonSet."""
    spec: Tree = {"selector": {"matchLabels": {"app": name}}, "template": template(name, image)}
    if replicas is not None:
        spec["replicas"] = replicas
    return {"metadata": {"name": name, "labels": {"app": name}}, "spec": {**spec, **more}}


def controller(name: str, replicas: int, image: str = HTTPD) -> Tree:
    """A ReplicationController."""
    spec = {"replicas": replicas, "selector": {"app": name}, "template": template(name, image)}
    return {"metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


def job(name: str, command: str = "exit 0", **spec: Any) -> Tree:
    container = {"name": "c", "image": "registry.k8s.io/e2e-test-images/busybox:1.36", "command": ["sh", "-c", command]}
    inner = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    return {"metadata": {"name": name}, "spec": {"template": inner, **spec}}


def cron(name: str, command: str = "sleep 300", **spec: Any) -> Tree:
    template_of = {"spec": job(name, command)["spec"]}
    return {"metadata": {"name": name}, "spec": {"schedule": "* * * * *", "jobTemplate": template_of, **spec}}


def service(name: str, app: str, *ports: int, **spec: Any) -> Tree:
    listed = [{"name": f"p{port}", "port": port, "targetPort": port} for port in ports or (80,)]
    return {"metadata": {"name": name}, "spec": {"selector": {"app": app}, "ports": listed, **spec}}


def is_ready(tree: Tree) -> bool:
    conditions = tree.get("status", {}).get("conditions", ())
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)


def phase(tree: Tree) -> str:
    return str(tree.get("status", {}).get("phase", ""))


def controller_of(tree: Tree) -> str:
    """The name of the controller, or ""."""
    owners = tree["metadata"].get("ownerReferences", ())
    return next((owner["name"] for owner in owners if owner.get("controller")), "")
