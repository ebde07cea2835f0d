"""Real sockets on 127.0.0.1 for what a cluster exposes: its Ingresses, node ports and load balancers."""

from kubesim.httpd.listeners.listeners import Listeners, Ports

__all__ = ["Listeners", "Ports"]
