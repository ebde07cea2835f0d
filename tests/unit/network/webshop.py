"""Objects of a small shop for the tests of the network."""

from typing import Any

from building import create
from kubesim.cluster import Cluster
from kubesim.objects.wire import PODS, Key, Request


def deployment(name: str, port: int = 8080, replicas: int = 2, image: str = "", **container: Any) -> dict[str, Any]:
    """A Deployment whose pods serve on a port."""
    labels = {"app": name}
    one = {"name": name, "image": image or f"ghcr.io/acme/{name}:1", **container}
    if port:
        one["ports"] = [{"name": "http", "containerPort": port}]
    template = {"metadata": {"labels": labels}, "spec": {"containers": [one]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def service(name: str, target: int | str = "http", selector: str = "", **spec: Any) -> dict[str, Any]:
    """A Service on port 80."""
    body = {
        "selector": {"app": selector or name},
        "ports": [{"name": "http", "port": 80, "targetPort": target}],
        **spec,
    }
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": body}


def policy(name: str, selector: dict[str, str], **spec: Any) -> dict[str, Any]:
    """A NetworkPolicy for pods with these labels."""
    body = {"podSelector": {"matchLabels": selector}, **spec}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": body}


def shop(cluster: Cluster, *more: dict[str, Any]) -> None:
    """web (two pods behind a Service) and a client, and what else is wanted; all up and running."""
    create(cluster, deployment("web"))
    create(cluster, service("web"))
    create(cluster, deployment("client", 0, 1, "busybox:1.37", command=["sleep", "infinity"]))
    for tree in more:
        create(cluster, tree)
    cluster.advance(15_000)


def pod_of(cluster: Cluster, app: str, number: int = 0) -> str:
    """The name of a pod of an app."""
    found = [pod for pod in cluster.store.range(PODS, "default") if pod["metadata"]["labels"].get("app") == app]
    return str(found[number]["metadata"]["name"])


def run(cluster: Cluster, app: str, line: str) -> tuple[int, str, int]:
    """A command line in a pod of an app: exit code, output, milliseconds."""
    done = cluster.kubelets.execute("default", pod_of(cluster, app), "", ("sh", "-c", line))
    return done.code, done.output, done.millis


def delete(cluster: Cluster, gvr: Any, name: str, namespace: str = "default") -> None:
    """Delete an object as a person would."""
    response = cluster.handle(Request("delete", Key(gvr, namespace, name)))
    assert response.code < 300, response.body
