"""Requests that are meant to confuse: framing, headers, paths, parameters, and many at once."""

import pytest

from faults.hostile import Target

HOST = b"Host: 127.0.0.1\r\n"
POST = b"POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
CONFIGMAP = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"smuggled"}}'
SECOND = b"POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\n" + HOST + b"Content-Length: 69\r\n\r\n" + CONFIGMAP


def length(size: int) -> bytes:
    return b"Content-Length: %d\r\n" % size


FRAMES = {
    "nothing": b"",
    "noise": bytes(range(256)) * 8,
    "tls-in-tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    "http-2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(32),
    "http-0.9": b"GET /livez\r\n\r\n",
    "version": b"GET /livez HTTP/9.9\r\n" + HOST + b"\r\n",
    "version-text": b"GET /livez HTTP/x\r\n" + HOST + b"\r\n",
    "method-space": b"GE T /livez HTTP/1.1\r\n" + HOST + b"\r\n",
    "method-bytes": b"\xff\xfe /livez HTTP/1.1\r\n" + HOST + b"\r\n",
    "long-method": b"A" * 70_000 + b" /livez HTTP/1.1\r\n" + HOST + b"\r\n",
    "connect": b"CONNECT 127.0.0.1:22 HTTP/1.1\r\n" + HOST + b"\r\n",
    "long-line": b"GET /" + b"a" * (2 * 1024 * 1024) + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "long-header": b"GET /livez HTTP/1.1\r\n" + HOST + b"X: " + b"a" * (2 * 1024 * 1024) + b"\r\n\r\n",
    "many-headers": b"GET /livez HTTP/1.1\r\n" + HOST + b"".join(b"X-%d: a\r\n" % n for n in range(50_000)) + b"\r\n",
    "header-null": b"GET /livez HTTP/1.1\r\n" + HOST + b"X: a\x00b\r\n\r\n",
    "header-space": b"GET /livez HTTP/1.1\r\n" + HOST + b"X : a\r\n\r\n",
    "header-no-colon": b"GET /livez HTTP/1.1\r\n" + HOST + b"nonsense\r\n\r\n",
    "negative-length": POST + b"Content-Length: -5\r\n\r\n" + CONFIGMAP,
    "text-length": POST + b"Content-Length: abc\r\n\r\n" + CONFIGMAP,
    "plus-length": POST + b"Content-Length: +69\r\n\r\n" + CONFIGMAP,
    "huge-length": POST + b"Content-Length: 99999999999999999999999999\r\n\r\n",
    "two-lengths": POST + length(0) + length(len(SECOND)) + b"\r\n" + SECOND,
    "both-length-first": POST + length(4) + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "both-chunked-first": POST + b"Transfer-Encoding: chunked\r\n" + length(4) + b"\r\n0\r\n\r\n" + SECOND,
    "encoding-unknown": POST + b"Transfer-Encoding: gorilla\r\n\r\n" + SECOND,
    "encoding-hidden": POST + b"Transfer-Encoding: xchunked\r\n" + length(0) + b"\r\n" + SECOND,
    "encoding-twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + SECOND,
    "encoding-tab": POST + b"Transfer-Encoding:\tchunked, identity\r\n\r\n0\r\n\r\n" + SECOND,
    "chunk-text": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + CONFIGMAP,
    "chunk-negative": POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n" + CONFIGMAP,
    "chunk-huge": POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n" + CONFIGMAP,
    "chunk-long-extension": POST + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"a" * 3_000_000 + b"\r\n",
    "chunk-short": POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}}\r\n0\r\n\r\n",
    "folded": POST + b"X: a\r\n Content-Length: 5\r\n\r\n" + SECOND,
}
"""None of these may get anything done; the second request hidden in some must never be answered as one."""


@pytest.mark.parametrize("data", FRAMES.values(), ids=FRAMES.keys())
def test_framing(target: Target, data: bytes):
    reply = target.raw(data, quiet=0.1)
    assert 201 not in reply.codes, reply.data[-500:]
    assert all(400 <= code < 500 or code in {200, 501, 505} for code in reply.codes), reply.data[:300]
    assert reply.code != 200 or not data.startswith(POST), reply.data[:300]


def test_only_new_lines(target: Target):
    """Whether a bare LF ends a line or not, it smuggles nothing."""
    reply = target.raw(POST + b"X: a\nContent-Length: 69\r\n\r\n" + CONFIGMAP, anonymous=True)
    assert 201 not in reply.codes


def test_a_thousand_requests_that_nobody_reads(target: Target):
    one = b"GET /api/v1/namespaces/kube-system/configmaps HTTP/1.1\r\n" + HOST + b"\r\n"
    reply = target.raw(one * 1_000, quiet=0.05)
    assert set(reply.codes) <= {200}


DOTS = "%2e%2e"
PATHS = [
    "/../../../../etc/passwd",
    f"/{DOTS}/{DOTS}/{DOTS}/etc/passwd",
    "/api/v1/namespaces/default/configmaps/../../../../../etc/passwd",
    f"/api/v1/namespaces/{DOTS}/{DOTS}/secrets",
    "/api/v1/namespaces/%252e%252e/configmaps/x",
    "/api/v1/namespaces/default/configmaps/..%2f..%2fsecrets",
    "/api/v1/namespaces/default%2fconfigmaps/x",
    "/api/v1/namespaces/default/configmaps/%00",
    "/api/v1/namespaces/default/configmaps/a%00b",
    "/api/v1/namespaces/default/configmaps/%ff%fe",
    "/api/v1/namespaces/default/configmaps/%c0%ae%c0%ae",
    "/api/v1/namespaces/default/configmaps/%zz",
    "/api/v1/namespaces/default/configmaps/%",
    "/api/v1/namespaces/default/configmaps/" + "a" * 10_000,
    "/api/v1/namespaces/default/pods/x/log/../../../secrets",
    "/api/v1/namespaces/default/pods/x/proxy/../../../../../etc/passwd",
    "/api/v1/namespaces/default/services/x:99999999/proxy/",
    "/api/v1/namespaces/default/services/http:x:abc/proxy/%2e%2e/",
    "/api/v1/namespaces/default/services/kubernetes:%c2%b2/proxy/",
    "/api/v1/namespaces/default/services/kubernetes:" + "9" * 5_000 + "/proxy/",
    "/api/v1/nodes/none/proxy/logs/../../../etc/shadow",
    "/apis/apps/v1/namespaces/default/deployments/x/scale/y/z",
    "/apis//v1/pods",
    "/apis/apps//deployments",
    "/api/v2/pods",
    "/apis/none.example.com/v1/things",
    "//api/v1/secrets/x",
    "/api/v1//namespaces//default//secrets//x",
    "/openapi/v3/../../../etc/passwd",
    "/openapi/v3/apis/..%2f..%2fx",
    "/static/../../server.pem",
    "/.well-known/../ca.key",
    "/" + "a/" * 20_000,
]


@pytest.mark.parametrize("path", PATHS, ids=[path[:60] for path in PATHS])
def test_paths(target: Target, path: str):
    reply = target.send("GET", path)
    # k8s: a proxy that finds nobody to ask says 503.
    assert 300 <= reply.code < 500 or (reply.code == 503 and "/proxy" in path), reply.data[:500]
    assert b"root:" not in reply.data
    assert b"PRIVATE KEY" not in reply.data


BIG = "9" * 5_000
PODS = "/api/v1/namespaces/default/pods"
QUERIES = [
    "limit=-1",
    "limit=x",
    f"limit={BIG}",
    "limit=1&continue=garbage",
    "continue=" + "A" * 100_000,
    "continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTk5OTk5OTk5OTk5OTk5OTk5OTk5OTksInN0YXJ0IjoiLi4vLi4vIn0",
    "continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6InQiLCJzdGFydCI6MX0",
    "resourceVersion=-1",
    "resourceVersion=x",
    f"resourceVersion={BIG}",
    "resourceVersion=1&resourceVersionMatch=Never",
    "resourceVersionMatch=Exact",
    "labelSelector=" + "(" * 50_000,
    "labelSelector=a%20in%20(" + "b," * 50_000,
    "labelSelector=%00",
    "labelSelector=a==b==c",
    "labelSelector=" + "a" * 100_000 + "%3Db",
    "fieldSelector=nonsense",
    "fieldSelector=spec.nothing%3Da",
    "fieldSelector=" + "%5C" * 50_000,
    "watch=perhaps",
    "watch=true&timeoutSeconds=-1&resourceVersion=x",
    f"watch=true&timeoutSeconds={BIG}",
    "watch=true&resourceVersion=99999999999",
    "watch=true&sendInitialEvents=true",
    "watch=true&sendInitialEvents=maybe",
    "timeoutSeconds=x",
    "pretty=" + "x" * 10_000,
    "a=b&" * 20_000,
    "%ff=%fe&%00=%00",
    "includeObject=Everything",
    "&&&===&",
    "timeout=forever",
]


@pytest.mark.parametrize("query", QUERIES, ids=[query[:50] for query in QUERIES])
def test_parameters(target: Target, query: str):
    reply = target.raw(f"GET {PODS}?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode(), quiet=1.0)
    assert reply.code in {200, 500, 504} or 400 <= reply.code < 500, reply.data[:500]
    # k8s: a resourceVersion that is no number is a plain error of a watch, and told as 500.
    assert reply.code != 500 or b"strconv.ParseUint" in reply.data


WRITES = [
    "dryRun=Some",
    "dryRun=All&dryRun=None",
    "fieldValidation=Never",
    "fieldManager=" + "x" * 1_000,
    "fieldManager=%00",
    "fieldManager=%ff",
    "gracePeriodSeconds=x",
    f"gracePeriodSeconds={BIG}",
    "propagationPolicy=Explode",
    "orphanDependents=perhaps",
    "propagationPolicy=Orphan&orphanDependents=true",
]


@pytest.mark.parametrize("query", WRITES, ids=[query[:40] for query in WRITES])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_parameters_of_writes(target: Target, method: str, query: str):
    path = "/api/v1/namespaces/default/configmaps" + ("" if method == "POST" else "/none")
    reply = target.send(
        method,
        f"{path}?{query}",
        b'{"metadata":{"name":"Bad Name"}}',
        "application/merge-patch+json" if method == "PATCH" else "application/json",
    )
    assert 400 <= reply.code < 500, reply.data[:500]


ACCEPTS = [
    "application/x-evil",
    "application/json;as=Table;v=v9;g=meta.k8s.io",
    "application/json;as=" + "x" * 50_000,
    "*/*;q=nan",
    ";;;",
    "a" * 100_000,
    "application/json;as=PartialObjectMetadata;g=../../;v=v1",
    "\xff\xfe",
    ", " * 20_000,
]


@pytest.mark.parametrize("accept", ACCEPTS, ids=[accept[:40].encode("unicode-escape").decode() for accept in ACCEPTS])
def test_accept(target: Target, accept: str):
    reply = target.send("GET", PODS, Accept=accept)
    assert reply.code in {200, 400, 406}, reply.data[:500]


@pytest.mark.parametrize(
    "value", ["\xff\xfe", "a" * 100_000, "\x01\x02", "", "/"], ids=["bytes", "long", "control", "none", "slash"]
)
def test_user_agents(target: Target, value: str):
    """They name the field manager of what is written."""
    body = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"agent"}}'
    path = "/api/v1/namespaces/default/configmaps?dryRun=All"
    reply = target.send("POST", path, body, User_Agent=value)
    assert reply.code in {201, 400}
    assert b"a" * 129 not in reply.data


@pytest.mark.parametrize("name", ["Impersonate-User", "Impersonate-Group", "Impersonate-Extra-%zz", "Impersonate-Uid"])
@pytest.mark.parametrize(
    "value", ["", "\xff", "system:masters", "a" * 100_000], ids=["none", "bytes", "masters", "long"]
)
def test_impersonation(target: Target, name: str, value: str):
    reply = target.send("POST", "/api/v1/namespaces/default/configmaps", b"{", **{name: value})
    assert 400 <= reply.code < 500, reply.data[:400]
