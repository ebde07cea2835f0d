"""Kubeconfig files, merged and overruled as client-go does it."""

from base64 import b64encode

import pytest

from kubetui.client.remote.kubeconfig import ConfigError, Overrides, load

CONFIG = """
current-context: one
clusters:
- name: c1
  cluster: {{server: "https://one:6443/", certificate-authority-data: {pem}}}
- name: c2
  cluster: {{server: https://two, insecure-skip-tls-verify: true, tls-server-name: known}}
contexts:
- {{name: one, context: {{cluster: c1, user: u1, namespace: apps}}}}
- {{name: two, context: {{cluster: c2, user: u2}}}}
- {{name: lost, context: {{cluster: nope, user: u1}}}}
- {{name: run, context: {{cluster: c1, user: runs}}}}
- {{name: old, context: {{cluster: c1, user: provided}}}}
users:
- name: u1
  user: {{client-certificate: cert.pem, client-key-data: {pem}}}
- name: u2
  user: {{tokenFile: token}}
- name: runs
  user: {{exec: {{command: aws, apiVersion: client.authentication.k8s.io/v1}}}}
- name: provided
  user: {{auth-provider: {{name: gcp}}}}
""".format(pem=b64encode(b"PEM").decode())


@pytest.fixture
def file(tmp_path):
    (tmp_path / "cert.pem").write_text("CERT")
    (tmp_path / "token").write_text("secret\n")
    path = tmp_path / "config"
    path.write_text(CONFIG)
    return path


def test_the_current_context(file):
    access = load(environment={"KUBECONFIG": str(file)})
    assert (access.server, access.namespace, access.context) == ("https://one:6443", "apps", "one")
    assert (access.authority, access.certificate, access.key) == ("PEM", "CERT", "PEM")
    assert not access.insecure


def test_flags_win(file):
    access = load(Overrides(kubeconfig=str(file), context="two"), {})
    assert (access.server, access.token, access.insecure, access.server_name) == (
        "https://two",
        "secret",
        True,
        "known",
    )
    assert access.namespace == "default"
    flags = Overrides(str(file), "two", "localhost:1", "t", "jane", ("a", "b"), str(file.parent / "cert.pem"), "me")
    access = load(flags, {})
    assert (access.server, access.token, access.user, access.groups) == ("http://localhost:1", "t", "jane", ("a", "b"))
    assert (access.authority, access.server_name, access.insecure) == ("CERT", "me", False)


def test_the_first_file_that_says_something_wins(file, tmp_path):
    other = tmp_path / "other"
    other.write_text(
        "current-context: two\nclusters: [{name: c2, cluster: {server: http://mine}}]\n"
        "users: [{name: u2, user: {token: x}}]\n"
    )
    access = load(environment={"KUBECONFIG": f"{tmp_path}/missing:{other}:{file}"})
    assert (access.context, access.server, access.token) == ("two", "http://mine", "x")


def test_no_file_means_the_usual_port():
    assert load(environment={"KUBECONFIG": "/nonexistent"}).server == "http://localhost:8080"
    assert load(environment={}).server == "http://localhost:8080"


def test_the_usual_file(file, tmp_path):
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text(CONFIG.replace("cert.pem", "../cert.pem"))
    assert load(environment={"HOME": str(tmp_path)}).certificate == "CERT"


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ("nope", 'context "nope" does not exist'),
        ("lost", 'cluster "nope" does not exist'),
        ("run", r'user "runs" gets its credentials from the program "aws" \(exec\), which is not supported'),
        ("old", 'no Auth Provider found for name "gcp"'),
    ],
)
def test_contexts_that_lead_nowhere(file, context, message):
    with pytest.raises(ConfigError, match=message):
        load(Overrides(kubeconfig=str(file), context=context), {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", 'error loading config file ".*/config": yaml: line 1: did not find expected node content'),
        ("[]", 'error loading config file ".*/config": it is no kubeconfig'),
    ],
)
def test_files_that_are_none(file, text, message):
    file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load(Overrides(kubeconfig=str(file)), {})


def test_files_that_are_missing(file):
    with pytest.raises(ConfigError, match="stat /nonexistent: no such file or directory"):
        load(Overrides(kubeconfig="/nonexistent"), {})
    text = "invalid configuration: unable to read certificate-authority /nope for c1 due to open /nope: no such file"
    with pytest.raises(ConfigError, match=text):
        load(Overrides(kubeconfig=str(file), ca_file="/nope"), {})
