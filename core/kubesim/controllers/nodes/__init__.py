"""The loops that watch over nodes: node lifecycle, taint eviction, and the ttl annotation.

The lifecycle controller hears heartbeats (leases and statuses), turns silence into Unknown conditions, conditions into
NoSchedule taints, and, zone by zone at a limited rate, into NoExecute taints. The taint eviction controller deletes the
pods that do not tolerate NoExecute taints, in their time.
"""

from kubesim.controllers.nodes.lifecycle import NodeLifecycleController
from kubesim.controllers.nodes.taint_eviction import TaintEvictionController
from kubesim.controllers.nodes.ttl import TtlController

__all__ = ["NodeLifecycleController", "TaintEvictionController", "TtlController"]
