"""sig-node: variables from values, the pod, its node, Services and maps; expansion; folders called after variables."""

from base64 import b64encode
from typing import Any

import pytest

from conformance.conftest import Speak
from conformance.manifests import is_ready, phase
from conformance.podwork import NGINX, agnhost, busybox, has_all, inside, log, output, ready, secure, single
from conformance.ways import Api, Tree

IP = r"(\d{1,3}\.){3}\d{1,3}"


def printing(name: str, line: str = "env", **more: Any) -> Tree:
    spec = more.pop("spec", {})
    return single(name, busybox("sh", "-c", line, name="dapi-container", **more), restartPolicy="Never", **spec)


def field(name: str, path: str) -> Tree:
    return {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}


def amount(name: str, resource: str) -> Tree:
    return {"name": name, "valueFrom": {"resourceFieldRef": {"resource": resource}}}


AMOUNTS = [
    amount("CPU_LIMIT", "limits.cpu"),
    amount("MEMORY_LIMIT", "limits.memory"),
    amount("CPU_REQUEST", "requests.cpu"),
    amount("MEMORY_REQUEST", "requests.memory"),
]
GIVEN = {"requests": {"cpu": "250m", "memory": "32Mi"}, "limits": {"cpu": "1250m", "memory": "64Mi"}}


@pytest.mark.parametrize(
    ("env", "more", "wanted"),
    [
        ([field("POD_NAME", "metadata.name"), field("POD_NAMESPACE", "metadata.namespace"),
          field("POD_IP", "status.podIP")], {"resources": GIVEN},
         ["POD_NAME=downward-api\n", "POD_NAMESPACE=NAMESPACE\n", f"POD_IP={IP}\n"]),
        ([field("HOST_IP", "status.hostIP")], {"resources": GIVEN}, [f"HOST_IP={IP}\n"]),
        ([field("HOST_IPS", "status.hostIPs")], {"resources": GIVEN}, [f"HOST_IPS={IP}\n"]),
        (AMOUNTS, {"resources": GIVEN},
         ["CPU_LIMIT=2\n", "MEMORY_LIMIT=67108864\n", "CPU_REQUEST=1\n", "MEMORY_REQUEST=33554432\n"]),
        (AMOUNTS[:2], {}, ["CPU_LIMIT=[1-9]", "MEMORY_LIMIT=[1-9]"]),
        ([field("POD_UID", "metadata.uid")], {"resources": GIVEN},
         ["POD_UID=[a-z0-9]{8}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{12}"]),
    ],
    ids=["name, namespace, address", "host", "hosts", "amounts", "allocatable", "uid"],
)  # fmt: skip
def test_the_downward_api(api: Api, of: Speak, namespace: str, env: list[Tree], more: Any, wanted: list[str]):
    secure(of, namespace, "baseline")
    has_all(
        output(api, of, namespace, printing("downward-api", env=env, **more)),
        [each.replace("NAMESPACE\n", f"{namespace}\n") for each in wanted],
    )


def test_the_address_of_a_pod_on_the_network_of_its_host(api: Api, of: Speak, namespace: str):
    line = (
        """[[ "${HOST_IP:?}" == "${POD_IP:?}" ]] && echo 'OK' || echo "HOST_IP: '${HOST_IP}' != POD_IP: '${POD_IP}'\""""
    )
    env = [field("HOST_IP", "status.hostIP"), field("POD_IP", "status.podIP")]
    assert output(api, of, namespace, printing("host", line, env=env, spec={"hostNetwork": True})) == "OK\n"


# ---------------------------------------------------------------------- expansion
COMPOSED = [
    {"name": "FOO", "value": "foo-value"},
    {"name": "BAR", "value": "bar-value"},
    {"name": "FOOBAR", "value": "$(FOO);;$(BAR)"},
]
TEST_VAR = [{"name": "TEST_VAR", "value": "test-value"}]
ECHO = 'TEST_VAR=wrong echo "$(TEST_VAR)"'


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"env": COMPOSED, "command": ["sh", "-c", "env"]},
         ["^FOO=foo-value$", "^BAR=bar-value$", "^FOOBAR=foo-value;;bar-value$"]),
        ({"env": TEST_VAR, "command": ["sh", "-c", ECHO]}, ["^test-value$"]),
        ({"env": TEST_VAR, "command": ["sh", "-c"], "args": [ECHO]}, ["^test-value$"]),
    ],
    ids=["composed", "command", "arguments"],
)  # fmt: skip
def test_expansion(api: Api, of: Speak, namespace: str, more: Any, wanted: list[str]):
    secure(of, namespace, "baseline")
    made = printing("var-expansion", **{**more, "line": "env"})
    made["spec"]["containers"][0] |= more
    has_all(output(api, of, namespace, made), [f"(?m){each}" for each in wanted])


def foldered(name: str, line: str, first: str, expression: str, **more: Any) -> Tree:
    env = [{"name": "POD_NAME", "value": more.pop("value", name)}, *more.pop("env", ())]
    mounts = [
        {"name": "workdir1", "mountPath": f"/{first}", "subPathExpr": expression},
        *({"name": "workdir1", "mountPath": path} for path in more.pop("whole", ())),
    ]
    spec = {"volumes": [{"name": "workdir1", "emptyDir": {}}], **more.pop("spec", {})}
    return printing(name, line, env=env, volumeMounts=mounts, spec=spec)


def test_a_folder_called_after_a_variable(api: Api, of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    line = "test -d /testcontainer/var-expansion;echo $?"
    made = foldered("var-expansion", line, "logscontainer", "$(POD_NAME)", whole=["/testcontainer"])
    assert output(api, of, namespace, made) == "0\n"


@pytest.mark.parametrize("value", ["..", "/tmp"])
def test_a_folder_that_may_not_be(of: Speak, namespace: str, value: str):
    secure(of, namespace, "baseline")
    pods = of("v1/pods")
    made = foldered("var-expansion", "sleep 1", "logscontainer", "$(POD_NAME)", value=value)
    del made["spec"]["containers"][0]["command"]
    pods.create(made)

    def fails(tree: Tree) -> bool:
        listed = tree["status"].get("containerStatuses") or ()
        waiting = listed[0]["state"].get("waiting", {}) if listed else {}
        return str(waiting.get("reason")) == "CreateContainerConfigError"

    pods.until("var-expansion", fails)
    pods.delete("var-expansion")
    pods.until_gone("var-expansion")


def annotated(**annotations: str) -> Tree:
    env = [field("ANNOTATION", "metadata.annotations['mysubpath']")]
    made = foldered(
        "var-expansion", "tail -f /dev/null", "subpath_mount", "$(ANNOTATION)/$(POD_NAME)", value="foo", env=env,
        whole=["/volume_mount"], spec={"meta": {"annotations": annotations}},
    )  # fmt: skip
    return made


def annotate(of: Speak, value: str) -> None:
    pods = of("v1/pods")
    found = pods.get("var-expansion")
    found["metadata"]["annotations"]["mysubpath"] = value
    pods.update(found)


def test_a_folder_that_fails_until_it_is_mended(of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    pods = of("v1/pods")
    pods.create(annotated(notmysubpath="mypath"))
    pods.api.wait(60)
    assert phase(pods.get("var-expansion")) == "Pending"
    annotate(of, "mypath")
    pods.until("var-expansion", lambda tree: phase(tree) == "Running", seconds=120)
    pods.delete("var-expansion")
    pods.until_gone("var-expansion")


def test_what_is_written_in_a_folder(api: Api, of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    pods = of("v1/pods")
    pods.create(annotated(mysubpath="mypath"))
    pods.until("var-expansion", lambda tree: phase(tree) == "Running")
    inside(api, namespace, "var-expansion", "/bin/sh", "-c", "touch /volume_mount/mypath/foo/test.log")
    inside(api, namespace, "var-expansion", "/bin/sh", "-c", "test -f /subpath_mount/test.log")
    annotate(of, "mynewpath")
    pods.until("var-expansion", lambda tree: phase(tree) == "Running")
    pods.delete("var-expansion")
    pods.until_gone("var-expansion")


# ---------------------------------------------------------------------- Services, ConfigMaps, Secrets
def test_services_in_the_environment(api: Api, of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    server = agnhost("serve-hostname", name="srv", ports=[{"containerPort": 9376}])
    ready(of, single("server-envvars", server, meta={"labels": {"name": "server-envvars"}}))
    ports = [{"port": 8765, "targetPort": 8080}]
    of("v1/services").create(
        {"metadata": {"name": "fooservice"}, "spec": {"ports": ports, "selector": {"name": "server-envvars"}}}
    )
    names = [
        "SERVICE_HOST", "SERVICE_PORT", "PORT", "PORT_8765_TCP_PORT", "PORT_8765_TCP_PROTO", "PORT_8765_TCP",
        "PORT_8765_TCP_ADDR",
    ]  # fmt: skip
    text = output(api, of, namespace, printing("client-envvars"))
    has_all(text, [f"(?m)^FOOSERVICE_{name}=." for name in names])


DATA = {"data-1": "value-1", "data-2": "value-2", "data-3": "value-3"}


@pytest.mark.parametrize("kind", ["configMap", "secret"])
def test_objects_in_the_environment(api: Api, of: Speak, namespace: str, kind: str):
    secure(of, namespace, "baseline")
    end = "\n" if kind == "secret" else ""
    data = {name: f"{text}{end}" for name, text in DATA.items()}
    if kind == "secret":
        data = {name: b64encode(text.encode()).decode() for name, text in data.items()}
    of(f"v1/{kind.lower()}s").create({"metadata": {"name": "test"}, "data": data})
    key = {"valueFrom": {f"{kind}KeyRef": {"name": "test", "key": "data-1"}}}
    prefixes = ["", "p-", "p.", "1-"]
    sources = [{f"{kind}Ref": {"name": "test"}, **({"prefix": word} if word else {})} for word in prefixes]
    env = [{"name": "DATA_1", **key}]
    text = output(api, of, namespace, printing("env-test", env=env, envFrom=sources))
    lines = ["DATA_1=value-1", *(f"{word}{name}={value}" for word in prefixes for name, value in DATA.items())]
    assert [line for line in lines if line not in text.splitlines()] == []


# ---------------------------------------------------------------------- Containers
@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"args": ["entrypoint-tester", "override", "arguments"]}, "[/agnhost entrypoint-tester override arguments]"),
        ({"command": ["/agnhost-2", "entrypoint-tester"], "args": None}, "[/agnhost-2 entrypoint-tester]"),
        (
            {"command": ["/agnhost-2"], "args": ["entrypoint-tester", "override", "arguments"]},
            "[/agnhost-2 entrypoint-tester override arguments]",
        ),
    ],
    ids=["arguments", "command", "both"],
)
def test_commands_and_arguments(api: Api, of: Speak, namespace: str, more: Any, wanted: str):
    secure(of, namespace, "baseline")
    container = {name: value for name, value in agnhost(**more).items() if value is not None}
    assert wanted in output(api, of, namespace, single("client-containers", container, restartPolicy="Never"))


def test_the_command_of_the_image(api: Api, of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    container = agnhost()
    del container["args"]
    ready(of, single("client-containers", container))
    assert "Paused" in log(api, namespace, "client-containers")


def test_an_image_with_a_server(of: Speak, namespace: str):
    secure(of, namespace, "baseline")
    assert is_ready(ready(of, single("nginx", {"image": NGINX})))
