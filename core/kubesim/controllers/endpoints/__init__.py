"""The loops that follow Services: Endpoints, EndpointSlices, and the slices of Endpoints that people keep themselves.

The first two are told of pods by ``backlog``: a pod event marks the pod dirty for the Services that select it, and a
sync looks at dirty pods only. The first change of a Service is synced at once, what follows within half a second is
gathered.
"""

from kubesim.controllers.endpoints.legacy import EndpointsController
from kubesim.controllers.endpoints.mirroring import EndpointSliceMirroringController
from kubesim.controllers.endpoints.slices import EndpointSliceController

__all__ = ["EndpointSliceController", "EndpointSliceMirroringController", "EndpointsController"]
