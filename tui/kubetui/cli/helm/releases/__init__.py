"""The commands about releases: they work in the cluster that the kubeconfig names."""
