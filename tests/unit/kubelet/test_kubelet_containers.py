"""Init containers, sidecars, ephemeral containers, hooks, and changes of a running pod."""

from kubesim.objects.wire import EVENTS, PODS, SERVICES

BUSYBOX = "busybox:1.36"


def box(name, line, **more):
    return {"name": name, "image": BUSYBOX, "command": ["sh", "-c", line], **more}


def test_init_containers_run_one_after_the_other(make_rig):
    rig = make_rig(images=(BUSYBOX, "nginx:1.27"))
    rig.start(spec={"initContainers": [box("one", "sleep 5"), box("two", "sleep 5")]})
    rig.run(3)
    status = rig.status()
    assert status["phase"] == "Pending"
    assert "running" in status["initContainerStatuses"][0]["state"]
    assert status["initContainerStatuses"][1]["state"] == {"waiting": {"reason": "PodInitializing"}}
    assert status["containerStatuses"][0]["state"] == {"waiting": {"reason": "PodInitializing"}}
    initialized = rig.condition("Initialized")
    assert (initialized["reason"], initialized["message"]) == (
        "ContainersNotInitialized",
        "containers with incomplete status: [one two]",
    )
    rig.run(5)
    assert rig.condition("Initialized")["message"] == "containers with incomplete status: [two]"
    rig.run(5)
    assert rig.status()["phase"] == "Running"
    assert rig.condition("Initialized")["status"] == "True"
    assert [s["ready"] for s in rig.status()["initContainerStatuses"]] == [True, True]


def test_failing_init_container_is_retried(make_rig):
    rig = make_rig(images=(BUSYBOX, "nginx:1.27"))
    rig.start(spec={"initContainers": [box("one", "exit 1")]})
    rig.run(8)
    assert rig.status()["phase"] == "Pending"
    assert rig.container(kind="initContainerStatuses")["state"]["waiting"]["reason"] == "CrashLoopBackOff"


def test_failing_init_container_without_restarts_fails_the_pod(make_rig):
    rig = make_rig(images=(BUSYBOX, "nginx:1.27"))
    rig.start(spec={"restartPolicy": "Never", "initContainers": [box("one", "exit 1")]})
    rig.run(5)
    assert rig.status()["phase"] == "Failed"
    assert "waiting" in rig.container()["state"]


def test_sidecar_starts_first_and_stops_last(make_rig):
    rig = make_rig(images=(BUSYBOX,))
    sidecar = box("proxy", "trap 'exit 0' TERM; while true; do sleep 1; done", restartPolicy="Always")
    rig.start(
        image=BUSYBOX, command=["sh", "-c", "sleep 3"], spec={"restartPolicy": "Never", "initContainers": [sidecar]}
    )
    rig.run(2)
    status = rig.status()
    assert status["phase"] == "Running"
    assert (status["initContainerStatuses"][0]["ready"], status["initContainerStatuses"][0]["started"]) == (True, True)
    rig.run(4)
    assert rig.status()["phase"] == "Succeeded"
    killed = [e["message"] for e in rig.store.range(EVENTS) if e["reason"] == "Killing"]
    assert killed == ["Stopping container proxy"]


def test_sidecar_that_crashes_is_restarted(make_rig):
    rig = make_rig(images=(BUSYBOX, "nginx:1.27"))
    rig.start(spec={"initContainers": [box("proxy", "sleep 5; exit 1", restartPolicy="Always")]})
    rig.run(12)
    assert rig.container(kind="initContainerStatuses")["restartCount"] == 1
    assert rig.status()["phase"] == "Running"


def test_waits_for_a_service(make_rig):
    rig = make_rig(images=(BUSYBOX, "nginx:1.27"))
    rig.start(
        spec={"initContainers": [box("wait", "until nslookup db; do echo waiting for db; sleep 2; done; echo found")]}
    )
    rig.run(10)
    assert rig.status()["phase"] == "Pending"
    body = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "db", "namespace": "default"},
        "spec": {"ports": [{"port": 5432}], "selector": {"app": "db"}},
    }  # fmt: skip
    rig.create(body, SERVICES)
    rig.run(5)
    assert rig.status()["phase"] == "Running"
    lines = [line.text for line in rig.kubelets.logs("default", "web", "wait")]
    assert "waiting for db" in lines
    assert lines[-1] == "found"


def test_ephemeral_container(make_rig):
    rig = make_rig(images=(BUSYBOX, "nginx:1.27"))
    rig.start()
    rig.run(3)
    pod = rig.get()
    debug = {"name": "debug", "image": BUSYBOX, "command": ["sh", "-c", "sleep 2"], "imagePullPolicy": "IfNotPresent"}
    rig.admin.update(PODS, {**pod, "spec": {**pod["spec"], "ephemeralContainers": [debug]}}, "ephemeralcontainers")
    rig.run(1)
    assert "running" in rig.status()["ephemeralContainerStatuses"][0]["state"]
    rig.run(5)
    assert rig.status()["ephemeralContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 0
    assert rig.status()["phase"] == "Running"


def test_new_image_restarts_the_container(make_rig):
    rig = make_rig(images=("nginx:1.27", "nginx:1.28"))
    rig.start()
    rig.run(3)
    pod = rig.get()
    spec = {**pod["spec"], "containers": [{**pod["spec"]["containers"][0], "image": "nginx:1.28"}]}
    rig.admin.update(PODS, {**pod, "spec": spec})
    rig.run(3)
    assert ("Killing", "Container c definition changed, will be restarted") in rig.events()
    assert rig.container()["image"] == "docker.io/library/nginx:1.28"
    assert rig.container()["restartCount"] == 1


def test_post_start_hook_failure_kills(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start(lifecycle={"postStart": {"exec": {"command": ["sh", "-c", "exit 4"]}}})
    rig.run(3)
    assert "FailedPostStartHook" in rig.reasons()
    assert rig.container()["restartCount"] >= 1


def test_post_start_hook_delays_readiness(make_rig):
    rig = make_rig(images=("nginx:1.27",))
    rig.start(lifecycle={"postStart": {"exec": {"command": ["sleep", "5"]}}})
    rig.run(3)
    assert rig.container()["ready"] is False
    rig.run(4)
    assert rig.container()["ready"] is True
