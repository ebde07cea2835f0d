"""The Kubernetes HTTP API in front of a cluster in this process: TLS, identities, documents, watches, streams."""

from kubesim.httpd.server import Options, Server

__all__ = ["Options", "Server"]
