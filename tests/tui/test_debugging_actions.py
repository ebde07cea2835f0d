"""Break points, the control loops, the forecast, warps, files into pods, shells on nodes: on the screen."""

import pytest
from test_exploring import until
from test_home import settled
from test_rewinding import WEB, Lived, arrived, typed

from building import create
from kubesim.objects.wire import FAULTS, MERGE_PATCH, PODS, Key, Request
from kubetui.panes.dialogs.reading import Reading


def toasts(lived):
    return [each.message for each in lived.app._notifications]


async def told(lived, text, tries=200):
    for _ in range(tries):
        if any(text in each for each in toasts(lived)):
            return
        await lived.pilot.pause(0.02)
    pytest.fail(f"{text!r} was not said: {toasts(lived)}")


async def scaled(lived, count):
    body = {"spec": {"replicas": count}}
    await lived.client.send(Request("patch", WEB, body=body, content_type=MERGE_PATCH))


async def test_a_break_point_stops_running_time_at_the_moment():
    async with Lived() as lived:
        await typed(lived.pilot, "break event Scheduled")
        assert "breaks 1" in lived.text
        lived.client.time.set_speed(10)
        lived.client.time.resume()
        await scaled(lived, 5)
        await told(lived, "Scheduled Successfully assigned default/web-")
        assert lived.client.time.paused
        events = lived.client.cluster.store.range(Key(PODS).gvr)
        assert (
            sum(
                1 for pod in events if pod["status"]["phase"] == "Pending" and pod["metadata"]["name"].startswith("web")
            )
            == 1
        )
        await typed(lived.pilot, "break off")
        await told(lived, "1 break point ended")
        assert "breaks" not in lived.text
        assert lived.client.pump.gate.guard is None


async def test_a_break_point_ends_a_run():
    async with Lived() as lived:
        await typed(lived.pilot, "break pods default Ready")
        await told(lived, "break: ")
        await typed(lived.pilot, "break pods/default/web-* Ready")
        await told(lived, "it is so of 4 already")
        await scaled(lived, 5)
        start = lived.client.time.now
        await typed(lived.pilot, "run 1h")
        await told(lived, "Ready")
        await settled(lived.pilot)
        assert lived.client.time.now - start < 20_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("break", "break event REASON"),
        ("break off", "there is no break point"),
        ("break pds Ready", "nothing is called 'pds'"),
        ("break pods created for 30s", "does not last"),
        ("reconcile nosuch", "no control loop is called 'nosuch'"),
        ("forecast ramp", "load [SERVICE] RPS"),
        ("forecast 200 10m", "no Service is highlighted"),
        ("context", "kubetui attach knows the contexts"),
        ("apply", "write the name of a file or a folder"),
        ("apply /nosuch.yaml", "/nosuch.yaml: No such file or directory"),
        ("sanitize", "no pod here has ended"),
    ],
)
async def test_what_cannot_be_done_is_said(text, message):
    async with Lived() as lived:
        await typed(lived.pilot, text)
        await told(lived, message)


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (200, 60)], ids=str)
async def test_the_control_loops_are_stepped_one_by_one(size):
    async with Lived(size) as lived:
        await scaled(lived, 6)
        await typed(lived.pilot, "reconcile replicaset")
        await until(lived, "replicaset: ")
        loops = {loop.name: loop.synced for loop in lived.client.time.loops()}
        await settled(lived.pilot, "enter")
        for _ in range(100):
            await lived.pilot.pause(0.02)
            now = {loop.name: loop.synced for loop in lived.client.time.loops()}
            if now["replicaset"] > loops["replicaset"]:
                break
        assert now["replicaset"] == loops["replicaset"] + 1
        await until(lived, "create pod/web-")
        assert "QUEUE" in lived.text
        await settled(lived.pilot, "k", "escape")
        assert "LAST WRITES" not in lived.text


async def test_the_forecast_of_a_load_leaves_the_cluster_alone():
    async with Lived() as lived:
        create(lived.client.cluster, {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
               "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}})  # fmt: skip
        before = lived.client.cluster.digest()
        await typed(lived.pilot, "forecast web ramp 10 200 1m 2m")
        for _ in range(1000):
            await lived.pilot.pause(0.02)
            if isinstance(lived.app.screen, Reading):
                break
        await settled(lived.pilot)
        assert "02:00.000 AHEAD" in lived.text
        assert "default/web requests/s" in lived.text
        assert "every pod fits" in lived.text
        assert lived.client.cluster.digest() == before


async def test_warping_to_the_last_change_of_an_object():
    async with Lived() as lived:
        await typed(lived.pilot, "deploy")
        changed = lived.client.insight.chain(WEB)[0].at
        await settled(lived.pilot, "w")
        await arrived(lived.pilot, lived.client, away=True)
        assert lived.client.time.now == changed


async def test_files_are_copied_into_a_container_and_out_of_it(tmp_path):
    async with Lived() as lived:
        (tmp_path / "page.html").write_text("hällo\n", encoding="utf-8")
        await typed(lived.pilot, "pods default")
        await typed(lived.pilot, f"cp {tmp_path}/page.html :/tmp/page.html")
        await told(lived, "copied to /tmp/page.html")
        await typed(lived.pilot, f"cp :/tmp/page.html {tmp_path}/back.html")
        await told(lived, "back.html")
        assert (tmp_path / "back.html").read_text(encoding="utf-8") == "hällo\n"
        await typed(lived.pilot, f"cp :/nosuch {tmp_path}/x")
        await told(lived, "nosuch")
        await settled(lived.pilot, "t")
        await settled(lived.pilot, *"nonsense", "enter")
        assert "write FROM TO" in lived.text


async def test_a_shell_on_a_node_leaves_nothing_behind():
    async with Lived() as lived:
        lived.client.time.set_speed(60)
        lived.client.time.resume()
        await typed(lived.pilot, "nodes")
        await settled(lived.pilot, "s")
        await until(lived, "sh on node wk-1", tries=500)
        pods = lived.client.objects(PODS, "default")
        assert [pod["spec"]["hostPID"] for pod in pods if pod["metadata"]["name"] == "node-debugger-wk-1-1"] == [True]
        await settled(lived.pilot, "escape")
        await told(lived, 'pod "node-debugger-wk-1-1" deleted')
        assert not any("debugger" in pod["metadata"]["name"] for pod in lived.client.objects(PODS, "default"))


async def test_pods_that_have_ended_are_swept_away():
    async with Lived() as lived:
        spec = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox:1.37", "command": ["true"]}]}
        create(lived.client.cluster, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "once"}, "spec": spec})
        await lived.client.time.advance(20_000)
        await typed(lived.pilot, "pods default")
        await settled(lived.pilot, "z")
        await told(lived, 'pod "once" deleted from default namespace')
        assert len(lived.client.objects(PODS, "default")) == 4


async def test_manifests_are_applied_and_undone(tmp_path):
    async with Lived() as lived:
        (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n")
        await typed(lived.pilot, f"apply {tmp_path}")
        await told(lived, "configmap/one created")
        await settled(lived.pilot, "U")
        await told(lived, "undone: configmap/one created")


async def test_only_warnings_of_the_story():
    async with Lived() as lived:
        await settled(lived.pilot, "tab", "tab")
        await settled(lived.pilot, "ctrl+z")
        assert "warnings only" in lived.text
        assert all(line.sign in {"W", "!"} for line in lived.app.frame.stage.home.story.view._shown)
        await settled(lived.pilot, "ctrl+z")
        assert "warnings only" not in lived.text


async def test_the_drawer_is_written_to_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with Lived() as lived:
        await typed(lived.pilot, "deploy")
        await settled(lived.pilot, "y")
        await settled(lived.pilot, "ctrl+s")
        assert (tmp_path / "deployments-default-web.yaml").read_text().startswith("apiVersion: apps/v1\n")


@pytest.mark.parametrize("key", ["P", "O"])
async def test_sorting_pods_by_namespace_and_node(key):
    async with Lived() as lived:
        await typed(lived.pilot, "pods all")
        await settled(lived.pilot, key)
        assert lived.app.frame.table.view.sort.title == {"P": "NAMESPACE", "O": "NODE"}[key]


async def test_nodes_of_a_crashed_kind_have_no_shell():
    async with Lived() as lived:
        lived.client.time.set_speed(600)
        lived.client.time.resume()
        body = {"apiVersion": "sim.kubetui.dev/v1", "kind": "Fault", "metadata": {"name": "x"},
                "spec": {"type": "NodeCrash", "target": {"kind": "Node", "name": "wk-1"}}}  # fmt: skip
        await lived.client.send(Request("create", Key(FAULTS), body=body))
        await typed(lived.pilot, "nodes")
        await settled(lived.pilot, "s")
        await told(lived, "the pod on wk-1 does not start", tries=500)
