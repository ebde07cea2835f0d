"""What must hold in any cluster at any quiet moment; checked after every test that uses the ``cluster`` fixture."""

from collections import Counter

from kubesim.cluster import Cluster
from kubesim.objects import pods as pod_facts
from kubesim.objects import quantities, selectors
from kubesim.objects.wire import ENDPOINTSLICES, NODES, PODS, SERVICES


def broken_invariants(cluster: Cluster) -> list[str]:
    """Every invariant that does not hold, in words."""
    return [
        *nodes_are_not_overcommitted(cluster),
        *addresses_are_unique(cluster),
        *dependents_have_owners(cluster),
        *endpoints_match_pods(cluster),
        *revisions_are_consistent(cluster),
    ]


def _active(cluster: Cluster) -> list:
    return [pod for pod in cluster.store.iterate(PODS) if pod["status"].get("phase") not in ("Succeeded", "Failed")]


def nodes_are_not_overcommitted(cluster: Cluster) -> list[str]:
    found = []
    for node in cluster.store.iterate(NODES):
        name = node["metadata"]["name"]
        used: Counter[str] = Counter()
        for pod in _active(cluster):
            if pod["spec"].get("nodeName") == name:
                used["pods"] += 1
                used.update(pod_facts.requests(pod))
        for resource, amount in used.items():
            if resource not in node["status"]["allocatable"]:
                continue
            text = node["status"]["allocatable"][resource]
            limit = quantities.milli(text) if resource == "cpu" else quantities.value(text)
            if amount > limit:
                found.append(f"node {name} has {amount} {resource} requested of {limit}")
    return found


def addresses_are_unique(cluster: Cluster) -> list[str]:
    pods = Counter(
        pod["status"]["podIP"]
        for pod in _active(cluster)
        if pod["status"].get("podIP") and not pod["spec"].get("hostNetwork")
    )
    services = Counter(
        service["spec"]["clusterIP"]
        for service in cluster.store.iterate(SERVICES)
        if service["spec"].get("clusterIP") not in (None, "", "None")
    )
    ports = Counter(
        port["nodePort"]
        for service in cluster.store.iterate(SERVICES)
        for port in service["spec"].get("ports") or ()
        if port.get("nodePort")
    )
    return [
        f"{what} is given twice" for counts in (pods, services, ports) for what, count in counts.items() if count > 1
    ]


def dependents_have_owners(cluster: Cluster) -> list[str]:
    alive = {tree["metadata"]["uid"] for gvr in cluster.store.tables() for tree in cluster.store.iterate(gvr)}
    return [
        f"{gvr.resource} {tree['metadata']['name']} has lost its owner"
        for gvr in cluster.store.tables()
        for tree in cluster.store.iterate(gvr)
        if tree["metadata"].get("ownerReferences") and not tree["metadata"].get("deletionTimestamp")
        if not any(owner["uid"] in alive for owner in tree["metadata"]["ownerReferences"])
    ]


def endpoints_match_pods(cluster: Cluster) -> list[str]:
    """Every ready endpoint is a ready pod of its service, and every ready pod of a service is an endpoint."""
    found = []
    for service in cluster.store.iterate(SERVICES):
        wanted = service["spec"].get("selector")
        if not wanted:
            continue
        namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
        selector = selectors.from_map(wanted)
        ready = {
            pod["metadata"]["name"]
            for pod in cluster.store.iterate(PODS, namespace)
            if selector.matches(pod["metadata"].get("labels") or {})
            and pod_facts.is_ready(pod)
            and not pod["metadata"].get("deletionTimestamp")
            and pod["status"].get("podIP")
        }
        listed = {
            endpoint["targetRef"]["name"]
            for tree in cluster.store.iterate(ENDPOINTSLICES, namespace)
            if (tree["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == name
            for endpoint in tree.get("endpoints") or ()
            if endpoint["conditions"].get("ready") and endpoint.get("targetRef")
        }
        if ready != listed and not service["spec"].get("publishNotReadyAddresses"):
            found.append(f"service {name}: ready pods {sorted(ready)}, ready endpoints {sorted(listed)}")
    return found


def revisions_are_consistent(cluster: Cluster) -> list[str]:
    newest = max(
        (
            int(tree["metadata"]["resourceVersion"])
            for gvr in cluster.store.tables()
            for tree in cluster.store.iterate(gvr)
        ),
        default=0,
    )
    return [] if newest <= cluster.store.revision else [f"an object has revision {newest} of {cluster.store.revision}"]
