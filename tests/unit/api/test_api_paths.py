import pytest

from kubesim.api.paths import agent_of, method_of, path_of, request_from_http
from kubesim.objects.wire import DEPLOYMENTS, NAMESPACES, NODES, PODS, Gvr, Identity, Key, Request

CALLER = Identity("admin")


@pytest.mark.parametrize(
    ("method", "path", "verb", "key", "subresource"),
    [
        ("GET", "/api/v1/pods", "list", Key(PODS), ""),
        ("GET", "/api/v1/namespaces/a/pods", "list", Key(PODS, "a"), ""),
        ("GET", "/api/v1/namespaces/a/pods?watch=1", "watch", Key(PODS, "a"), ""),
        ("GET", "/api/v1/namespaces/a/pods?watch=0", "list", Key(PODS, "a"), ""),
        ("GET", "/api/v1/namespaces/a/pods/b?watch=1", "get", Key(PODS, "a", "b"), ""),
        ("GET", "/api/v1/watch/namespaces/a/pods/b", "watch", Key(PODS, "a", "b"), ""),
        ("POST", "/api/v1/namespaces/a/pods/b/binding", "create", Key(PODS, "a", "b"), "binding"),
        ("PUT", "/apis/apps/v1/namespaces/a/deployments/b/status", "update", Key(DEPLOYMENTS, "a", "b"), "status"),
        ("PATCH", "/apis/apps/v1/namespaces/a/deployments/b", "patch", Key(DEPLOYMENTS, "a", "b"), ""),
        ("DELETE", "/api/v1/namespaces/a/pods", "deletecollection", Key(PODS, "a"), ""),
        ("DELETE", "/api/v1/nodes/n", "delete", Key(NODES, "", "n"), ""),
        ("GET", "/api/v1/namespaces/a", "get", Key(NAMESPACES, "", "a"), ""),
        ("GET", "/api/v1/namespaces/a/status", "get", Key(NAMESPACES, "", "a"), "status"),
        ("PUT", "/api/v1/namespaces/a/finalize", "update", Key(NAMESPACES, "", "a"), "finalize"),
        ("GET", "/api/v1/namespaces/a/foos", "list", Key(Gvr("", "v1", "foos"), "a"), ""),
        ("GET", "/api/v1/nodes/n/proxy/metrics/cadvisor", "get", Key(NODES, "", "n"), "proxy/metrics/cadvisor"),
        ("OPTIONS", "/api/v1/nodes/n", "options", Key(NODES, "", "n"), ""),
    ],
)
def test_a_path_means_a_request(method: str, path: str, verb: str, key: Key, subresource: str) -> None:
    request = request_from_http(method, path, {}, None, CALLER)
    assert request is not None
    assert (request.verb, request.key, request.subresource) == (verb, key, subresource)


@pytest.mark.parametrize("path", ["/", "/version", "/api", "/api/v1", "/apis/apps/v1", "/healthz", "/openapi/v2"])
def test_other_paths_mean_no_request(path: str) -> None:
    assert request_from_http("GET", path, {}, None, CALLER) is None


def test_headers_query_and_body_are_carried() -> None:
    headers = {"Content-Type": "application/yaml", "ACCEPT": "application/yaml", "User-Agent": "kubectl/v1.37.0 (x)"}
    request = request_from_http("POST", "/api/v1/nodes?dryRun=All&pretty=", headers, b"a: b", CALLER)
    assert request is not None
    assert request.body == b"a: b"
    assert request.query == {"dryRun": "All", "pretty": ""}
    assert (request.content_type, request.accept) == ("application/yaml", "application/yaml")
    assert request.identity == Identity("admin", (), "kubectl")


def test_percent_escapes_are_decoded() -> None:
    request = request_from_http("GET", "/api/v1/nodes?labelSelector=a%20in%20(b)", {}, None, CALLER)
    assert request is not None
    assert request.query["labelSelector"] == "a in (b)"


@pytest.mark.parametrize(
    ("request_", "method", "path"),
    [
        (Request("list", Key(PODS, "a"), query={"limit": "5"}), "GET", "/api/v1/namespaces/a/pods?limit=5"),
        (Request("watch", Key(PODS)), "GET", "/api/v1/pods?watch=true"),
        (
            Request("patch", Key(DEPLOYMENTS, "a", "b"), "scale"),
            "PATCH",
            "/apis/apps/v1/namespaces/a/deployments/b/scale",
        ),
        (Request("create", Key(NODES)), "POST", "/api/v1/nodes"),
    ],
)
def test_a_request_has_a_method_and_a_path(request_: Request, method: str, path: str) -> None:
    assert (method_of(request_), path_of(request_)) == (method, path)


def test_the_agent_is_the_first_word() -> None:
    assert agent_of("kubectl/v1.37.0 (linux/amd64) kubernetes/abc") == "kubectl"
