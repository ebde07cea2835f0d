"""Containers that answer: HTTP in all its forms, Redis, and the polite refusals of other stores."""

import base64
import json
import pickle
import struct

import pytest

from kubesim.objects.errors import ApiError
from kubesim.objects.wire import SECRETS

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def web(make_rig):
    rig = make_rig(
        images=(
            "nginx:1.27",
            "example.test/app:1",
            "redis:7",
            "memcached:1",
            "postgres:17",
            "mysql:9",
            "mongo:8",
            "busybox:1",
        )
    )
    rig.configmap("settings", colour="blue")
    body = {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": "default"},
        "data": {"token": base64.b64encode(b"hush").decode()},
    }  # fmt: skip
    rig.create(body, SECRETS)
    env = [
        {"name": "COLOUR", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "colour"}}},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}},
    ]
    rig.start("web", "nginx:1.27")
    rig.start("app", "example.test/app:1", ports=[{"containerPort": 8080}], env=env)
    rig.run(3)
    return rig


def split(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    return lines[0], dict(line.split(": ", 1) for line in lines[1:]), body


def test_page_describes_the_pod(web):
    answer = web.kubelets.connect("default", "app", 8080).feed(
        b"GET /a?x=1 HTTP/1.1\r\nHost: h\r\nUser-Agent: me\r\n\r\n"
    )
    line, headers, body = split(answer)
    assert line == "HTTP/1.1 200 OK"
    assert headers["Content-Type"] == "application/json"
    page = json.loads(body)
    assert int(headers["Content-Length"]) == len(body)
    assert {key: page[key] for key in ("pod", "namespace", "node", "path", "requests", "image", "container")} == {
        "pod": "app", "namespace": "default", "node": "n1", "path": "/a", "requests": 1,
        "image": "example.test/app:1", "container": "c",
    }  # fmt: skip
    assert page["ip"] == web.status("app")["podIP"]
    assert page["env"] == {"COLOUR": "blue", "TOKEN": "********"}
    assert (page["headers"]["User-Agent"], page["query"]) == ("me", {"x": ["1"]})


def test_nginx_welcomes(web):
    connection = web.kubelets.connect("default", "web", 80)
    line, headers, body = split(connection.feed(GET))
    assert (line, headers["Server"]) == ("HTTP/1.1 200 OK", "nginx/1.29.1")
    assert b"<h1>Welcome to nginx!</h1>" in body
    assert b"color-scheme: light dark; }" in body
    line, _, body = split(connection.feed(b"GET /nope HTTP/1.1\r\nHost: a\r\n\r\n"))
    assert line == "HTTP/1.1 404 Not Found"
    lines = [line.text for line in web.kubelets.logs("default", "web")]
    assert lines[-1].startswith("10.244.0.1 - - [")
    assert '"GET /nope HTTP/1.1" 404' in lines[-1]


def test_keep_alive_and_pipelining(web):
    connection = web.kubelets.connect("default", "web", 80)
    assert connection.feed(GET * 3).count(b"HTTP/1.1 200 OK") == 3
    assert connection.closed is False


def test_bytes_one_by_one(web):
    connection = web.kubelets.connect("default", "web", 80)
    out = b"".join(connection.feed(bytes([byte])) for byte in GET)
    assert out.startswith(b"HTTP/1.1 200 OK")


def test_head_has_no_body(web):
    answer = web.kubelets.connect("default", "web", 80).feed(GET.replace(b"GET", b"HEAD"))
    _, headers, body = split(answer)
    assert (body, int(headers["Content-Length"]) > 100) == (b"", True)


def test_connection_close_and_old_http(web):
    connection = web.kubelets.connect("default", "web", 80)
    assert b"Connection: close" in connection.feed(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert connection.closed is True
    assert connection.feed(GET) == b""
    old = web.kubelets.connect("default", "web", 80)
    old.feed(b"GET / HTTP/1.0\r\n\r\n")
    assert old.closed is True


@pytest.mark.parametrize(
    ("head", "parts"),
    [
        (b"Content-Length: 5", [b"hello"]),
        (b"Content-Length: 5", [b"he", b"llo"]),
        (b"Transfer-Encoding: chunked", [b"2\r\nhe\r\n", b"3;x=y\r\nllo\r\n0\r\n\r\n"]),
        (b"Transfer-Encoding: chunked", [b"5\r\nhello\r\n0\r\nTrailer: x\r\n\r\n"]),
    ],
    ids=["length", "length-in-parts", "chunked-in-parts", "chunked-trailer"],
)
def test_bodies(web, head, parts):
    connection = web.kubelets.connect("default", "app", 8080)
    out = connection.feed(b"POST /x HTTP/1.1\r\nHost: a\r\n" + head + b"\r\n\r\n")
    for part in parts:
        out += connection.feed(part)
    assert json.loads(split(out)[2])["body"] == "hello"


def test_expect_continue(web):
    connection = web.kubelets.connect("default", "app", 8080)
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    assert connection.feed(head) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert connection.feed(b"ok").startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"rubbish\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\nx", 400),
        (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nBad Header\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"FROB / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        (b"GET http://[x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000, 431),
    ],
    ids=[
        "no-http",
        "tls",
        "spaces",
        "version",
        "no-host",
        "header",
        "negative",
        "chunk",
        "coding",
        "too-big",
        "method",
        "target",
        "flood",
    ],
)
def test_malformed(web, data, status):
    connection = web.kubelets.connect("default", "web", 80)
    assert connection.feed(data).startswith(f"HTTP/1.1 {status} ".encode())
    assert connection.closed is True


def test_nothing_listens(web):
    with pytest.raises(ApiError) as caught:
        web.kubelets.connect("default", "web", 81)
    assert "failed to connect to localhost:81" in str(caught.value)
    assert "connection refused" in str(caught.value)


def test_pod_that_does_not_run(web):
    with pytest.raises(ApiError) as caught:
        web.kubelets.connect("default", "none", 80)
    assert (caught.value.code, str(caught.value)) == (404, 'pods "none" not found')
    web.start("late", "nginx:1.27")
    web.run(0.2)
    with pytest.raises(ApiError) as caught:
        web.kubelets.connect("default", "late", 80)
    assert str(caught.value) == "unable to forward port because pod is not running. Current status=Pending"


def test_connections_survive_a_copy(web):
    web.connection = web.kubelets.connect("default", "web", 80)
    web.connection.feed(GET[:10])
    copy = pickle.loads(pickle.dumps(web))
    assert copy.connection.feed(GET[10:]) == web.connection.feed(GET[10:])


# ---------------------------------------------------------------------- stores
def connect(rig, image, port, **more):
    rig.start("store", image, **more)
    rig.run(15)
    return rig.kubelets.connect("default", "store", port)


def test_redis(web):
    redis = connect(web, "redis:7", 6379)
    assert redis.feed(b"PING\r\n") == b"+PONG\r\n"
    assert redis.feed(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n10\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n") == b"+OK\r\n:11\r\n"
    assert redis.feed(b"*2\r\n$3\r\nGET\r\n$1") == b""
    assert redis.feed(b"\r\na\r\n") == b"$2\r\n11\r\n"
    other = web.kubelets.connect("default", "store", 6379)
    assert other.feed(b"GET a\r\n") == b"$2\r\n11\r\n"
    assert other.feed(b"GET nobody\r\n") == b"$-1\r\n"
    assert other.feed(b"RPUSH l x y\r\nLRANGE l 0 -1\r\n") == b":2\r\n*2\r\n$1\r\nx\r\n$1\r\ny\r\n"
    assert other.feed(b"SET t 1 EX 10\r\nTTL t\r\n") == b"+OK\r\n:10\r\n"
    web.run(11)
    assert other.feed(b"GET t\r\n") == b"$-1\r\n"
    assert other.feed(b"GET\r\n") == b"-ERR wrong number of arguments for 'get' command\r\n"
    assert other.feed(b"FROB x\r\n").startswith(b"-ERR unknown command 'FROB'")
    assert other.feed(b"*1\r\n!4\r\n").startswith(b"-ERR Protocol error")
    assert other.closed is True
    web.kubelets.worker_of("default", "store").kill(web.loop.now)
    web.run(2)
    assert web.kubelets.connect("default", "store", 6379).feed(b"GET a\r\n") == b"$-1\r\n"


def test_memcached(web):
    store = connect(web, "memcached:1", 11211)
    assert store.feed(b"set a 0 0 5\r\nhel") == b""
    assert store.feed(b"lo\r\nget a b\r\n") == b"STORED\r\nVALUE a 0 5\r\nhello\r\nEND\r\n"
    assert store.feed(b"delete a\r\nget a\r\nfrob\r\n") == b"DELETED\r\nEND\r\nERROR\r\n"


def test_postgres(web):
    store = connect(web, "postgres:17", 5432, env=[{"name": "POSTGRES_PASSWORD", "value": "x"}])
    assert store.feed(struct.pack("!II", 8, 80877103)) == b"N"
    startup = b"user\0me\0\0"
    answer = store.feed(struct.pack("!II", 8 + len(startup), 196608) + startup)
    assert answer[:1] == b"E"
    assert b"simulated PostgreSQL" in answer
    assert store.closed is True


def test_mysql_greets(web):
    store = connect(web, "mysql:9", 3306, env=[{"name": "MYSQL_ROOT_PASSWORD", "value": "x"}])
    assert b"9.4.0" in store.feed(b"")
    assert b"Access denied" in store.feed(b"\x01\x00\x00\x01x")


def test_mongo_over_http(web):
    assert b"trying to access MongoDB over HTTP" in connect(web, "mongo:8", 27017).feed(b"GET / HTTP/1.1\r\n\r\n")


# ---------------------------------------------------------------------- logs, commands, usage
def test_log_errors(web):
    web.start("bad", "nginx:doesnotexist")
    web.run(5)
    for arguments, text in [
        (("default", "bad"), 'container "c" in pod "bad" is waiting to start: trying and failing to pull image'),
        (("default", "web", "x"), "container x is not valid for pod web"),
        (("default", "web", "c", True), 'previous terminated container "c" in pod "web" not found'),
        (("default", "none"), 'pods "none" not found'),
    ]:
        with pytest.raises(ApiError) as caught:
            web.kubelets.logs(*arguments)
        assert str(caught.value) == text


def test_container_has_to_be_named(web):
    web.start("two", "nginx:1.27", spec={"initContainers": [{"name": "i", "image": "busybox:1", "command": ["true"]}]})
    web.run(5)
    with pytest.raises(ApiError) as caught:
        web.kubelets.logs("default", "two")
    assert str(caught.value) == (
        "a container name must be specified for pod two, choose one of: [c] or one of the init containers: [i]"
    )


def test_previous_log(web):
    web.start("crash", "busybox:1", command=["sh", "-c", "echo run; date +%s; exit 1"])
    web.run(4)
    now = [line.text for line in web.kubelets.logs("default", "crash")]
    assert now[0] == "run"
    web.run(12)
    assert web.kubelets.logs("default", "crash", "c", True)[0].text == "run"


def test_exec(web):
    run = web.kubelets.execute
    assert run("default", "app", "c", ("sh", "-c", "echo $COLOUR $TOKEN; exit 3"))[:2] == (3, "blue hush\n")
    assert run("default", "app", "c", ("cat", "/var/run/secrets/kubernetes.io/serviceaccount/namespace"))[:2] == (
        0,
        "default",
    )
    assert run("default", "app", "c", ("hostname",))[:2] == (0, "app\n")
    assert run("default", "web", "c", ("curl", "localhost:80")).code == 0


def test_usage(web):
    cpu, memory = web.kubelets.usage("default", "web")
    assert (cpu, memory) == (1, 8 << 20)
    assert web.kubelets.usage("default", "none") is None
    other = web.kubelets.usage("default", "app")
    assert web.kubelets.usage("", "n1") == (60 + 1 + other[0], (308 << 20) + other[1])
    assert web.kubelets.container_usage("default", "web") == {"c": (1, 8 << 20)}
