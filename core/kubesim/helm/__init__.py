"""Helm inside the simulator: charts, values, the Go template language with all functions, manifests and releases."""
