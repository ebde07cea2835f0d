"""What webhook configurations, admission policies and bindings may say."""

from typing import Any

import pytest

from kubesim.kinds.registration_rules import check_binding, check_mutating_policy, check_policy, check_webhooks

Tree = dict[str, Any]
RULE = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
HOOK: Tree = {
    "name": "a.example.com",
    "rules": [RULE],
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
    "clientConfig": {"url": "https://localhost/x"},
}
AT = "webhooks[0]"


def said(causes: list[Any]) -> list[str]:
    return [f"{cause.field}: {cause.message}" for cause in causes]


HOOKS: dict[str, tuple[Tree, list[str]]] = {
    "good": ({}, []),
    "name": (
        {"name": "short"},
        [f'{AT}.name: Invalid value: "short": should be a domain with at least three segments separated by dots'],
    ),
    "reviews": (
        {"admissionReviewVersions": []},
        [f"{AT}.admissionReviewVersions: Required value: must specify one of v1, v1beta1"],
    ),
    "other reviews": (
        {"admissionReviewVersions": ["v2"]},
        [f'{AT}.admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1'],
    ),
    "no side effects": (
        {"sideEffects": None}, [f"{AT}.sideEffects: Required value: must specify one of None, NoneOnDryRun"],
    ),
    "some": (
        {"sideEffects": "Some"},
        [f'{AT}.sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'],
    ),
    "timeout": (
        {"timeoutSeconds": 31},
        [f"{AT}.timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds"],
    ),
    "nowhere": (
        {"clientConfig": {}}, [f"{AT}.clientConfig: Required value: exactly one of url or service is required"],
    ),
    "no https": (
        {"clientConfig": {"url": "http://a"}},
        [
            f"{AT}.clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; "
            "desired format: https://host[/path]"
        ],
    ),
    "no service": (
        {"clientConfig": {"service": {"port": 0}}},
        [
            f"{AT}.clientConfig.service.namespace: Required value",
            f"{AT}.clientConfig.service.name: Required value",
            f"{AT}.clientConfig.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, "
            "inclusive",
        ],
    ),
    "rule": (
        {"rules": [{"operations": ["FLY"]}]},
        [
            f"{AT}.rules[0].apiGroups: Required value", f"{AT}.rules[0].apiVersions: Required value",
            f"{AT}.rules[0].resources: Required value",
            f'{AT}.rules[0].operations[0]: Unsupported value: "FLY": supported values: "*", "CONNECT", "CREATE", '
            '"DELETE", "UPDATE"',
        ],
    ),
    "condition": (
        {"matchConditions": [{"name": "n", "expression": "1 + 1"}, {"name": "n", "expression": "true"}]},
        [
            f'{AT}.matchConditions[0].expression: Invalid value: "1 + 1": must evaluate to bool',
            f'{AT}.matchConditions[1].name: Duplicate value: "n"',
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HOOKS, ids=list(HOOKS))
def test_webhooks(case: str):
    change, expected = HOOKS[case]
    assert said(check_webhooks({"webhooks": [{**HOOK, **change}]})) == expected


def test_two_of_one_name():
    assert said(check_webhooks({"webhooks": [HOOK, HOOK]})) == ['webhooks[1].name: Duplicate value: "a.example.com"']


def test_an_expression_that_does_not_compile():
    conditions = [{"name": "n", "expression": "object.x ="}]
    found = said(check_webhooks({"webhooks": [{**HOOK, "matchConditions": conditions}]}))
    field = "webhooks[0].matchConditions[0].expression"
    assert found[0].startswith(f'{field}: Invalid value: "object.x =": compilation failed: ERROR: <input>:1:')


MATCH = {"matchConstraints": {"resourceRules": [RULE]}}
POLICIES: dict[str, tuple[Tree, list[str]]] = {
    "good": ({**MATCH, "validations": [{"expression": "true"}]}, []),
    "nothing": (
        MATCH,
        [
            f"spec.{name}: Required value: validations or auditAnnotations must contain at least one item"
            for name in ("validations", "auditAnnotations")
        ],
    ),
    "matches nothing": ({"validations": [{"expression": "true"}]}, ["spec.matchConstraints: Required value"]),
    "no expression": (
        {**MATCH, "validations": [{}]},
        ["spec.validations[0].expression: Required value: expression is not specified"],
    ),
    "no boolean": (
        {**MATCH, "validations": [{"expression": "'a'"}]},
        ["spec.validations[0].expression: Invalid value: \"'a'\": must evaluate to bool"],
    ),
    "variables": (
        {**MATCH, "variables": [{"expression": "1"}], "validations": [{"expression": "true"}]},
        ["spec.variables[0].name: Required value"],
    ),
}


@pytest.mark.parametrize("case", POLICIES, ids=list(POLICIES))
def test_policies(case: str):
    spec, expected = POLICIES[case]
    assert said(check_policy({"spec": spec})) == expected


def test_mutating_policies():
    assert said(check_mutating_policy({"spec": {**MATCH, "mutations": [{"patchType": "JSONPatch"}]}})) == [
        "spec.reinvocationPolicy: Required value",
        "spec.mutations[0].jsonPatch.expression: Required value: expression is not specified",
    ]


BINDINGS: dict[str, tuple[Tree, list[str]]] = {
    "good": ({"policyName": "p", "validationActions": ["Deny", "Audit"]}, []),
    "empty": (
        {},
        [
            "spec.policyName: Required value",
            "spec.validationActions: Required value: at least one validation action is required",
        ],
    ),
    "twice": (
        {"policyName": "p", "validationActions": ["Deny", "Warn"]},
        [
            'spec.validationActions: Invalid value: ["Deny","Warn"]: must not contain both Deny and Warn (repeating '
            "the same validation failure information in the API response and headers serves no purpose)"
        ],
    ),
    "parameters": (
        {"policyName": "p", "validationActions": ["Deny"], "paramRef": {}},
        [
            "spec.paramRef.name: Required value: one of name or selector must be specified",
            "spec.paramRef.parameterNotFoundAction: Required value",
        ],
    ),
}


@pytest.mark.parametrize("case", BINDINGS, ids=list(BINDINGS))
def test_bindings(case: str):
    spec, expected = BINDINGS[case]
    assert said(check_binding({"spec": spec}, validating=True)) == expected
