"""Flows of a shell on a node: a privileged pod there, as ``kubectl debug node`` makes it, and its end."""

from collections.abc import Collection
from typing import Any

from kubesim.objects import tree
from kubesim.objects.wire import PODS, Key, Request
from kubetui.model.flows.steps import AT_ONCE, Done, Flow, Undo, Wait, is_failure, refused

CONTAINER = "debugger"
IMAGE = "busybox:1.37"
STEP_MS = 250
PATIENCE_MS = 60_000


def debug_node(node: str, taken: Collection[str] = ()) -> Flow:
    """Start the pod and wait until it runs; what undoes it is the request that deletes it."""
    number = next(number for number in range(1, len(taken) + 2) if f"node-debugger-{node}-{number}" not in taken)
    key = Key(PODS, "default", f"node-debugger-{node}-{number}")
    response = yield Request("create", key._replace(name=""), "", _pod(key.name, node), note=f"debug node {node}")
    if is_failure(response):
        return refused(response)
    waited, why = 0, ""
    while waited < PATIENCE_MS:
        response = yield Request("get", key)
        if is_failure(response):
            return refused(response)
        if tree.get(response.body, "status.phase", "") == "Running":
            undo = Undo(f"debug node {node}", (Request("delete", key, "", AT_ONCE),))
            return Done(f"Creating debugging pod {key.name} with container {CONTAINER} on node {node}.", undo)
        why = _waiting(response.body)
        yield Wait(STEP_MS)
        waited += STEP_MS
    yield Request("delete", key, "", AT_ONCE)
    return Done(f"the pod on {node} does not start: {why or 'the kubelet does not answer'}", failed=True)


def forget(key: Key) -> Flow:
    """Delete the pod."""
    response = yield Request("delete", key, "", AT_ONCE, note=f"end {key.name}")
    if is_failure(response) and response.code != 404:
        return refused(response)
    return Done(f'pod "{key.name}" deleted')


def _waiting(pod: Any) -> str:
    statuses = tree.get(pod, "status.containerStatuses", ()) or ()
    return str(tree.get(statuses[0], "state.waiting.reason", "") or "") if statuses else ""


def _pod(name: str, node: str) -> dict[str, Any]:
    # k8s: kubectl/pkg/cmd/debug generateNodeDebugPod with the profile general, and busybox to live in.
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app.kubernetes.io/managed-by": "kubetui"}},
        "spec": {
            "nodeName": node,
            "hostIPC": True,
            "hostNetwork": True,
            "hostPID": True,
            "restartPolicy": "Never",
            "tolerations": [{"operator": "Exists"}],
            "containers": [
                {
                    "name": CONTAINER,
                    "image": IMAGE,
                    "command": ["sleep", "86400"],
                    "stdin": True,
                    "tty": True,
                    "securityContext": {"privileged": True},
                    "volumeMounts": [{"name": "host-root", "mountPath": "/host"}],
                }
            ],
            "volumes": [{"name": "host-root", "hostPath": {"path": "/"}}],
        },
    }
