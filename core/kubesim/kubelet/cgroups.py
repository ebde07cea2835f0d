"""What a container sees of its own limits: the files of its control group, and how soon it is killed for memory."""

from kubesim.objects import pods, quantities
from kubesim.objects.wire import EMPTY, Tree

FOLDER = "/sys/fs/cgroup"
PERIOD = 100_000
MIN_QUOTA = 1_000
MIN_SHARES, MAX_SHARES = 2, 262_144
MAX_WEIGHT = 9_999
GUARANTEED, BEST_EFFORT = -997, 1_000
MIN_BURSTABLE = 3


def files(container: Tree, quality: str, capacity: int) -> dict[str, str]:
    """Path to content, version 2 of control groups; ``capacity`` is the memory of the node in bytes."""
    resources: Tree = container.get("resources") or EMPTY
    limits, requests = resources.get("limits") or EMPTY, resources.get("requests") or EMPTY
    memory = quantities.value(limits["memory"]) if "memory" in limits else 0
    cpu = quantities.milli(limits["cpu"]) if "cpu" in limits else 0
    wanted = quantities.milli(requests["cpu"]) if "cpu" in requests else cpu
    asked = quantities.value(requests["memory"]) if "memory" in requests else 0
    return {
        f"{FOLDER}/memory.max": f"{memory or 'max'}\n",
        f"{FOLDER}/cpu.max": f"{max(MIN_QUOTA, cpu * PERIOD // 1000) if cpu else 'max'} {PERIOD}\n",
        f"{FOLDER}/cpu.weight": f"{weight(wanted)}\n",
        "/proc/1/oom_score_adj": f"{score(quality, asked, capacity)}\n",
    }


def weight(milli: int) -> int:
    """The weight of so many thousandths of a core."""
    # k8s: cm.MilliCPUToShares, and the conversion of shares to version 2
    shares = min(MAX_SHARES, max(MIN_SHARES, milli * 1024 // 1000))
    return 1 + (shares - MIN_SHARES) * MAX_WEIGHT // (MAX_SHARES - MIN_SHARES)


def score(quality: str, asked: int, capacity: int) -> int:
    """What is added to the badness of a process."""
    # k8s: GetContainerOOMScoreAdjust of the kubelet
    if quality == pods.GUARANTEED:
        return GUARANTEED
    if quality != pods.BURSTABLE or not capacity:
        return BEST_EFFORT
    return min(BEST_EFFORT - 1, max(MIN_BURSTABLE, BEST_EFFORT - BEST_EFFORT * asked // capacity))
