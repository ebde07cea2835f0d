"""sig-node, Container Lifecycle Hook and PreStop: commands and pages by which another pod is told."""

import json
from urllib.parse import quote

import pytest

from conformance.conftest import Speak
from conformance.manifests import phase
from conformance.podwork import NGINX, PAUSE_IMAGE, agnhost, busybox, log, ready, secure, single, until
from conformance.ways import Api, Local, Remote, Tree

HANDLER = "container-handle-http-request"
ECHO = {"postStart": "echo?msg=poststart", "preStop": "echo?msg=prestop"}


def hook(way: str, moment: str, address: str) -> Tree:
    if way == "exec":
        return {"exec": {"command": ["sh", "-c", f"curl http://{address}:8080/{ECHO[moment]}"]}}
    path = f"/dial?host={address}&port=8080&request={quote(ECHO[moment], safe='')}"
    found = {"path": path, "port": 8080}
    return {"httpGet": found if way == "http" else {**found, "scheme": "HTTPS"}}


@pytest.mark.parametrize("moment", ["postStart", "preStop"])
@pytest.mark.parametrize("way", ["exec", "http", "https"])
def test_hooks(api: Api, of: Speak, namespace: str, way: str, moment: str):
    secure(of, namespace, "baseline")
    field = {"key": "metadata.name", "operator": "In", "values": ["node-1"]}
    term = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    place = {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": term}}}
    server = agnhost("netexec", name=HANDLER, securityContext={})
    address = ready(of, single("pod-handle-http-request", server, **place))["status"]["podIP"]
    arguments = ["netexec", "--udp-port", "-1"]
    if way == "https":
        arguments += ["--tls-cert-file", "/localhost.crt", "--tls-private-key-file", "/localhost.key"]
    scheme = "HTTPS" if way == "https" else "HTTP"
    startup = {"httpGet": {"scheme": scheme, "path": "/echo?msg=startup", "port": 8080}}
    sidecar = agnhost(*arguments, name="container-redirect", restartPolicy="Always", startupProbe=startup)
    lifecycle = {moment: hook(way, moment, address)}
    own = agnhost(lifecycle=lifecycle) if way == "exec" else {"image": PAUSE_IMAGE, "lifecycle": lifecycle}
    where = {} if way == "exec" else place
    ready(of, single("hooked", own, initContainers=[sidecar], **where))

    def told() -> bool:
        return f"GET /{ECHO[moment]}" in log(api, namespace, "pod-handle-http-request", HANDLER)

    if moment == "postStart":
        until(api, told)
    else:
        assert not told()
    pods = of("v1/pods")
    pods.delete("hooked", gracePeriodSeconds=15)
    pods.until_gone("hooked")
    if moment == "preStop":
        until(api, told, 30)


def received(api: Api, namespace: str) -> Tree:
    """What the server has heard, asked over the proxy of the API server where there is one."""
    if isinstance(api, Local):
        line = b"GET /read HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n"
        raw = api.cluster.kubelets.connect(namespace, "server", 8080).feed(line)
        return dict(json.loads(raw.partition(b"\r\n\r\n")[2])["Received"] or {})
    assert isinstance(api, Remote)
    reply = api.served.send("GET", f"/api/v1/namespaces/{namespace}/pods/server/proxy/read")
    assert reply.status == 200, reply.data
    return dict(reply.json["Received"] or {})


def test_a_pod_says_that_it_is_killed(api: Api, of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    pods = of("v1/pods")
    address = ready(of, single("server", agnhost("nettest", ports=[{"containerPort": 8080}])))["status"]["podIP"]
    said = ["wget", "-O-", '--post-data={"Source": "prestop"}', f"http://{address}:8080/write"]
    tester = busybox("sleep", "600", lifecycle={"preStop": {"exec": {"command": said}}})
    pods.create(single("tester", tester))
    pods.until("tester", lambda tree: phase(tree) == "Running")
    assert received(api, namespace) == {}
    pods.delete("tester")
    until(api, lambda: received(api, namespace).get("prestop"), 60)
    pods.until_gone("tester")


def test_a_hook_that_never_ends_is_cut_off(of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    pods = of("v1/pods")
    endless = {"preStop": {"exec": {"command": ["sh", "-c", "while true; do echo preStop; sleep 1; done"]}}}
    pods.create(single("pod-prestop-hook", {"image": NGINX, "lifecycle": endless}))
    pods.until("pod-prestop-hook", lambda tree: phase(tree) == "Running")
    pods.delete("pod-prestop-hook", gracePeriodSeconds=30)
    pods.api.wait(20)
    assert phase(pods.get("pod-prestop-hook")) == "Running"
    pods.until_gone("pod-prestop-hook", seconds=60)
