"""Running totals, hints, tones, columns and the story, over a scripted cluster."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tui"))

from scripted_cluster import ScriptedCluster, client_of, shop

from kubesim.objects.wire import DEPLOYMENTS, NODES, PODS, SERVICES, Key
from kubetui.model import health, hints
from kubetui.model.columns import Bar, ViewColumn, home_layout, layout, sort_value, text
from kubetui.model.events import EventsView
from kubetui.model.hints import Surroundings
from kubetui.model.linking import links
from kubetui.model.symptoms import symptom
from kubetui.model.usage import Endpoints, Facts, Load


@pytest.fixture
def cluster():
    return shop()


@pytest.fixture
def facts(cluster):
    found = Facts(client_of(cluster))
    found.pull()
    return found


# ---------------------------------------------------------------------- totals
def test_requests_are_counted_by_node(facts):
    assert facts.load("wk-1") == Load(3, 1400, 3 * 256 * 2**20)
    assert facts.load("nowhere") == Load()
    assert facts.pod_count == 6
    assert facts.cpu_fraction() == pytest.approx(2650 / 6000)


def test_totals_follow_every_change(cluster, facts):
    cluster.delete(PODS, "default", "web-7d9-4xk")
    cluster.pod("default", "web-7d9-8vq", node="cp-1", cpu="2")
    cluster.pod("shop", "cart-0", status="Succeeded", node="wk-2")
    cluster.delete(NODES, "", "wk-2")
    assert facts.pull()
    assert facts.load("wk-1").pods == 2
    assert facts.load("cp-1").cpu_milli == 2250
    assert facts.load("wk-2") == Load()
    assert facts.capacity.cpu_milli == 4000
    assert facts.total.cpu_milli == 250 + 900 + 250 + 2000
    assert not facts.pull()


def test_endpoints_by_service(cluster, facts):
    assert facts.endpoints("default", "web") == Endpoints(2, 2)
    assert facts.endpoints("shop", "api") == Endpoints(0, 1)
    cluster.endpoints("default", "web", True, False, False)
    facts.pull()
    assert facts.endpoints("default", "web") == Endpoints(1, 3)
    assert facts.endpoints("default", "nobody") == Endpoints()


# ---------------------------------------------------------------------- hints
def hint(cluster, facts, gvr, namespace, name):
    return hints.hint(gvr, cluster.store.get(gvr, namespace, name), Surroundings(cluster.loop.now, facts))


@pytest.mark.parametrize(
    ("gvr", "namespace", "name", "said"),
    [
        (PODS, "default", "web-7d9-8vq", "0/3 nodes are available: 1 Insufficient cpu"),
        (PODS, "shop", "api-5f6-zz1", "api: CrashLoopBackOff back-off 40s"),
        (PODS, "default", "web-7d9-4xk", ""),
        (NODES, "", "wk-2", "Unknown: Kubelet stopped posting node status."),
        (NODES, "", "cp-1", "taint node-role.kubernetes.io/control-plane:NoSchedule"),
        (NODES, "", "wk-1", ""),
        (SERVICES, "shop", "api", "no ready endpoint: 1 pods match app=api"),
        (SERVICES, "default", "web", ""),
        (DEPLOYMENTS, "default", "web", "2 of 3 ready"),
    ],
)
def test_hint(cluster, facts, gvr, namespace, name, said):
    found = hint(cluster, facts, gvr, namespace, name)
    assert found.startswith(said)
    assert bool(found) is bool(said)


def test_a_pod_on_a_dead_node_says_so(cluster, facts):
    cluster.pod("shop", "cart-1", status="NotReady", node="wk-2")
    assert "node wk-2 is not ready" in hint(cluster, facts, PODS, "shop", "cart-1")


def test_a_broken_node_names_its_fault(cluster, facts):
    fault = {"metadata": {"name": "f"}, "spec": {"type": "NodeCrash", "target": {"kind": "Node", "name": "wk-2"}}}
    node = cluster.store.get(NODES, "", "wk-2")
    assert hints.hint(NODES, node, Surroundings(0, facts, faults=[fault])).startswith("NodeCrash by you")


def test_symptom_tells_state_and_duration(cluster):
    pod = cluster.store.get(PODS, "default", "web-7d9-8vq")
    assert symptom(PODS, pod, cluster.loop.now) == "pod default/web-7d9-8vq Pending for 11s"


@pytest.mark.parametrize(
    ("name", "namespace", "tone"),
    [
        ("web-7d9-8vq", "default", health.PENDING),
        ("api-5f6-zz1", "shop", health.ERROR),
        ("web-7d9-4xk", "default", health.OK),
    ],
)
def test_tone(cluster, name, namespace, tone):
    assert health.tone(PODS, cluster.store.get(PODS, namespace, name)) == tone


def test_what_is_being_deleted_has_its_own_tone():
    pod = {"metadata": {"name": "a", "deletionTimestamp": "2026-01-01T00:00:00Z"}, "status": {"phase": "Running"}}
    assert health.tone(PODS, pod) == health.LEAVING


# ---------------------------------------------------------------------- columns
def test_home_columns_of_nodes_are_requests_over_allocatable(cluster, facts):
    client = client_of(cluster)
    found = home_layout(NODES, client.rows(NODES).columns, all_namespaces=True)
    key, node = Key(NODES, "", "wk-1"), cluster.store.get(NODES, "", "wk-1")
    cells = {column.title: column.make(key, node, facts) for column in found if column.make}
    assert cells["PODS"] == "3"
    assert cells["CPU-REQ"] == Bar(0.7, "70%")


def test_browser_columns_put_the_namespace_first_and_the_age_last(cluster):
    found = client_of(cluster).rows(PODS).columns
    titles = [c.title for c in layout(PODS, found, namespaced=True, all_namespaces=True) if not c.wide]
    assert titles == ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "IP", "NODE", "PF", "AGE"]


@pytest.mark.parametrize(
    ("column", "smaller", "larger"),
    [
        (ViewColumn("AGE", age=True), "59s", "2m"),
        (ViewColumn("AGE", age=True), "9d", "1y2d"),
        (ViewColumn("RESTARTS", right=True), "9 (3m ago)", "10"),
        (ViewColumn("NAME"), "a", "b"),
        (ViewColumn("CPU", bar=True), Bar(0.2, "20%"), Bar(0.9, "90%")),
    ],
    ids=["seconds", "years", "restarts", "text", "bars"],
)
def test_cells_sort_by_what_they_mean(column, smaller, larger):
    assert sort_value(smaller, column) < sort_value(larger, column)


def test_stamps_in_age_columns_become_ages():
    assert text("2026-01-01T00:00:00Z", ViewColumn("AGE", age=True), 1_767_225_605_000) == "5s"
    assert text("a\nb", ViewColumn("NAME"), 0) == "a b"


# ---------------------------------------------------------------------- the story
def story_of(cluster, **settings):
    view = EventsView(client_of(cluster), **settings)
    view.pull()
    return view


def shown(view):
    return [f"{line.sign} {line.who} {line.what}" for row in view.slice(0, 99) if (line := view.line(row))]


def test_the_newest_is_first_and_events_stand_among_the_writes(cluster):
    lines = shown(story_of(cluster))
    assert lines[0].startswith("W scheduler FailedScheduling web-7d9-8vq 0/3 nodes")
    assert lines[1].startswith("N replicaset SuccessfulCreate web-7d9")
    assert lines[2] == "~ kubelet create pod/web-7d9-8vq"


def test_verbosity_hides_writes_and_shows_quiet_ones(cluster):
    view = story_of(cluster, verbosity=1)
    assert {line[0] for line in shown(view)} == {"W", "N"}
    few = view.count
    view.choose(verbosity=2)
    assert view.count > few
    middle = view.count
    view.choose(verbosity=3)
    assert view.count > middle


def test_times_are_those_of_the_write_to_the_millisecond(cluster):
    view = story_of(cluster)
    top = view.slice(0, 1)[0]
    assert view.cells(top, 0)[0] == "09:30.220 W"


def test_own_actions_are_told_apart_and_stand_on_the_time_bar(cluster):
    view = story_of(cluster)
    mine = [line for row in view.slice(0, 99) if (line := view.line(row)) and line.mine]
    assert "scale 2->3" in mine[0].what
    assert view.cells(mine[0].serial, 0)[1] == view.you
    assert [moment.sign for moment in view.moments][-1] == "o"


def test_the_story_narrows_to_objects_and_namespaces(cluster):
    view = story_of(cluster)
    view.choose(scope=frozenset({Key(PODS, "default", "web-7d9-8vq")}))
    assert len(shown(view)) == 2
    view.choose(scope=None, namespace="shop")
    assert view.count
    assert all("web-7d9" not in line for line in shown(view))


def test_a_flood_keeps_only_the_newest_lines():
    cluster = ScriptedCluster()
    view = story_of(cluster)
    for number in range(9_000):
        cluster.event("default", f"p{number}", "Created", "x", component="kubelet")
        if number % 1000 == 0:
            view.pull()
    while view.pull().pending:
        pass
    assert view.total <= 8_000
    assert "p8999" in shown(view)[0]


# ---------------------------------------------------------------------- links
def test_links_of_a_node_a_service_and_a_pod(cluster):
    pods = [(Key(PODS, space, name), tree) for space, name, tree in cluster.store.items(PODS)]
    store = cluster.store
    node = links(Key(NODES, "", "wk-1"), store.get(NODES, "", "wk-1"), pods)
    assert [key.name for key, tree in pods if node.pods(key, tree)] == ["web-7d9-4xk", "web-7d9-q2m", "api-5f6-zz1"]
    assert node.services(Key(SERVICES, "shop", "api"), store.get(SERVICES, "shop", "api"))
    assert not node.services(Key(SERVICES, "shop", "cart"), store.get(SERVICES, "shop", "cart"))
    service = links(Key(SERVICES, "shop", "cart"), store.get(SERVICES, "shop", "cart"), pods)
    assert [key.name for key, tree in pods if service.pods(key, tree)] == ["cart-0"]
    assert service.nodes(Key(NODES, "", "wk-2"), {})
    pod = links(Key(PODS, "shop", "cart-0"), store.get(PODS, "shop", "cart-0"), pods)
    assert Key(PODS, "shop", "cart-0") in pod.about
