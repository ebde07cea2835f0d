"""No secret in a log: whatever is sent, tokens, the data of Secrets and passwords are in no line that is written."""

import base64
import json
import logging
import os
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

from conformance.served import TOKEN, Served
from kubesim.cluster import Cluster, Settings
from kubesim.httpd.auditing import AuditLog, Policy

PASSWORD = "hunter2-correct-horse"
ENCODED = base64.b64encode(PASSWORD.encode()).decode()
SECRETS = "/api/v1/namespaces/default/secrets"
SECRET = {
    "metadata": {
        "name": "s",
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": json.dumps({"data": {"p": ENCODED}})},
    },
    "data": {"p": ENCODED},
    "stringData": {"q": PASSWORD},
}
EVERYTHING = Policy([{"level": "RequestResponse"}])


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    return tmp_path / "audit.log"


@pytest.fixture
def served(tmp_path: Path, audit: Path) -> Iterator[Served]:
    log = AuditLog(str(audit), EVERYTHING)
    found = Served(Cluster(Settings(name="logs")), tmp_path, audit=log)
    yield found
    found.stop()
    log.close()


def patch(kind: str) -> dict[str, str]:
    return {"Content-Type": f"application/{kind}"}


def test_the_audit_log_of_all_there_is_to_know(served: Served, audit: Path):
    assert served.send("POST", SECRETS, SECRET).status == 201
    assert served.send("PUT", f"{SECRETS}/s", SECRET).status == 200
    change = {"data": {"p": ENCODED}}
    assert served.send("PATCH", f"{SECRETS}/s", change, patch("merge-patch+json")).status == 200
    operations = [
        {"op": "replace", "path": "/data/p", "value": ENCODED},
        {"op": "add", "path": "/data/z", "value": ENCODED},
    ]
    assert served.send("PATCH", f"{SECRETS}/s", operations, patch("json-patch+json")).status == 200
    applied = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"p": ENCODED}}
    path = f"{SECRETS}/s?fieldManager=me&force=true"
    assert served.send("PATCH", path, applied, patch("apply-patch+yaml")).status == 200
    assert PASSWORD in base64.b64decode(served.send("GET", f"{SECRETS}/s").json["data"]["p"]).decode()
    assert served.send("GET", SECRETS).status == 200
    assert served.send("GET", SECRETS, headers={"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}).status == 200
    assert served.send("DELETE", f"{SECRETS}/s").status == 200
    said = audit.read_text()
    assert said.count('"resource":"secrets"') >= 16
    assert '"data":{"p":"<redacted>"' in said
    assert ENCODED not in said
    assert PASSWORD not in said


def test_tokens_are_not_in_the_audit_log(served: Served, audit: Path):
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    made = served.send("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", body)
    token = made.json["status"]["token"]
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
    reviewed = served.send("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)
    assert reviewed.json["status"]["authenticated"]
    assert served.send("GET", "/api/v1/pods", token=token).status == 403
    assert served.send("GET", "/api/v1/pods", token=token + "x").status == 401
    said = audit.read_text()
    assert '"token":"<redacted>"' in said
    assert token not in said
    assert token.rpartition(".")[2] not in said
    assert TOKEN not in [word for line in said.splitlines() for word in re.findall(r'"([^"]*)"', line)]


WRONG: dict[str, Any] = {
    "number": {**SECRET, "stringData": {"q": 7, "r": PASSWORD}},
    "not-base64": {**SECRET, "data": {"p": f"!{PASSWORD}"}},
    "bad-key": {**SECRET, "data": {"bad key!": ENCODED}},
    "wrong-type": {**SECRET, "data": PASSWORD},
    "docker": {**SECRET, "type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": ENCODED}},
    "tls": {**SECRET, "type": "kubernetes.io/tls"},
    "unknown": {**SECRET, "password": PASSWORD},
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG.keys())
def test_refusals_quote_no_secrets(served: Served, audit: Path, caplog: pytest.LogCaptureFixture, body: Any):
    caplog.set_level(logging.DEBUG)
    served.send("POST", f"{SECRETS}?fieldValidation=Strict", body)
    served.send("POST", f"{SECRETS}?fieldValidation=Strict", json.dumps(body).encode()[:-5])
    for said in (audit.read_text(), caplog.text):
        assert ENCODED not in said
        assert PASSWORD not in said.replace(f'"password":"{PASSWORD}"', "")


def test_a_defect_is_told_without_what_was_sent(
    served: Served, audit: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: Any) -> None:
        raise KeyError("broken on purpose")

    monkeypatch.setattr(served.server.gate, "flow", broken)
    reply = served.send("POST", SECRETS, SECRET)
    assert reply.status == 500
    assert "broken on purpose" in caplog.text
    for said in (audit.read_text(), caplog.text, reply.data.decode()):
        for secret in (ENCODED, PASSWORD, f"Bearer {TOKEN}"):
            assert secret not in said


def test_the_output_of_the_command(tmp_path: Path):
    """Its own token, those of clients and the keys that it makes are not in what it prints."""
    token = "a-token-that-nobody-guesses"
    program = [sys.executable, "-m", "kubetui", "serve", "--api-only", "--token", token, "--state", str(tmp_path)]
    program += ["--audit-log", "-"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert server.stdout is not None
    port = int(re.findall(r"127\.0\.0\.1:(\d+)", server.stdout.readline())[0])
    context = ssl.create_default_context(cafile=str(tmp_path / "ca.crt"))
    for given in (f"Bearer {token}", f"Bearer {token}x", f"Basic {ENCODED}", "Bearer \x7f"):
        connection = HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
        connection.request(
            "POST", SECRETS, json.dumps(SECRET), {"Authorization": given, "Content-Type": "application/json"}
        )
        connection.getresponse().read()
        connection.close()
    server.send_signal(signal.SIGTERM)
    out, noise = server.communicate(timeout=20)
    assert '"requestURI":"/api/v1/namespaces/default/secrets"' in out
    assert noise == ""
    for secret in (token, ENCODED, PASSWORD, "PRIVATE KEY"):
        assert secret not in out
