"""Prometheus metrics of the API server, the controller manager, the scheduler and the kubelets, out of real counts."""
