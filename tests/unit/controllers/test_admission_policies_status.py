"""The status of ValidatingAdmissionPolicies, and the APIServices of custom resources."""

from typing import Any

from kubesim.cluster import Cluster
from kubesim.objects.wire import Gvr, Key, Request

POLICIES = Gvr("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies")
DEFINITIONS = Gvr("apiextensions.k8s.io", "v1", "customresourcedefinitions")
APISERVICES = Gvr("apiregistration.k8s.io", "v1", "apiservices")
RULE = {"operations": ["CREATE"], "apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"]}


def create(cluster: Cluster, gvr: Gvr, body: dict[str, Any]) -> None:
    found = cluster.handle(Request("create", Key(gvr), body=body))
    assert found.code == 201, found.body


def checked(*validations: dict[str, str]) -> dict[str, Any]:
    cluster = Cluster()
    spec = {"matchConstraints": {"resourceRules": [RULE]}, "validations": list(validations)}
    create(cluster, POLICIES, {"metadata": {"name": "p"}, "spec": spec})
    cluster.advance(1_000)
    found: dict[str, Any] = cluster.handle(Request("get", Key(POLICIES, "", "p"))).body["status"]
    return found


def test_expressions_that_fit():
    expression = "object.spec.replicas > 1 && object.spec.template.spec.containers.all(c, c.image != '')"
    assert checked({"expression": expression}) == {"observedGeneration": 1, "typeChecking": {}}


def test_expressions_that_do_not():
    found = checked({"expression": "object.spec.replicas > '1'"}, {"expression": "object.spec.nothing == 1"})
    assert found["observedGeneration"] == 1
    assert found["typeChecking"]["expressionWarnings"] == [
        {
            "fieldRef": "spec.validations[0].expression",
            "warning": (
                "apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to "
                "'(int, string)'\n | object.spec.replicas > '1'\n | .....................^\n"
            ),
        },
        {
            "fieldRef": "spec.validations[1].expression",
            "warning": (
                "apps/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'nothing'\n"
                " | object.spec.nothing == 1\n | ...........^\n"
            ),
        },
    ]


def apiservices(cluster: Cluster) -> dict[str, dict[str, Any]]:
    items = cluster.handle(Request("list", Key(APISERVICES))).body["items"]
    return {item["metadata"]["name"]: item for item in items}


def test_the_apiservices_of_the_start():
    found = apiservices(Cluster())
    assert "v1." in found
    apps = found["v1.apps"]
    assert apps["spec"] == {"group": "apps", "version": "v1", "groupPriorityMinimum": 17_800, "versionPriority": 15}
    condition = apps["status"]["conditions"][0]
    assert (condition["type"], condition["status"], condition["reason"]) == ("Available", "True", "Local")


def test_the_apiservices_of_custom_resources():
    cluster = Cluster()
    schema = {"openAPIV3Schema": {"type": "object"}}
    versions = [
        {"name": name, "served": name != "v2", "storage": name == "v1", "schema": schema} for name in ("v1", "v2")
    ]
    names = {"plural": "cars", "kind": "Car"}
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": versions}
    create(cluster, DEFINITIONS, {"metadata": {"name": "cars.example.com"}, "spec": spec})
    cluster.advance(2_000)
    found = apiservices(cluster)
    assert found["v1.example.com"]["status"]["conditions"][0]["reason"] == "Local"
    assert "v2.example.com" not in found
    cluster.handle(Request("delete", Key(DEFINITIONS, "", "cars.example.com")))
    cluster.advance(30_000)
    assert "v1.example.com" not in apiservices(cluster)
