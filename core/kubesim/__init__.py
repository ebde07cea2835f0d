"""A Kubernetes cluster as a library: deterministic, in one process, with virtual time."""
