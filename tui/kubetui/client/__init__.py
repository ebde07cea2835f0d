"""How the explorer reaches a cluster: the port (protocols in wire values), the in-process cluster, a real one."""
