"""A real or simulated cluster behind HTTPS, found through kubeconfig files as kubectl and helm find it."""

from kubetui.client.remote.discovery import Discovery
from kubetui.client.remote.kubeconfig import Access, ConfigError, Overrides, load
from kubetui.client.remote.transport import RemoteClient, UnreachableError

__all__ = ["Access", "ConfigError", "Discovery", "Overrides", "RemoteClient", "UnreachableError", "load"]
