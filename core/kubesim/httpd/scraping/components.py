"""What the control plane tells of itself: the API server, the controller manager and the scheduler."""

import os
import time
from typing import Any

from kubesim.httpd.documents import HEALTH, VERSION
from kubesim.httpd.gate import READS, WRITES
from kubesim.httpd.scraping.families import Family, Sample, one
from kubesim.objects.wire import Gvr, Tree

PRIORITY_LEVELS = Gvr("flowcontrol.apiserver.k8s.io", "v1", "prioritylevelconfigurations")
_STARTED = time.time()


def process() -> list[Family]:
    """What every component says of its process. All of them are this one."""
    spent = os.times()
    found = [
        one("process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds.", _STARTED),
        one("process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.",
            round(spent.user + spent.system, 2)),
        Family("kubernetes_build_info", "gauge",
               "[ALPHA] A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree "
               "state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it "
               "is running.", (Sample(_BUILD, 1),)),
    ]  # fmt: skip
    resident = _resident()
    if resident:
        found.append(one("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", resident))
    return found


_BUILD = {
    name: VERSION[key]
    for name, key in (
        ("major", "major"), ("minor", "minor"), ("git_version", "gitVersion"), ("git_commit", "gitCommit"),
        ("git_tree_state", "gitTreeState"), ("build_date", "buildDate"), ("go_version", "goVersion"),
        ("compiler", "compiler"), ("platform", "platform"),
    )
}  # fmt: skip


def _resident() -> int:
    """Bytes of memory, where the system tells; 0 elsewhere."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


# ---------------------------------------------------------------------- kube-apiserver
def api_server(cluster: Any) -> list[Family]:
    """What the API server knows of its store."""
    store = cluster.store
    tables = [(gvr, store.count(gvr)) for gvr in store.tables()]
    return [
        Family("apiserver_resource_objects", "gauge",
               "[BETA] Number of stored objects at the time of last check split by kind. In case of a fetching error, "
               "the value will be -1.",
               tuple(Sample({"group": gvr.group, "resource": gvr.resource}, count) for gvr, count in tables)),
        Family("apiserver_storage_objects", "gauge",
               "[STABLE] (Deprecated since 1.34.0) Number of stored objects at the time of last check split by kind. "
               "In case of a fetching error, the value will be -1.",
               tuple(Sample({"resource": gvr.qualified}, count) for gvr, count in tables)),
        one("etcd_debugging_store_revision", "gauge", "The revision of the store.", store.revision),
        _seats(store.range(PRIORITY_LEVELS)),
        health("healthz"),
    ]  # fmt: skip


def _seats(levels: list[Tree]) -> Family:
    # k8s: flowcontrol/apf_controller.go, out of all requests that may be under way
    shares: dict[str, int] = {}
    for level in levels:
        spec = level["spec"]
        part = spec.get("limited") or spec.get("exempt") or {}
        shares[level["metadata"]["name"]] = int(part.get("nominalConcurrencyShares") or 0)
    total = sum(shares.values()) or 1
    samples = tuple(
        Sample({"priority_level": name}, -(-(READS + WRITES) * share // total)) for name, share in shares.items()
    )
    return Family("apiserver_flowcontrol_nominal_limit_seats", "gauge",
                  "[BETA] Nominal number of execution seats configured for each priority level", samples)  # fmt: skip


def health(kind: str) -> Family:
    """Which checks are passed; a server that answers passes all of them."""
    return Family("kubernetes_healthcheck", "gauge",
                  "[STABLE] This metric records the result of a single healthcheck.",
                  tuple(Sample({"name": name, "type": kind}, 1) for name in HEALTH[kind]))  # fmt: skip


def service_levels() -> list[Family]:
    """``/metrics/slis``."""
    checks = [(name, kind) for kind in ("healthz", "livez", "readyz") for name in HEALTH[kind]]
    return [
        Family("kubernetes_healthcheck", "gauge",
               "[STABLE] This metric records the result of a single healthcheck.",
               tuple(Sample({"name": name, "type": kind}, 1) for name, kind in checks)),
    ]  # fmt: skip


# ---------------------------------------------------------------------- kube-controller-manager
def manager(cluster: Any, leads: bool) -> list[Family]:
    """What the controller manager knows of its queues."""
    loops = sorted(cluster.controllers(), key=_name_of)
    depth = tuple(Sample({"name": loop.name}, len(loop.queue)) for loop in loops)
    added = tuple(Sample({"name": loop.name}, loop.synced + len(loop.queue)) for loop in loops)
    running = tuple(Sample({"manager": "kube-controller-manager", "name": loop.name}, int(loop.enabled))
                    for loop in loops)  # fmt: skip
    return [
        Family("workqueue_depth", "gauge", "[BETA] Current depth of workqueue", depth),
        Family("workqueue_adds_total", "counter", "[BETA] Total number of adds handled by workqueue", added),
        Family("running_managed_controllers", "gauge",
               "[ALPHA] Indicates where instances of a controller are currently running", running),
        _leadership("kube-controller-manager", leads),
    ]  # fmt: skip


def _name_of(loop: Any) -> str:
    return str(loop.name)


def _leadership(name: str, leads: bool) -> Family:
    return one("leader_election_master_status", "gauge",
               "[ALPHA] Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 "
               "indicates master. 'name' is the string used to identify the lease. Please make sure to group by name.",
               int(leads), {"name": name})  # fmt: skip


# ---------------------------------------------------------------------- kube-scheduler
def scheduler(cluster: Any, leads: bool) -> list[Family]:
    """What the scheduler knows of its queue."""
    # differs: pods in back-off count as active, and gated ones as neither
    waiting = {"active": cluster.scheduler.queue_depth, "unschedulable": cluster.scheduler.unschedulable}
    pending = tuple(Sample({"queue": name}, count) for name, count in waiting.items())
    return [
        Family("scheduler_pending_pods", "gauge",
               "[STABLE] Number of pending pods, by the queue type. 'active' means number of pods in activeQ; "
               "'backoff' means number of pods in backoffQ; 'unschedulable' means number of pods in "
               "unschedulablePods that the scheduler attempted to schedule and failed; 'gated' is the number of "
               "unschedulable pods that the scheduler never attempted to schedule because they are gated.", pending),
        one("scheduler_scheduling_algorithm_cycles_total", "counter", "Scheduling cycles so far.",
            cluster.scheduler.cycles),
        _leadership("kube-scheduler", leads),
    ]  # fmt: skip
