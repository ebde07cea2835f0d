"""The Textual explorer of Kubernetes clusters, and the command line."""
