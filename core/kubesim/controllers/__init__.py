"""kube-controller-manager: one module or package, one duty; none imports another.

Every controller is built as ``X(loop, hub, client)``: the constructor registers the handlers and reads what is there
already, so that a controller can start on any state. ``.controller`` is its driver, with queue and last error. The pure
halves (plan, status, ranking ...) take trees and the present, and return trees or decisions.
"""
