"""What webhook configurations, admission policies and their bindings may say.

# k8s: pkg/apis/admissionregistration/validation/validation.go
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from kubesim.api.failures import invalid_value, not_supported, required
from kubesim.objects.errors import Cause
from kubesim.objects.wire import EMPTY, Tree

REVIEWS = ("v1", "v1beta1")
SIDE_EFFECTS = ("None", "NoneOnDryRun")
_FORMAT = "desired format: https://host[/path]"
_AUTH = "kubernetes.authorization"
_REQUEST: Mapping[str, str] = {
    "object": "dyn", "oldObject": "dyn", "request": "dyn", "authorizer": f"{_AUTH}.Authorizer",
    "authorizer.requestResource": f"{_AUTH}.ResourceCheck",
}  # fmt: skip


# ---------------------------------------------------------------------- webhooks
def check_webhooks(obj: Tree) -> list[Cause]:
    """The complaints about a configuration."""
    causes: list[Cause] = []
    known: set[str] = set()
    for index, webhook in enumerate(obj.get("webhooks") or ()):
        path = f"webhooks[{index}]"
        causes += _webhook(webhook, path)
        name = str(webhook.get("name") or "")
        if name in known:
            causes.append(Cause("FieldValueDuplicate", f'Duplicate value: "{name}"', f"{path}.name"))
        known.add(name)
    return causes


def _webhook(webhook: Tree, path: str) -> list[Cause]:
    causes: list[Cause] = []
    name = str(webhook.get("name") or "")
    if not name:
        causes.append(required(f"{path}.name"))
    elif len(name.split(".")) < 3:
        text = "should be a domain with at least three segments separated by dots"
        causes.append(invalid_value(f"{path}.name", f'"{name}"', text))
    versions = webhook.get("admissionReviewVersions") or []
    if not versions:
        causes.append(required(f"{path}.admissionReviewVersions", f"must specify one of {', '.join(REVIEWS)}"))
    elif not any(version in REVIEWS for version in versions):
        shown = "[" + ",".join(f'"{version}"' for version in versions) + "]"
        text = f"must include at least one of {', '.join(REVIEWS)}"
        causes.append(invalid_value(f"{path}.admissionReviewVersions", shown, text))
    for number, rule in enumerate(webhook.get("rules") or ()):
        causes += _rule(rule, f"{path}.rules[{number}]")
    effects = webhook.get("sideEffects")
    if effects is None:
        causes.append(required(f"{path}.sideEffects", f"must specify one of {', '.join(SIDE_EFFECTS)}"))
    elif effects not in SIDE_EFFECTS:
        causes.append(not_supported(f"{path}.sideEffects", f'"{effects}"', SIDE_EFFECTS))
    seconds = webhook.get("timeoutSeconds")
    if seconds is not None and not 1 <= seconds <= 30:
        text = "the timeout value must be between 1 and 30 seconds"
        causes.append(invalid_value(f"{path}.timeoutSeconds", str(seconds), text))
    causes += _choice(webhook, path, "failurePolicy", ("Fail", "Ignore"))
    causes += _choice(webhook, path, "matchPolicy", ("Equivalent", "Exact"))
    causes += _choice(webhook, path, "reinvocationPolicy", ("IfNeeded", "Never"))
    causes += _client(webhook.get("clientConfig") or EMPTY, f"{path}.clientConfig")
    return causes + _conditions(webhook, f"{path}.matchConditions", _REQUEST)


def _choice(tree: Tree, path: str, name: str, values: tuple[str, ...]) -> list[Cause]:
    value = tree.get(name)
    return [] if value is None or value in values else [not_supported(f"{path}.{name}", f'"{value}"', values)]


def _client(config: Tree, path: str) -> list[Cause]:
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        return [required(path, "exactly one of url or service is required")]
    if service is None:
        return _url(str(url), f"{path}.url")
    causes = [required(f"{path}.service.{name}") for name in ("namespace", "name") if not service.get(name)]
    port = service.get("port")
    if port is not None and not 1 <= port <= 65535:
        text = "port is not valid: must be between 1 and 65535, inclusive"
        causes.append(invalid_value(f"{path}.service.port", str(port), text))
    return causes


def _url(url: str, path: str) -> list[Cause]:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        return [required(path, f"url must be a valid URL: {error}; {_FORMAT}")]
    causes = []
    if parts.scheme != "https":
        text = f"'https' is the only allowed URL scheme; {_FORMAT}"
        causes.append(invalid_value(path, f'"{parts.scheme}"', text))
    if not parts.netloc:
        causes.append(invalid_value(path, '""', f"host must be specified; {_FORMAT}"))
    if parts.username is not None:
        causes.append(invalid_value(path, f'"{parts.username}"', "user information is not permitted in the URL"))
    if parts.fragment:
        causes.append(invalid_value(path, f'"{parts.fragment}"', "fragments are not permitted in the URL"))
    if parts.query:
        causes.append(invalid_value(path, f'"{parts.query}"', "query parameters are not permitted in the URL"))
    return causes


def _rule(rule: Tree, path: str) -> list[Cause]:
    causes = [
        required(f"{path}.{name}")
        for name in ("operations", "apiGroups", "apiVersions", "resources")
        if not rule.get(name)
    ]
    known = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
    for index, operation in enumerate(rule.get("operations") or ()):
        if operation not in known:
            causes.append(not_supported(f"{path}.operations[{index}]", f'"{operation}"', known))
    return causes


# ---------------------------------------------------------------------- expressions
def _conditions(tree: Tree, path: str, variables: Mapping[str, str]) -> list[Cause]:
    causes: list[Cause] = []
    known: set[str] = set()
    for index, condition in enumerate(tree.get("matchConditions") or ()):
        name = str(condition.get("name") or "")
        if not name:
            causes.append(required(f"{path}[{index}].name"))
        elif name in known:
            causes.append(Cause("FieldValueDuplicate", f'Duplicate value: "{name}"', f"{path}[{index}].name"))
        known.add(name)
        causes += _expression(condition.get("expression"), f"{path}[{index}].expression", variables, "bool")
    return causes


def _expression(
    text: Any, path: str, variables: Mapping[str, str], result: str = "", *, missing: str = ""
) -> list[Cause]:
    expression = str(text or "").strip()
    if not expression:
        return [required(path, missing)]
    from kubesim.api.cel.program import CompileError, compiled  # noqa: PLC0415 - loaded by the first expression

    try:
        found = compiled(expression, variables).result
    except CompileError as error:
        return [invalid_value(path, _quoted(str(text)), f"compilation failed: {error}")]
    if result and found not in {result, "dyn"}:
        return [invalid_value(path, _quoted(str(text)), f"must evaluate to {result}")]
    return []


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


# ---------------------------------------------------------------------- policies
def check_policy(obj: Tree) -> list[Cause]:
    """The complaints about a ValidatingAdmissionPolicy."""
    spec: Tree = obj.get("spec") or EMPTY
    causes = _common(spec)
    variables = _variables(spec)
    if not spec.get("validations") and not spec.get("auditAnnotations"):
        text = "validations or auditAnnotations must contain at least one item"
        causes += [required("spec.validations", text), required("spec.auditAnnotations", text)]
    for index, validation in enumerate(spec.get("validations") or ()):
        path = f"spec.validations[{index}]"
        missing = "expression is not specified"
        causes += _expression(validation.get("expression"), f"{path}.expression", variables, "bool", missing=missing)
        if validation.get("messageExpression"):
            said = validation["messageExpression"]
            causes += _expression(said, f"{path}.messageExpression", variables, "string")
        reasons = ("Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized")
        causes += _choice(validation, path, "reason", reasons)
    for index, annotation in enumerate(spec.get("auditAnnotations") or ()):
        path = f"spec.auditAnnotations[{index}]"
        if not annotation.get("key"):
            causes.append(required(f"{path}.key"))
        causes += _expression(annotation.get("valueExpression"), f"{path}.valueExpression", variables)
    return causes


def check_mutating_policy(obj: Tree) -> list[Cause]:
    """The complaints about a MutatingAdmissionPolicy."""
    spec: Tree = obj.get("spec") or EMPTY
    causes = _common(spec)
    if not spec.get("mutations"):
        causes.append(required("spec.mutations", "mutations must contain at least one item"))
    if not spec.get("reinvocationPolicy"):
        causes.append(required("spec.reinvocationPolicy"))
    for index, mutation in enumerate(spec.get("mutations") or ()):
        path, kind = f"spec.mutations[{index}]", mutation.get("patchType")
        if not kind:
            causes.append(required(f"{path}.patchType"))
            continue
        causes += _choice(mutation, path, "patchType", ("ApplyConfiguration", "JSONPatch"))
        part = "jsonPatch" if kind == "JSONPatch" else "applyConfiguration"
        if not (mutation.get(part) or EMPTY).get("expression"):
            causes.append(required(f"{path}.{part}.expression", "expression is not specified"))
    return causes


def _variables(spec: Tree) -> dict[str, str]:
    found = {**_REQUEST, "namespaceObject": "dyn", "variables": "dyn"}
    return {**found, "params": "dyn"} if spec.get("paramKind") else found


def _common(spec: Tree) -> list[Cause]:
    causes: list[Cause] = []
    kind = spec.get("paramKind")
    if kind is not None:
        causes += [required(f"spec.paramKind.{name}") for name in ("apiVersion", "kind") if not kind.get(name)]
    match = spec.get("matchConstraints")
    if match is None:
        causes.append(required("spec.matchConstraints"))
    else:
        path = "spec.matchConstraints"
        if not match.get("resourceRules"):
            causes.append(required(f"{path}.resourceRules"))
        for index, rule in enumerate(match.get("resourceRules") or ()):
            causes += _rule(rule, f"{path}.resourceRules[{index}]")
    causes += _choice(spec, "spec", "failurePolicy", ("Fail", "Ignore"))
    variables = _variables(spec)
    for index, variable in enumerate(spec.get("variables") or ()):
        path = f"spec.variables[{index}]"
        if not variable.get("name"):
            causes.append(required(f"{path}.name"))
        causes += _expression(variable.get("expression"), f"{path}.expression", variables)
    seen = {name: kind for name, kind in variables.items() if name != "variables"}
    return causes + _conditions(spec, "spec.matchConditions", {**seen, "variables": "dyn"})


# ---------------------------------------------------------------------- bindings
def check_binding(obj: Tree, *, validating: bool) -> list[Cause]:
    """The complaints about a binding."""
    spec: Tree = obj.get("spec") or EMPTY
    causes = [] if spec.get("policyName") else [required("spec.policyName")]
    reference = spec.get("paramRef")
    if reference is not None:
        named, chosen = bool(reference.get("name")), reference.get("selector") is not None
        if named == chosen:
            text = "name and selector are mutually exclusive" if named else "one of name or selector must be specified"
            causes.append(required("spec.paramRef.name", text))
        if not reference.get("parameterNotFoundAction"):
            causes.append(required("spec.paramRef.parameterNotFoundAction"))
        causes += _choice(reference, "spec.paramRef", "parameterNotFoundAction", ("Allow", "Deny"))
    if not validating:
        return causes
    actions = list(spec.get("validationActions") or ())
    if not actions:
        causes.append(required("spec.validationActions", "at least one validation action is required"))
    known = ("Audit", "Deny", "Warn")
    for index, action in enumerate(actions):
        if action not in known:
            causes.append(not_supported(f"spec.validationActions[{index}]", f'"{action}"', known))
    if "Deny" in actions and "Warn" in actions:
        text = (
            "must not contain both Deny and Warn (repeating the same validation failure information in the API "
            "response and headers serves no purpose)"
        )
        shown = "[" + ",".join(f'"{action}"' for action in actions) + "]"
        causes.append(invalid_value("spec.validationActions", shown, text))
    return causes
