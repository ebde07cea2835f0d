"""Node pressure: what a node is short of, which pods have to go for it, and what the node says about it.

# k8s: pkg/kubelet/eviction
"""

from kubesim.kubelet.eviction.acting import evict, is_critical
from kubesim.kubelet.eviction.rounds import Eviction

__all__ = ["Eviction", "evict", "is_critical"]
