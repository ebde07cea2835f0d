"""Files of the node itself, as hostPath volumes show them in containers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kubesim.objects.wire import Tree

if TYPE_CHECKING:
    from kubesim.kubelet.worker import PodWorker

HOSTS = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\nff02::1\tip6-allnodes\n"
RESOLVER = "nameserver 8.8.8.8\n"


def of_node(worker: "PodWorker") -> dict[str, str]:
    """What every node has in /etc: content by path."""
    agent = worker.agent
    hosts = f"{HOSTS}{agent.host_ip}\t{agent.name}\n"
    return {"/etc/hosts": hosts, "/etc/hostname": f"{agent.name}\n", "/etc/resolv.conf": RESOLVER}


def shown(worker: "PodWorker", container: Tree) -> Mapping[str, str]:
    """The files of the node below the mounts of a container, or mounted by themselves."""
    volumes = {volume["name"]: volume["hostPath"] for volume in worker.pod["spec"].get("volumes") or ()
               if "hostPath" in volume}  # fmt: skip
    if not volumes:
        return {}
    found: dict[str, str] = {}
    known = of_node(worker)
    for mount in container.get("volumeMounts") or ():
        volume = volumes.get(mount["name"])
        if volume is None:
            continue
        below = str(mount.get("subPath") or "").strip("/")
        source = "/".join(filter(None, (str(volume.get("path") or "").rstrip("/"), below)))
        target = mount["mountPath"].rstrip("/")
        for path, text in known.items():
            if path == source:
                found[target] = text
            elif path.startswith(f"{source}/"):
                found[target + path[len(source) :]] = text
    return found
