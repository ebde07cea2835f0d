"""The flows, the descriptions and the port-forwards against a whole simulated cluster."""

import asyncio

import pytest

from kubesim.cluster import Cluster
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import NODES, PODS, SERVICES, Gvr, Key, Request
from kubetui.client.forwarding import Forwarder
from kubetui.client.local import LocalClient
from kubetui.model import describe, editing, flows
from kubetui.model.forwards import parse_mapping

DEPLOYMENTS = Gvr("apps", "v1", "deployments")
WEB = Key(DEPLOYMENTS, "default", "web")
SERVICE = Key(SERVICES, "default", "web")
KINDS = {("apps/v1", "Deployment"): (DEPLOYMENTS, True), ("v1", "Service"): (SERVICES, True)}
MANIFESTS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: app
        image: nginx:1.25
        ports: [{containerPort: 80, name: http}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 8000, targetPort: http}]
"""


class World:
    """A cluster whose time moves only when a flow waits, or a test says so."""

    def __init__(self):
        self.cluster = Cluster()
        for name in ("wk-1", "wk-2", "wk-3"):
            self.cluster.add_node(NodeSpec(name))
        self.client = LocalClient(self.cluster)
        self.client.time.pause()
        self.said = []

    async def run(self, flow, then_ms=0):
        async def wait(ms):
            self.cluster.advance(ms)

        done = await flows.drive(flow, self.client.send, wait, self.said.append)
        self.cluster.advance(then_ms)
        return done

    async def get(self, key, verb="get"):
        return (await self.client.send(Request(verb, key))).body

    async def described(self, key):
        obj = await self.get(key)
        requests = describe.related_requests(obj)
        responses = [await self.client.send(request) for request in requests]
        return describe.describe(obj, describe.gather(requests, responses), self.client.now())

    async def pods(self):
        return (await self.get(Key(PODS, "default"), "list"))["items"]


@pytest.fixture
async def world():
    world = World()
    world.cluster.advance(3000)
    done = await world.run(flows.apply_manifests(editing.parse_all(MANIFESTS), KINDS), 20_000)
    assert done.message == "2 objects applied"
    yield world
    await world.client.close()


async def test_applying_again_changes_nothing(world):
    done = await world.run(flows.apply_manifests(editing.parse_all(MANIFESTS), KINDS))
    assert world.said[-2:] == ["deployment.apps/web unchanged", "service/web unchanged"]
    assert done.undo is None


async def test_scale_and_undo(world):
    done = await world.run(flows.scale(WEB, 5), 10_000)
    assert done.message == "deployment.apps/web scaled: 3 → 5"
    assert "5 desired | 5 updated | 5 total | 5 available" in await world.described(WEB)
    await world.run(flows.undo_flow(done.undo), 40_000)
    assert len(await world.pods()) == 3


async def test_set_image_and_roll_back(world):
    await world.run(flows.set_image(WEB, {"app": "nginx:1.26"}), 60_000)
    assert "nginx:1.26" in await world.described(WEB)
    done = await world.run(flows.rollback(WEB), 60_000)
    assert done.message == "deployment.apps/web rolled back"
    assert "nginx:1.25" in await world.described(WEB)
    assert (await world.run(flows.rollback(WEB, 9))).message == "unable to find specified revision 9 in history"


async def test_drain_moves_the_pods_and_says_so(world):
    node = (await world.pods())[0]["spec"]["nodeName"]
    done = await world.run(flows.drain(node), 30_000)
    assert done.message == f"node/{node} drained"
    assert f"node/{node} cordoned" in world.said
    assert any(line.startswith("evicting pod default/web-") for line in world.said)
    assert node not in {pod["spec"].get("nodeName") for pod in await world.pods()}
    await world.run(flows.undo_flow(done.undo))
    assert "Unschedulable:      false" in await world.described(Key(NODES, "", node))


async def test_crash_and_restore_a_node(world):
    done = await world.run(flows.crash_node("wk-2"), 70_000)
    assert "Kubelet stopped posting node status." in await world.described(Key(NODES, "", "wk-2"))
    assert (await world.run(flows.restore_node("wk-2"), 60_000)).message == "fault nodecrash-wk-2 ended"
    assert "KubeletReady" in await world.described(Key(NODES, "", "wk-2"))
    assert done.undo is not None


async def test_deleted_and_brought_back(world):
    done = await world.run(flows.delete([WEB]), 40_000)
    assert await world.pods() == []
    assert not (await world.run(flows.undo_flow(done.undo), 20_000)).failed
    assert len(await world.pods()) == 3


async def test_an_edit_that_meets_another_change(world):
    original = await world.get(WEB)
    edited = editing.parse(editing.editable(original).replace("replicas: 3", "replicas: 4", 1))
    await world.run(flows.set_image(WEB, {"app": "nginx:1.26"}))
    done = await world.run(flows.apply_edited(WEB, original, editing.restore(edited, original)))
    assert done.message == "deployment.apps/web edited"
    spec = (await world.get(WEB))["spec"]
    assert (spec["replicas"], spec["template"]["spec"]["containers"][0]["image"]) == (4, "nginx:1.26")


async def test_a_bad_edit_names_its_line(world):
    original = await world.get(WEB)
    text = editing.editable(original).replace("replicas: 3", "replicas: 3\n  replcas: 4", 1)
    edited = editing.restore(editing.parse(text), original)
    found = editing.problems(await world.client.send(flows.check_edited(WEB, edited)), text)
    assert 'unknown field "spec.replcas"' in found[0].message
    assert text.splitlines()[found[0].line - 1].strip() == "replcas: 4"


async def test_every_kind_that_exists_can_be_described(world):
    described = 0
    for resource in world.client.resources():
        for obj in ((await world.get(Key(resource.gvr), "list")).get("items") or ())[:2]:
            metadata = obj["metadata"]
            text = await world.described(Key(resource.gvr, metadata.get("namespace", ""), metadata["name"]))
            assert text.startswith("Name:")
            described += 1
    assert described > 15


async def ask(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return await asyncio.wait_for(reader.read(4000), 5)
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_browser_reaches_a_pod_and_follows_the_service(world):
    forwarder = Forwarder(world.client, check_seconds=3600)
    try:
        forward = await forwarder.open(SERVICE, parse_mapping(":8000"))
        assert (await ask(forward.local_port)).startswith(b"HTTP/1.1 200 OK")
        first = forward.endpoint.pod
        await world.run(flows.kill([Key(PODS, "default", first)]), 20_000)
        await forwarder.check()
        assert forward.endpoint.pod != first
        assert (await ask(forward.local_port)).startswith(b"HTTP/1.1 200 OK")
        await world.run(flows.scale(WEB, 0), 60_000)
        await forwarder.check()
        assert forward.sign == "!"
        assert "has no ready endpoint" in forward.last_error
    finally:
        await forwarder.close()
