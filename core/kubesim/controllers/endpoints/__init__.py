"""The two loops that follow Services: endpoint-controller (Endpoints) and endpoint-slice-controller (EndpointSlices).

Both are told of pods by ``backlog``: a pod event marks the pod dirty for the Services that select it, and a sync looks
at dirty pods only. The first change of a Service is synced at once, what follows within half a second is gathered.
"""

from kubesim.controllers.endpoints.legacy import EndpointsController
from kubesim.controllers.endpoints.slices import EndpointSliceController

__all__ = ["EndpointSliceController", "EndpointsController"]
