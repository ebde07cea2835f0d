"""The explorer's client of a cluster behind HTTPS: live tables, watches, logs, commands and port-forwards over HTTP."""

from kubetui.client.attached.client import AttachedClient, attached

__all__ = ["AttachedClient", "attached"]
