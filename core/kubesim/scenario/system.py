"""What kubeadm puts into a new cluster: static pods of the control plane, CoreDNS, the endpoints of the API."""

from collections.abc import Iterator
from typing import Any

from kubesim.kubelet.node import NodeSpec

VERSION = "v1.37.0"
DNS_ADDRESS = "10.96.0.10"

_CONTROL_PLANE = (
    ("etcd", "registry.k8s.io/etcd:3.6.5-0", "100m", "100Mi", 2379),
    ("kube-apiserver", f"registry.k8s.io/kube-apiserver:{VERSION}", "250m", "", 6443),
    ("kube-controller-manager", f"registry.k8s.io/kube-controller-manager:{VERSION}", "200m", "", 10257),
    ("kube-scheduler", f"registry.k8s.io/kube-scheduler:{VERSION}", "100m", "", 10259),
)
IMAGES = tuple(image for _, image, *_ in _CONTROL_PLANE)
"""What a control-plane node has before it starts."""
PROXY_IMAGE = f"registry.k8s.io/kube-proxy:{VERSION}"
"""What every node has before it starts."""


def static_pods(node: NodeSpec, uid: str) -> Iterator[dict[str, Any]]:
    """The mirror pods that the kubelet of a control-plane node makes of its manifests; ``uid`` is the Node's."""
    owner = {"apiVersion": "v1", "kind": "Node", "name": node.name, "uid": uid, "controller": True}
    for name, image, cpu, memory, port in _CONTROL_PLANE:
        requests = {"cpu": cpu, "memory": memory} if memory else {"cpu": cpu}
        yield {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"{name}-{node.name}",
                "namespace": "kube-system",
                "labels": {"component": name, "tier": "control-plane"},
                "annotations": {
                    "kubernetes.io/config.hash": uid.replace("-", ""),
                    "kubernetes.io/config.mirror": uid.replace("-", ""),
                    "kubernetes.io/config.source": "file",
                },
                "ownerReferences": [owner],
            },
            "spec": {
                "nodeName": node.name,
                "hostNetwork": True,
                "priorityClassName": "system-node-critical",
                "priority": 2_000_001_000,
                "enableServiceLinks": True,
                "tolerations": [{"effect": "NoExecute", "operator": "Exists"}],
                "containers": [
                    {
                        "name": name,
                        "image": image,
                        "command": [name],
                        "ports": [{"containerPort": port}],
                        "resources": {"requests": requests},
                    }
                ],
            },
        }


def objects(api_server_address: str) -> list[dict[str, Any]]:
    """The endpoints of the API itself, and CoreDNS."""
    labels = {"k8s-app": "kube-dns"}
    ports = [
        {"name": "dns", "protocol": "UDP", "containerPort": 53},
        {"name": "dns-tcp", "protocol": "TCP", "containerPort": 53},
        {"name": "metrics", "protocol": "TCP", "containerPort": 9153},
    ]
    container = {
        "name": "coredns",
        "image": "registry.k8s.io/coredns/coredns:v1.13.1",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": ports,
        "resources": {"limits": {"memory": "170Mi"}, "requests": {"cpu": "100m", "memory": "70Mi"}},
    }
    spec = {
        "serviceAccountName": "coredns",
        "priorityClassName": "system-cluster-critical",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [
            {"key": "CriticalAddonsOnly", "operator": "Exists"},
            {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
        ],
        "dnsPolicy": "Default",
        "containers": [container],
    }
    return [
        *_api_endpoints(api_server_address),
        INGRESS_CLASS,
        STORAGE_CLASS,
        *_proxies(),
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "coredns", "namespace": "kube-system"}},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "coredns", "namespace": "kube-system"},
            "data": {"Corefile": COREFILE},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "coredns", "namespace": "kube-system", "labels": labels},
            "spec": {
                "replicas": 2,
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": spec},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": "kube-dns",
                "namespace": "kube-system",
                "labels": {**labels, "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"},
            },
            "spec": {
                "clusterIP": DNS_ADDRESS,
                "selector": labels,
                "ports": [
                    {"name": "dns", "port": 53, "protocol": "UDP"},
                    {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
                    {"name": "metrics", "port": 9153, "protocol": "TCP"},
                ],
            },
        },
    ]


def _proxies() -> list[dict[str, Any]]:
    """kube-proxy on every node, as kubeadm installs it. # k8s: cmd/kubeadm/app/phases/addons/proxy/manifests.go."""
    labels = {"k8s-app": "kube-proxy"}
    mounted = ("kube-proxy", "xtables-lock", "lib-modules")
    paths = ("/var/lib/kube-proxy", "/run/xtables.lock", "/lib/modules")
    container = {
        "name": "kube-proxy",
        "image": PROXY_IMAGE,
        "command": [
            "/usr/local/bin/kube-proxy",
            "--config=/var/lib/kube-proxy/config.conf",
            "--hostname-override=$(NODE_NAME)",
        ],
        "env": [{"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
        "securityContext": {"privileged": True},
        "volumeMounts": [{"name": name, "mountPath": path} for name, path in zip(mounted, paths, strict=True)],
    }
    spec = {
        "serviceAccountName": "kube-proxy",
        "priorityClassName": "system-node-critical",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "hostNetwork": True,
        "tolerations": [{"operator": "Exists"}],
        "containers": [container],
        "volumes": [
            {"name": "kube-proxy", "configMap": {"name": "kube-proxy"}},
            {"name": "xtables-lock", "hostPath": {"path": "/run/xtables.lock", "type": "FileOrCreate"}},
            {"name": "lib-modules", "hostPath": {"path": "/lib/modules"}},
        ],
    }
    space = {"name": "kube-proxy", "namespace": "kube-system"}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": space},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {**space, "labels": {"app": "kube-proxy"}},
            "data": {"config.conf": PROXY_CONFIG},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {**space, "labels": labels},
            "spec": {
                "selector": {"matchLabels": labels},
                "updateStrategy": {"type": "RollingUpdate"},
                "template": {"metadata": {"labels": labels}, "spec": spec},
            },
        },
    ]


PROXY_CONFIG = """\
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
bindAddress: 0.0.0.0
clusterCIDR: 10.244.0.0/16
mode: nftables
"""

INGRESS_CLASS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "IngressClass",
    "metadata": {
        "name": "nginx",
        "labels": {
            "app.kubernetes.io/component": "controller",
            "app.kubernetes.io/instance": "ingress-nginx",
            "app.kubernetes.io/name": "ingress-nginx",
        },
    },
    "spec": {"controller": "k8s.io/ingress-nginx"},
}
"""The class of the ingress controller that every cluster has here. # differs: kubeadm brings none."""

STORAGE_CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    "provisioner": "disk.csi.kubetui.dev",
    "reclaimPolicy": "Delete",
    "volumeBindingMode": "WaitForFirstConsumer",
    "allowVolumeExpansion": True,
}
"""Network disks for claims that name no class. # differs: kubeadm brings none; kind and minikube do."""


def _api_endpoints(address: str) -> list[dict[str, Any]]:
    # k8s: pkg/controlplane/reconcilers; the API server itself keeps these, there is no selector
    ports = [{"name": "https", "port": 6443, "protocol": "TCP"}]
    return [
        {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": {
                "name": "kubernetes",
                "namespace": "default",
                "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"},
            },
            "subsets": [{"addresses": [{"ip": address}], "ports": ports}],
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": "kubernetes",
                "namespace": "default",
                "labels": {"kubernetes.io/service-name": "kubernetes"},
            },
            "addressType": "IPv4",
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
            "ports": ports,
        },
    ]


COREFILE = """.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
"""
