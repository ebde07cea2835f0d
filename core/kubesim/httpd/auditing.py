"""The audit log: one audit.k8s.io/v1 Event a line for each request, as detailed as the policy asks.

# k8s: apiserver/pkg/audit, apiserver/pkg/endpoints/filters/audit.go
"""

import json
import logging
import os
import sys
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import orjson

from kubesim.api.access.attributes import Attributes, Decision
from kubesim.httpd.masking import hidden_fields, masked
from kubesim.httpd.reviews import user_info
from kubesim.objects.times import format_micro_time
from kubesim.objects.wire import Identity, Tree

LOG = logging.getLogger("kubesim.httpd.audit")
LEVELS = ("None", "Metadata", "Request", "RequestResponse")
STAGES = ("RequestReceived", "ResponseStarted", "ResponseComplete", "Panic")
RECEIVED, STARTED, COMPLETE = STAGES[:3]
_NONE, _METADATA, _REQUEST, _RESPONSE = range(4)
_RULE_FIELDS = (
    "level", "users", "userGroups", "verbs", "resources", "namespaces", "nonResourceURLs", "omitStages",
    "omitManagedFields",
)  # fmt: skip


class PolicyError(ValueError):
    """A policy that cannot be used; the text names file and field."""


class Chosen(NamedTuple):
    """What the policy says about one request."""

    level: int
    omitted: tuple[str, ...]
    without_managers: bool


class Policy:
    """The first rule that matches a request decides. # k8s: apiserver/pkg/audit/policy/checker.go."""

    def __init__(self, rules: Sequence[Tree], omitted: Sequence[str] = (), *, without_managers: bool = False) -> None:
        self._rules = tuple(rules)
        self._omitted = tuple(omitted)
        self._without_managers = without_managers

    def choose(self, identity: Identity, wanted: Attributes) -> Chosen:
        """The level and the stages of a request."""
        for rule in self._rules:
            if _matches(rule, identity, wanted):
                omitted = tuple(dict.fromkeys((*self._omitted, *(rule.get("omitStages") or ()))))
                own = rule.get("omitManagedFields")
                return Chosen(LEVELS.index(rule["level"]), omitted, self._without_managers if own is None else own)
        return Chosen(_NONE, (), False)


DEFAULT = Policy(({"level": "Metadata"},), (RECEIVED,))
"""Who did what, and never what was in it: Secrets stay secret."""


def read_policy(path: Path) -> Policy:
    """The policy in a YAML file. Raises OSError and PolicyError."""
    import yaml  # noqa: PLC0415 (few ask for a policy)

    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        msg = f"{path}: no YAML: {' '.join(str(error).split())}"
        raise PolicyError(msg) from None
    if not isinstance(tree, dict) or tree.get("kind") != "Policy":
        msg = f"{path}: kind: must be Policy"
        raise PolicyError(msg)
    if tree.get("apiVersion") != "audit.k8s.io/v1":
        msg = f"{path}: apiVersion: must be audit.k8s.io/v1"
        raise PolicyError(msg)
    rules = tree.get("rules")
    if not isinstance(rules, list) or not rules:
        msg = f"{path}: rules: must hold at least one rule"
        raise PolicyError(msg)
    for index, rule in enumerate(rules):
        _check_rule(f"{path}: rules[{index}]", rule)
    stages = tree.get("omitStages") or []
    _check_stages(f"{path}: omitStages", stages)
    return Policy(rules, stages, without_managers=bool(tree.get("omitManagedFields")))


def _check_rule(at: str, rule: Any) -> None:
    if not isinstance(rule, dict):
        msg = f"{at}: must be an object"
        raise PolicyError(msg)
    unknown = [name for name in rule if name not in _RULE_FIELDS]
    if unknown:
        msg = f"{at}.{unknown[0]}: unknown field"
        raise PolicyError(msg)
    if rule.get("level") not in LEVELS:
        msg = f"{at}.level: must be one of {', '.join(LEVELS)}"
        raise PolicyError(msg)
    for name in ("users", "userGroups", "verbs", "namespaces", "nonResourceURLs"):
        given = rule.get(name) or []
        if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
            msg = f"{at}.{name}: must be a list of texts"
            raise PolicyError(msg)
    if rule.get("nonResourceURLs") and (rule.get("resources") or rule.get("namespaces")):
        msg = f"{at}.nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs"
        raise PolicyError(msg)
    resources = rule.get("resources") or []
    if not isinstance(resources, list) or not all(isinstance(each, dict) for each in resources):
        msg = f"{at}.resources: must be a list of objects with group and resources"
        raise PolicyError(msg)
    _check_stages(f"{at}.omitStages", rule.get("omitStages") or [])


def _check_stages(at: str, stages: Any) -> None:
    if not isinstance(stages, list) or any(stage not in STAGES for stage in stages):
        msg = f"{at}: must name stages: {', '.join(STAGES)}"
        raise PolicyError(msg)


def _matches(rule: Tree, identity: Identity, wanted: Attributes) -> bool:
    if rule.get("users") and identity.user not in rule["users"]:
        return False
    if rule.get("userGroups") and not any(group in rule["userGroups"] for group in identity.groups):
        return False
    if rule.get("verbs") and wanted.verb not in rule["verbs"]:
        return False
    urls = rule.get("nonResourceURLs")
    if wanted.path:
        if urls:
            return any(_url(url, wanted.path) for url in urls)
        return not rule.get("resources") and not rule.get("namespaces")
    if urls:
        return False
    if rule.get("namespaces") and wanted.namespace not in rule["namespaces"]:
        return False
    resources = rule.get("resources")
    return not resources or any(_resource(each, wanted) for each in resources)


def _url(url: str, path: str) -> bool:
    return url in {"*", path} or (url.endswith("*") and path.startswith(url[:-1]))


def _resource(given: Tree, wanted: Attributes) -> bool:
    if (given.get("group") or "") != wanted.gvr.group:
        return False
    names = given.get("resourceNames")
    if names and wanted.name not in names:
        return False
    resources = given.get("resources")
    if not resources:
        return True
    part = wanted.subresource
    full = f"{wanted.gvr.resource}/{part}" if part else wanted.gvr.resource
    return any(
        each in {full, "*" if not part else full, f"{wanted.gvr.resource}/*" if part else full, f"*/{part}"}
        for each in resources
    )


# ---------------------------------------------------------------------- writing
class AuditLog:
    """Writes events to a file, or with ``-`` to standard output."""

    def __init__(self, target: str, policy: Policy = DEFAULT) -> None:
        self.policy = policy
        self._broken = False
        self._file: TextIO = sys.stdout if target == "-" else _opened(Path(target))

    def write(self, event: Tree) -> None:
        """One line. A full disk is told of once and stops nothing."""
        try:
            self._file.write(json.dumps(event, separators=(",", ":"), default=_plain) + "\n")
            self._file.flush()
        except (OSError, ValueError) as error:
            if not self._broken:
                self._broken = True
                LOG.error("the audit log cannot be written: %s", error)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not sys.stdout:
            self._file.close()


def _opened(path: Path) -> TextIO:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.fdopen(descriptor, "a", encoding="utf-8")


def _plain(value: Any) -> Any:
    """Trees that are no dicts, and whatever is no JSON."""
    return dict(value) if isinstance(value, Mapping) else str(value)


class Record:
    """What the log says about one request; filled in on its way."""

    def __init__(self, log: AuditLog | None, now: int, uri: str, headers: Mapping[str, str], source: str) -> None:
        self.audit_id = str(uuid.uuid4())
        self._log = log
        self._received = now
        self._uri = uri
        self._agent = headers.get("User-Agent", "")
        self._source = source
        self._head: dict[str, Any] = {}
        self._chosen = Chosen(_NONE, (), False)
        self._annotations: dict[str, str] = {}
        self._body: Any = None
        self._hidden: frozenset[str] = frozenset()

    def asked(self, authenticated: Identity, identity: Identity, wanted: Attributes, now: int) -> None:
        """It is known who wants what."""
        if self._log is None:
            return
        self._chosen = chosen = self._log.policy.choose(identity, wanted)
        if chosen.level == _NONE:
            return
        head: dict[str, Any] = {"requestURI": self._uri, "verb": wanted.verb, "user": user_info(authenticated)}
        if identity is not authenticated:
            head["impersonatedUser"] = user_info(identity)
        head["sourceIPs"] = [self._source]
        head["userAgent"] = self._agent
        if not wanted.path:
            head["objectRef"] = _reference(wanted)
        self._head = head
        self._hidden = hidden_fields(wanted)
        self._emit(RECEIVED, now, {})

    def decided(self, decision: Decision) -> None:
        """It is allowed."""
        self._annotations = {
            "authorization.k8s.io/decision": "allow" if decision.allowed else "forbid",
            "authorization.k8s.io/reason": decision.reason,
        }

    def annotated(self, notes: Mapping[str, str]) -> None:
        """Admission plugins have something to say about it."""
        self._annotations.update(notes)

    def body(self, content: Any) -> None:
        """What was sent."""
        if self._chosen.level >= _REQUEST:
            self._body = content

    def finished(self, code: int, answer: Any, now: int) -> None:
        """It is answered."""
        if self._log is None or self._chosen.level == _NONE:
            return
        status: dict[str, Any] = {"metadata": {}, "code": code}
        if isinstance(answer, Mapping) and answer.get("kind") == "Status" and code >= 400:
            status = {name: answer[name] for name in ("metadata", "status", "message", "reason", "details", "code")
                      if name in answer}  # fmt: skip
        found: dict[str, Any] = {"responseStatus": status}
        if self._chosen.level >= _REQUEST and self._body is not None:
            found["requestObject"] = self._shown(self._body)
        if self._chosen.level >= _RESPONSE and isinstance(answer, Mapping):
            found["responseObject"] = self._shown(answer)
        self._emit(COMPLETE, now, found)

    def started(self, code: int, now: int) -> None:
        """A stream begins."""
        if self._log is not None and self._chosen.level != _NONE:
            self._emit(STARTED, now, {"responseStatus": {"metadata": {}, "code": code}})

    def _shown(self, content: Any) -> Any:
        if isinstance(content, bytes):
            try:
                content = orjson.loads(content)
            except ValueError:
                return None
        if self._hidden:
            content = masked(content, self._hidden)
        if not self._chosen.without_managers or not isinstance(content, Mapping):
            return content
        metadata = content.get("metadata")
        if not isinstance(metadata, Mapping):
            return content
        kept = {name: value for name, value in metadata.items() if name != "managedFields"}
        return {**content, "metadata": kept}

    def _emit(self, stage: str, now: int, more: Tree) -> None:
        if self._log is None or stage in self._chosen.omitted:
            return
        event = {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": LEVELS[self._chosen.level],
            "auditID": self.audit_id,
            "stage": stage,
            **self._head,
            **more,
            "requestReceivedTimestamp": format_micro_time(self._received),
            "stageTimestamp": format_micro_time(now),
        }
        if self._annotations and stage != RECEIVED:
            event["annotations"] = self._annotations
        self._log.write(event)


def _reference(wanted: Attributes) -> dict[str, str]:
    gvr = wanted.gvr
    found = {
        "resource": gvr.resource,
        "namespace": wanted.namespace,
        "name": wanted.name,
        "apiGroup": gvr.group,
        "apiVersion": gvr.version,
        "subresource": wanted.subresource,
    }
    return {name: value for name, value in found.items() if value}
