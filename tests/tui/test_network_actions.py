"""Traces and traffic from the explorer: the flow, the dialog, and the columns of the Services pane."""

import asyncio
from typing import Any

import pytest
from textual.app import App
from textual.widgets import Input, Static

from building import create
from kubesim.cluster import Cluster
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.wire import LOADS, SERVICES, Key, Request
from kubetui.client.local import LocalClient
from kubetui.client.port import Trace, TraceHop
from kubetui.model import columns, flows
from kubetui.model.flows import traffic
from kubetui.model.flows.traffic import Traffic, parse, typed
from kubetui.model.usage import Facts
from kubetui.panes.dialogs.trace import TraceDialog, shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("200", ("ns", "", {"requestsPerSecond": 200})),
        ("web 12.5", ("ns", "web", {"requestsPerSecond": 12.5})),
        ("svc/web 200", ("ns", "web", {"requestsPerSecond": 200})),
        ("svc/shop/web 200", ("shop", "web", {"requestsPerSecond": 200})),
        ("off", ("ns", "", None)),
        ("web off", ("ns", "web", None)),
        (
            "web ramp 10 200 5m",
            ("ns", "web", {"curve": {"type": "Ramp", "from": 10, "to": 200, "durationSeconds": 300}}),
        ),
        ("sine 10 200 90s", ("ns", "", {"curve": {"type": "Sine", "min": 10, "max": 200, "periodSeconds": 90}})),
    ],
)
def test_what_can_be_typed(text, expected):
    assert tuple(traffic.parse(text, "ns")) == expected


@pytest.mark.parametrize("text", ["", "web", "web many", "web ramp 1 2", "web -5", "web 1 2", "web ramp 1 2 soon"])
def test_what_cannot(text):
    with pytest.raises(ValueError, match=r"load|\S"):
        traffic.parse(text, "ns")


def small() -> Cluster:
    cluster = Cluster()
    cluster.add_node(NodeSpec("wk-1"))
    labels = {"app": "web"}
    container = {"name": "c", "image": "ghcr.io/acme/web:1", "ports": [{"containerPort": 8080}]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    create(cluster, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
                     "spec": {"selector": {"matchLabels": labels}, "template": template}})  # fmt: skip
    create(cluster, {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
                     "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]}})  # fmt: skip
    cluster.advance(20_000)
    return cluster


def drive(cluster: Cluster, client: LocalClient, flow: Any) -> flows.Done:
    async def wait(ms: int) -> None:
        cluster.advance(ms)

    return asyncio.run(flows.drive(flow, client.send, wait, str))


def test_traffic_is_put_on_a_service_changed_and_taken_away():
    cluster = small()
    client = LocalClient(cluster)
    client.time.pause()
    wanted = Traffic("default", "web", {"requestsPerSecond": 30})
    done = drive(cluster, client, flows.load(wanted))
    assert (done.message, done.failed) == ("30 requests/s on default/web", False)
    curve = {"curve": {"type": "Ramp", "from": 1, "to": 5, "durationSeconds": 60}}
    changed = drive(cluster, client, flows.load(wanted._replace(spec=curve)))
    spec = cluster.store.get(LOADS, "default", "web")["spec"]
    assert spec == {"service": "web", **curve}
    assert changed.undo is not None
    drive(cluster, client, flows.undo_flow(changed.undo))
    assert cluster.store.get(LOADS, "default", "web")["spec"] == {"service": "web", "requestsPerSecond": 30}
    ended = drive(cluster, client, flows.load(wanted._replace(spec=None)))
    assert ended.message == "load on default/web ended"
    assert cluster.store.get(LOADS, "default", "web") is None
    again = drive(cluster, client, flows.load(wanted._replace(spec=None)))
    assert again.message == "there is no load on default/web"


def test_traffic_beside_other_traffic_costs_what_that_costs_and_is_ended_alone():
    cluster = small()
    client = LocalClient(cluster)
    client.time.pause()
    daily = {"service": "web", "requestsPerSecond": 3, "cost": {"cpu": "25m"}}
    drive(cluster, client, flows.load(Traffic("default", "other", {"requestsPerSecond": 1})))
    body = {"apiVersion": LOADS.api_version, "kind": "Load", "metadata": {"name": "daily"}, "spec": daily}
    assert cluster.handle(Request("create", Key(LOADS, "default"), body=body)).code == 201
    wanted = Traffic("default", "web", {"requestsPerSecond": 30})
    drive(cluster, client, flows.load(wanted))
    made = cluster.store.get(LOADS, "default", "web")
    assert made["spec"] == {"service": "web", "requestsPerSecond": 30, "cost": {"cpu": "25m"}}
    assert typed(made) == "30"
    drive(cluster, client, flows.load(wanted._replace(spec=None)))
    assert [tree["metadata"]["name"] for tree in cluster.store.range(LOADS, "default")] == ["daily", "other"]


@pytest.mark.parametrize("text", ["200", "ramp 10 200 5m", "sine 1.5 20 90s"])
def test_what_was_typed_can_be_typed_again(text):
    spec = parse(text).spec
    assert parse(typed({"spec": spec})).spec == spec


def test_the_services_pane_has_columns_for_traffic_while_there_is_some():
    cluster = small()
    client = LocalClient(cluster)
    client.time.pause()
    facts = Facts(client)
    cursor = client.rows(SERVICES)

    def titles() -> list[str]:
        facts.pull()
        return [each.title for each in columns.home_layout(SERVICES, cursor.columns, all_namespaces=True, facts=facts)]

    assert "LOAD" not in titles()
    drive(cluster, client, flows.load(Traffic("default", "web", {"requestsPerSecond": 30})))
    cluster.advance(6_000)
    assert "LOAD" in titles()
    layout = columns.home_layout(SERVICES, cursor.columns, all_namespaces=True, facts=facts)
    made = next(each.make for each in layout if each.title == "LOAD")
    assert made is not None
    text = str(made(Key(SERVICES, "default", "web"), {}, facts))
    assert text.startswith("30/s ")
    assert text.endswith("ms")


def test_the_client_traces():
    client = LocalClient(small())
    found = client.insight.trace("outside", "svc/web:80", "default")
    assert (found.connected, found.outcome, found.error) == (True, "connected", "")
    assert client.insight.trace("nobody", "web:80", "default").error == "no pod default/nobody to trace from"


TRACE = Trace((TraceHop("DNS", "web is 10.96.0.7"), TraceHop("pod", "nothing listens", ok=False)), "connection refused")


def test_the_hops_are_shown_in_order():
    assert shown(TRACE).plain == " 1 ✓ DNS  web is 10.96.0.7\n 2 ✗ pod  nothing listens\n\nconnection refused"


class Host(App[None]):
    """Just enough to show a dialog."""


async def test_the_dialog_follows_what_is_typed():
    asked = []

    def follow(source: str, target: str) -> Trace:
        asked.append((source, target))
        return TRACE if target == "web:80" else Trace(error="no pod default/x to trace from")

    app = Host()
    async with app.run_test() as pilot:
        dialog = TraceDialog("a web:80", follow)
        await app.push_screen(dialog)
        await pilot.pause()
        assert "nothing listens" in str(dialog.query_one("#hops", Static).render())
        dialog.query_one("#ends", Input).value = "x other:1"
        await pilot.press("enter")
        assert asked == [("a", "web:80"), ("x", "other:1")]
        assert "no pod" in str(dialog.query_one(".dialog--error", Static).render())
