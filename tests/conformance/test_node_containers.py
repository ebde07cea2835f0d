"""sig-node: commands and arguments, variables, folders called after variables, hooks, messages, users, probes."""

from typing import Any

import pytest

from building import create
from kubesim.cluster import Cluster, Settings
from kubesim.kubelet.node import NodeSpec
from kubesim.objects.errors import ApiError
from kubesim.objects.wire import EVENTS, MERGE_PATCH, PODS, STRATEGIC_PATCH, Key, Request

AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.55"
BUSYBOX = "registry.k8s.io/e2e-test-images/busybox:1.36"


class Place:
    """One cluster of one node, and pods in it."""

    def __init__(self) -> None:
        self.cluster = Cluster(Settings(name="containers"))
        self.cluster.add_node(NodeSpec("node-1"))
        self.cluster.advance(5_000)

    def run(self, name: str, image: str = BUSYBOX, seconds: int = 10, **more: Any) -> None:
        meta, spec = more.pop("meta", {}), more.pop("spec", {})
        body = {"restartPolicy": "Never", "containers": [{"name": "c", "image": image, **more}], **spec}
        create(self.cluster, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **meta}, "spec": body})
        self.cluster.advance(seconds * 1000)

    def shell(self, line: str, **more: Any) -> str:
        self.run("web", command=["sh", "-c", line], **more)
        return self.log("web")

    def log(self, name: str, container: str = "") -> str:
        return "\n".join(line.text for line in self.cluster.kubelets.logs("default", name, container))

    def status(self, name: str = "web") -> Any:
        return self.cluster.store.get(PODS, "default", name)["status"]

    def container(self, name: str = "web") -> Any:
        return self.status(name)["containerStatuses"][0]

    def events(self, name: str = "web") -> list[tuple[str, str]]:
        every = self.cluster.store.range(EVENTS)
        return [(each["reason"], each["message"]) for each in every if each["involvedObject"]["name"] == name]

    def execute(self, *argv: str, name: str = "web") -> Any:
        return self.cluster.kubelets.execute("default", name, "c", argv)


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({}, "Paused"),
        ({"args": ["entrypoint-tester", "override", "arguments"]}, "[/agnhost entrypoint-tester override arguments]"),
        ({"command": ["/agnhost-2", "entrypoint-tester"]}, "[/agnhost-2 entrypoint-tester]"),
        (
            {"command": ["/agnhost-2"], "args": ["entrypoint-tester", "override", "arguments"]},
            "[/agnhost-2 entrypoint-tester override arguments]",
        ),
    ],
    ids=["the image's own", "arguments", "command", "both"],
)
def test_commands_and_arguments(place: Place, more: Any, wanted: str):
    place.run("web", AGNHOST, **more)
    assert place.log("web") == wanted


TEST_VAR = [{"name": "TEST_VAR", "value": "test-value"}]


@pytest.mark.parametrize(
    "more",
    [
        {"command": ["sh", "-c", 'TEST_VAR=wrong echo "$(TEST_VAR)"']},
        {"command": ["sh", "-c"], "args": ['TEST_VAR=wrong echo "$(TEST_VAR)"']},
    ],
    ids=["command", "arguments"],
)
def test_variables_are_put_into_command_lines(place: Place, more: Any):
    place.run("web", env=TEST_VAR, **more)
    assert place.log("web") == "test-value"


def test_variables_are_made_of_variables(place: Place):
    values = [{"name": "FOO", "value": "foo-value"}, {"name": "FOOBAR", "value": "$(FOO);;$(BAR);;$$(FOO)"}]
    assert "FOOBAR=foo-value;;$(BAR);;$(FOO)" in place.shell("env", env=values).splitlines()


# ---------------------------------------------------------------------- folders called after variables
def folder(value: str, **more: Any) -> dict[str, Any]:
    mounts = [
        {"name": "disk", "mountPath": "/inner", "subPathExpr": "$(POD_NAME)"},
        {"name": "disk", "mountPath": "/outer"},
    ]
    spec = {"volumes": [{"name": "disk", "emptyDir": {}}], **more.pop("spec", {})}
    return {"env": [{"name": "POD_NAME", "value": value}], "volumeMounts": mounts, "spec": spec, **more}


def test_a_folder_of_a_volume_is_made_for_its_pod(place: Place):
    assert place.shell("test -d /outer/foo; echo $?", **folder("foo")) == "0"


def test_what_is_written_in_the_folder_is_in_the_volume(place: Place):
    place.shell("sleep 300", **folder("foo"))
    assert place.execute("touch", "/inner/test.log").code == 0
    assert place.execute("test", "-f", "/outer/foo/test.log").code == 0


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("/tmp", "error SubPath `/tmp` must not be an absolute path"),
        ("..", "unable to provision SubPath `..`: must not contain '..'"),
    ],
    ids=["absolute", "steps back"],
)
def test_folders_that_may_not_be(place: Place, value: str, message: str):
    place.run("web", command=["sleep", "300"], **folder(value))
    waiting = place.container()["state"]["waiting"]
    assert (waiting["reason"], waiting["message"]) == ("CreateContainerConfigError", message)
    assert ("Failed", f"Error: {message}") in place.events()


def test_a_folder_that_failed_can_be_mended(place: Place):
    more = folder("", meta={"annotations": {"mysubpath": "/bad"}})
    more["env"] = [{"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['mysubpath']"}}}]
    place.run("web", command=["sleep", "300"], **more)
    assert place.status()["phase"] == "Pending"
    body = {"metadata": {"annotations": {"mysubpath": "mypath"}}}
    place.cluster.handle(Request("patch", Key(PODS, "default", "web"), body=body, content_type=MERGE_PATCH))
    place.cluster.advance(30_000)
    assert place.status()["phase"] == "Running"


# ---------------------------------------------------------------------- hooks
@pytest.mark.parametrize("moment", ["postStart", "preStop"])
@pytest.mark.parametrize("way", ["exec", "httpGet"])
def test_hooks_reach_their_handler(place: Place, moment: str, way: str):
    place.run("handler", AGNHOST, args=["netexec"])
    address = place.status("handler")["podIP"]
    hook: dict[str, Any] = {"httpGet": {"path": f"/echo?msg={moment}", "host": address, "port": 8080}}
    if way == "exec":
        hook = {"exec": {"command": ["sh", "-c", f"curl http://{address}:8080/echo?msg={moment}"]}}
    place.run("web", AGNHOST, args=["pause"], lifecycle={moment: hook}, spec={"terminationGracePeriodSeconds": 2})
    place.cluster.handle(Request("delete", Key(PODS, "default", "web")))
    place.cluster.advance(10_000)
    assert place.log("handler").count(f"GET /echo?msg={moment}") == 1


def test_a_hook_that_reaches_nobody_ends_the_container(place: Place):
    hook = {"postStart": {"httpGet": {"path": "/", "host": "10.244.200.200", "port": 8080}}}
    place.run("web", AGNHOST, args=["pause"], lifecycle=hook)
    (text,) = [message for reason, message in place.events() if reason == "FailedPostStartHook"]
    assert text == "PostStartHook failed"
    status = place.status()["containerStatuses"][0]
    ended = status["lastState"].get("terminated") or status["state"]["terminated"]
    assert ended["exitCode"] == 137


def test_what_a_hook_failed_with_is_told_in_the_status_alone(place: Place):
    hook = {"postStart": {"httpGet": {"path": "/", "host": "10.244.200.200", "port": 8080}}}
    place.run("web", AGNHOST, 0, args=["pause"], lifecycle=hook, spec={"restartPolicy": "Always"})
    found = {}
    for _ in range(60):
        place.cluster.advance(100)
        for each in place.status().get("containerStatuses") or ():
            waiting = each["state"].get("waiting") or {}
            found[waiting.get("reason")] = waiting.get("message", "")
    uid = place.cluster.store.get(PODS, "default", "web")["metadata"]["uid"]
    assert found["PostStartHookError"].startswith(
        f'HTTP lifecycle hook (/) for Container "c" in Pod "web_default({uid})" failed - error: '
        'Get "http://10.244.200.200:8080/": dial tcp 10.244.200.200:8080'
    )


def test_what_a_hook_writes_stays(place: Place):
    hook = {"postStart": {"exec": {"command": ["sh", "-c", "echo hello > /usr/share/message"]}}}
    place.run("web", command=["sleep", "300"], lifecycle=hook)
    assert place.execute("cat", "/usr/share/message").output == "hello\n"


# ---------------------------------------------------------------------- how containers end
@pytest.mark.parametrize(
    ("line", "more", "message"),
    [
        ("echo -n DONE > /dev/custom",
         {"terminationMessagePath": "/dev/custom", "securityContext": {"runAsUser": 1000}}, "DONE"),
        ("echo -n DONE; exit 1", {"terminationMessagePolicy": "FallbackToLogsOnError"}, "DONE"),
        ("echo DONE; exit 0", {"terminationMessagePolicy": "FallbackToLogsOnError"}, None),
        ("echo -n OK > /dev/termination-log", {"terminationMessagePolicy": "FallbackToLogsOnError"}, "OK"),
    ],
    ids=["own path, not root", "from the log", "empty on success", "from the file"],
)  # fmt: skip
def test_termination_messages(place: Place, line: str, more: Any, message: str | None):
    place.shell(line, **more)
    assert place.container()["state"]["terminated"].get("message") == message


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ({}, "container has runAsNonRoot and image will run as root"),
        ({"runAsUser": 0}, "container's runAsUser breaks non-root policy"),
    ],
    ids=["the image's user", "user 0"],
)
def test_root_is_refused_where_it_may_not_be(place: Place, user: Any, message: str):
    place.run("web", "nginx:1.27", securityContext={"runAsNonRoot": True, **user})
    waiting = place.container()["state"]["waiting"]
    assert waiting["reason"] == "CreateContainerConfigError"
    uid = place.cluster.store.get(PODS, "default", "web")["metadata"]["uid"]
    assert waiting["message"] == f'{message} (pod: "web_default({uid})", container: c)'


def test_users_and_groups(place: Place):
    log = place.shell("id -u; id -g; id", spec={"securityContext": {"runAsUser": 1000, "runAsGroup": 2000}})
    assert log == "1000\n2000\nuid=1000 gid=2000 groups=2000"
    assert place.container()["user"] == {"linux": {"gid": 2000, "supplementalGroups": [2000], "uid": 1000}}


# ---------------------------------------------------------------------- probes
HEALTH = {"exec": {"command": ["cat", "/tmp/health"]}}


@pytest.mark.parametrize(
    ("image", "more", "probe", "restarts"),
    [
        (BUSYBOX, {"command": ["sh", "-c", "echo ok > /tmp/health; sleep 10; rm -rf /tmp/health; sleep 600"]}, HEALTH,
         True),
        (BUSYBOX, {"command": ["sh", "-c", "echo ok > /tmp/health; sleep 600"]}, HEALTH, False),
        (AGNHOST, {"args": ["liveness"]}, {"httpGet": {"path": "/healthz", "port": 8080}}, True),
        (AGNHOST, {"args": ["test-webserver"]}, {"httpGet": {"path": "/", "port": 80}}, False),
        (AGNHOST, {"args": ["netexec"]}, {"tcpSocket": {"port": 8080}}, False),
        (AGNHOST, {"args": ["grpc-health-checking"], "ports": [{"containerPort": 5000}]}, {"grpc": {"port": 5000}},
         False),
        (AGNHOST, {"args": ["grpc-health-checking"], "ports": [{"containerPort": 5000}]}, {"grpc": {"port": 2333}},
         True),
    ],
    ids=["file goes", "file stays", "page fails", "page stays", "port", "grpc", "grpc elsewhere"],
)  # fmt: skip
def test_liveness(place: Place, image: str, more: Any, probe: Any, restarts: bool):
    liveness = {**probe, "initialDelaySeconds": 15, "failureThreshold": 1}
    place.run("web", image, 90, livenessProbe=liveness, spec={"restartPolicy": "Always"}, **more)
    assert bool(place.container()["restartCount"]) == restarts


def test_restarts_are_counted_up(place: Place):
    liveness = {"httpGet": {"path": "/healthz", "port": 8080}, "initialDelaySeconds": 5, "failureThreshold": 1}
    place.run("web", AGNHOST, 5, args=["liveness"], livenessProbe=liveness, spec={"restartPolicy": "Always"})
    counts = []
    for _ in range(40):
        place.cluster.advance(10_000)
        counts.append(place.container()["restartCount"])
    assert counts == sorted(counts)
    assert counts[-1] >= 5


def test_readiness_waits_for_its_delay(place: Place):
    readiness = {"httpGet": {"path": "/", "port": 80}, "initialDelaySeconds": 30}
    place.run("web", AGNHOST, 25, args=["test-webserver"], readinessProbe=readiness)
    assert place.container()["ready"] is False
    place.cluster.advance(20_000)
    assert (place.container()["ready"], place.container()["restartCount"]) == (True, 0)


# ---------------------------------------------------------------------- others
def test_a_debugger_joins_a_running_pod(place: Place):
    place.run("web", AGNHOST, args=["pause"])
    wanted = {"name": "debugger", "image": BUSYBOX, "command": ["sh", "-c", "while true; do echo polo; sleep 2; done"]}
    body = {"spec": {"ephemeralContainers": [wanted]}}
    request = Request("patch", Key(PODS, "default", "web"), "ephemeralcontainers", body, content_type=STRATEGIC_PATCH)
    assert place.cluster.handle(request).code == 200
    place.cluster.advance(10_000)
    assert place.log("web", "debugger").startswith("polo\npolo")


def test_host_aliases(place: Place):
    log = place.shell("cat /etc/hosts", spec={"hostAliases": [{"ip": "123.45.67.89", "hostnames": ["foo", "bar"]}]})
    assert "123.45.67.89\tfoo\tbar" in log


@pytest.mark.parametrize(
    ("policy", "line", "phase"),
    [("Always", "exit 1", "Running"), ("OnFailure", "exit 0", "Succeeded"), ("Never", "exit 1", "Failed")],
)
def test_containers_that_exit(place: Place, policy: str, line: str, phase: str):
    place.run("web", seconds=30, command=["sh", "-c", line], spec={"restartPolicy": policy})
    assert place.status()["phase"] == phase
    assert bool(place.container()["restartCount"]) == (policy == "Always")


@pytest.mark.parametrize(
    ("policy", "command", "phase"),
    [("Never", "/bin/true", "Succeeded"), ("Never", "/bin/false", "Failed"), ("Always", "/bin/false", "Pending")],
)
def test_init_containers(place: Place, policy: str, command: str, phase: str):
    init = [{"name": "init", "image": BUSYBOX, "command": [command]}]
    place.run("web", seconds=30, command=["sh", "-c", "exit 0"], spec={"restartPolicy": policy, "initContainers": init})
    assert place.status()["phase"] == phase


def test_one_of_several_containers_has_to_be_asked_for_by_name(place: Place):
    place.run("web", command=["sleep", "9"], spec={"initContainers": [{"name": "i", "image": BUSYBOX}]})
    with pytest.raises(ApiError, match="a container name must be specified"):
        place.log("web")
