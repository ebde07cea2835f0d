"""Loads sample clusters: reads cluster.yaml and manifests, builds the cluster, applies the manifests as Requests."""
