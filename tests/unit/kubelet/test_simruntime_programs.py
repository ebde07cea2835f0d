"""What containers run: images, commands, arguments, memory, logs and usage."""

import pytest

from kubesim.kubelet import images
from kubesim.kubelet.catalogue import Catalogue, CatalogueError
from kubesim.kubelet.profile import Curve
from kubesim.kubelet.runtime import Facts
from kubesim.kubelet.simruntime import program
from kubesim.kubelet.simruntime.machine import Surroundings
from kubesim.kubelet.simruntime.process import SimProcess
from kubesim.kubelet.simruntime.program import Asked

CATALOGUE = Catalogue.load()
FACTS = Facts("default", "web-0", "uid", "c", "nginx", "n1", "172.18.0.2", "10.244.0.2")
START = 1_750_000_000_000


def build(image, *, env=None, **asked):
    profile = CATALOGUE.profile(images.parse(image))
    return program.build(profile, Asked(**asked), Surroundings(env or {}, {}, "web-0"))


@pytest.mark.parametrize(
    ("image", "asked", "env", "listens", "end", "code"),
    [
        ("nginx", {}, {}, 100, None, 0),
        ("busybox", {}, {}, None, 0, 0),
        ("alpine", {"arguments": ("sleep", "10")}, {}, None, 10_000, 0),
        ("busybox", {"command": ("sh", "-c", "exit 4")}, {}, None, 0, 4),
        ("python:3", {"command": ("python", "app.py")}, {}, 200, None, 0),
        ("myorg/app:1", {}, {}, 200, None, 0),
        ("myorg/app:1", {"command": ("/app/serve",)}, {}, 200, None, 0),
        ("myorg/migrate:1", {"one_shot": True}, {}, None, 3000, 0),
        ("myorg/migrate:1", {"command": ("./migrate",), "one_shot": True}, {}, None, 3000, 0),
        (
            "perl:5",
            {"command": ("perl", "-Mbignum=bpi", "-wle", "print bpi(2000)"), "one_shot": True},
            {},
            None,
            3000,
            0,
        ),
        ("nginx", {"one_shot": True}, {}, 100, None, 0),
        ("nginx", {"command": ("sh", "-c", "sleep 3; nginx -g 'daemon off;'")}, {}, 3100, None, 0),
        ("postgres:17", {}, {}, None, 100, 1),
        ("postgres:17", {}, {"POSTGRES_PASSWORD": "x"}, 3000, None, 0),
        ("hello-world", {}, {}, 200, 0, 0),
        ("busybox", {"command": ("httpd", "-f", "-p", "8080"), "ports": (8080,)}, {}, 200, None, 0),
    ],
)
def test_programs(image, asked, env, listens, end, code):
    built = build(image, env=env, **asked)
    assert (built.listens_ms, built.ends_ms, built.exit_code) == (listens, end, code)


def test_pause_has_no_shell():
    assert "executable file not found" in build("registry.k8s.io/pause:3.10", command=("sh", "-c", "true")).start_error


def test_ports_are_the_image_s_and_the_declared():
    assert build("nginx", ports=(8080, 80)).ports == (80, 8080)


def test_memory_over_the_limit():
    built = build("polinux/stress", arguments=("--vm-bytes", "250M"), memory_limit=100 << 20)
    assert (built.exit_reason, built.exit_code) == ("OOMKilled", 137)
    assert 0 < built.ends_ms < 2000


@pytest.mark.parametrize(
    ("limit", "age"), [(5, 0), (10, 1), (15, 501), (20, None)], ids=["at-once", "just-after", "half", "never"]
)
def test_curve_crosses(limit, age):
    assert Curve((0, 1000), (10, 20)).crosses(limit) == age


def test_curve_values():
    curve = Curve((0, 1000, 3000), (10, 20, 0))
    assert [curve.at(age) for age in (0, 500, 1000, 2000, 9000)] == [10, 15, 20, 10, 0]


def test_logs_of_a_server_and_its_requests():
    process = SimProcess(build("nginx"), START, None, None)
    process.note(START + 5000, "GET /")
    lines = process.logs(START + 10_000, 100, FACTS)
    assert lines[0].at_ms == START + 100
    assert "start worker processes" in "".join(line.text for line in lines)
    assert lines[-1] == (START + 5000, "GET /")
    process.terminate(START + 20_000, 30_000)
    assert process.logs(START + 30_000, 100, FACTS)[-1].text.endswith("exit")


def test_logs_before_and_after():
    process = SimProcess(
        build("busybox", command=("sh", "-c", "echo a; sleep 10; echo -n b; sleep 1; echo c")), START, None, None
    )
    assert [line.text for line in process.logs(START + 5000, 100)] == ["a"]
    assert process.logs(START + 60_000, 100) == [(START, "a"), (START + 10_000, "bc")]
    assert len(process.logs(START + 60_000, 1)) == 1


def test_long_logs_are_cut():
    process = SimProcess(
        build("busybox", command=("sh", "-c", "while true; do echo x; sleep 1; done")), START, None, None
    )
    assert len(process.logs(START + 86_400_000, 50)) == 50


def test_usage_follows_curve_and_requests():
    process = SimProcess(build("registry.k8s.io/hpa-example"), START, None, None)
    idle = process.usage(START + 60_000)
    for number in range(150):
        process.note(START + 60_000 + number * 100, "")
    busy = process.usage(START + 75_000)
    assert busy[0] > idle[0] + 300
    assert process.usage(START + 200_000)[0] == idle[0]


# ---------------------------------------------------------------------- catalogue
def test_every_entry_can_be_read():
    assert len(CATALOGUE.names()) > 40


def test_own_entries_win_and_extend():
    own = {
        "shop": {"match": ["registry.test/shop", "nginx:special"], "like": "nginx", "size": "10Mi", "start": 2.5},
        "redis": {"size": "1Mi"},
    }
    found = Catalogue.load(own)
    assert found.profile(images.parse("nginx:special")).start_ms == 2500
    assert found.profile(images.parse("nginx:other")).name == "nginx"
    assert found.profile(images.parse("registry.test/shop:7")).size == 10 << 20
    redis = found.profile(images.parse("redis:7"))
    assert (redis.size, redis.protocol) == (1 << 20, "redis")


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"sise": "1Mi"}, "images.app.sise: unknown field; known are like, match, args,"),
        ({"size": "lots"}, "images.app.size: quantities must match"),
        ({"size": [1]}, "images.app.size: expected a quantity, not [1]"),
        ({"start": "soon"}, "images.app.start: expected seconds, not 'soon'"),
        ({"ports": [0]}, "images.app.ports[0]: expected a whole number from 1 to 65535, not 0"),
        ({"ports": 80}, "images.app.ports: expected a list, not 80"),
        ({"protocol": "gopher"}, "images.app.protocol: expected one of http,"),
        ({"memory": [[0, "1Mi"], [0, "2Mi"]]}, "images.app.memory[1][0]: seconds must grow"),
        ({"memory": [[0, "x"]]}, "images.app.memory[0][1]: "),
        ({"http": {"routes": [{"body": "x"}]}}, "images.app.http.routes[0].path: required"),
        ({"http": {"routes": [{"path": "/", "status": 99}]}}, "images.app.http.routes[0].status: expected"),
        ({"logs": {"periodic": {"every": 0, "line": "x"}}}, "images.app.logs.periodic.every: must be greater than 0"),
        ({"like": "nobody"}, "images.app.like: there is no entry 'nobody' before this one"),
        ({"exit": {"code": 300}}, "images.app.exit.code: expected a whole number from 0 to 255"),
        ("nginx", "images.app: expected a mapping, not 'nginx'"),
    ],
)
def test_errors_name_the_field(entry, text):
    with pytest.raises(CatalogueError) as caught:
        Catalogue.load({"app": entry})
    assert str(caught.value).startswith(text)
