"""The commands about releases: their flags, their tables and times, and a life against a served cluster."""

import json
import os
import signal
import threading
import time

import pytest

from conformance.served import Served
from kubesim.cluster import Cluster, Settings
from kubesim.helm.chart.errors import ChartError
from kubesim.kubelet.node import NodeSpec
from kubetui.cli.helm import main
from kubetui.cli.helm.flags import parse
from kubetui.cli.helm.releases.flags import INSTALL_FLAGS, UPGRADE_FLAGS, options_of
from kubetui.cli.helm.releases.logging import write_line
from kubetui.cli.helm.releases.printing import TablePrinter, aligned, go_time, own_time, print_columns

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-cm}\ndata: {color: {{ .Values.color }}}\n"
STUCK = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: stuck}\n"
    "spec: {nodeSelector: {a: b}, containers: [{name: c, image: x}]}\n"
)


@pytest.mark.parametrize(
    ("arguments", "changes"),
    [
        ([], {"wait": False, "timeout": 300_000, "server_side": "auto", "history_max": 10}),
        (["--wait"], {"wait": True, "strategy": "watcher"}),
        (["--wait=legacy", "--timeout", "1m30s"], {"wait": True, "strategy": "legacy", "timeout": 90_000}),
        (["--wait=hookOnly"], {"wait": False}),
        (["--atomic"], {"rollback_on_failure": True, "waits": True}),
        (["--dry-run=server", "--hide-secret"], {"dry_run": "server", "hide_secret": True}),
        (["--dry-run"], {"dry_run": "client"}),
        (["--dry-run=none"], {"dry_run": ""}),
        (["--reset-values", "--reuse-values"], {"values_from": "reset"}),
        (["--reuse-values", "--reset-then-reuse-values"], {"values_from": "reuse"}),
        (["-l", "a=b,c=d", "-l", "e="], {"labels": (("a", "b"), ("c", "d"), ("e", ""))}),
        (["--server-side=false", "--force"], {"server_side": "false", "force_replace": True}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_flags_of_an_upgrade(arguments, changes):
    options = options_of(parse(arguments, UPGRADE_FLAGS))
    assert {name: getattr(options, name) for name in changes} == changes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--timeout", "5"], 'invalid argument "5" for "--timeout" flag: time: missing unit in duration "5"'),
        (["--wait=x"], 'invalid wait input "x". Valid inputs are watcher, hookOnly, and legacy'),
        (["--dry-run=x"], 'invalid dry-run value ("x"). Must be "none", "server", or "client"'),
        (["-l", "x"], 'invalid argument "x" for "-l, --labels" flag: x must be formatted as key=value'),
        (["--force-conflicts", "--force-replace"], "if any flags in the group [force-replace force-conflicts] are set"),
        (["--server-side=x"], 'invalid argument "x" for "--server-side" flag: strconv.ParseBool'),
    ],
    ids=["duration", "wait", "dry run", "labels", "exclusive", "switch"],
)
def test_bad_flags(arguments, message):
    with pytest.raises(ChartError) as caught:
        options_of(parse(arguments, INSTALL_FLAGS))
    assert message in str(caught.value)


def test_times():
    assert go_time("2026-11-23T17:47:47.900786040Z") == "2026-11-23 17:47:47.90078604 +0000 UTC"
    assert go_time("2026-11-23T17:47:47Z") == "2026-11-23 17:47:47 +0000 UTC"
    assert go_time("2026-11-23T17:47:47.5+13:45") == "2026-11-23 17:47:47.5 +1345 +1345"
    assert own_time("2026-11-03T07:07:07.1+13:45") == "Tue Nov  3 07:07:07 2026"


def test_columns_with_several_lines(capsys):
    print_columns([["N", "TEXT"], ["1", "long first line\nsecond"], ["2", "x"]])
    lines = capsys.readouterr().out.split("\n")
    # a cell of several lines is cut when all of it is longer than its longest line
    assert lines == ["N\tTEXT           ", "1\tlong first l...", "2\tx              ", ""]
    print_columns([["N", "TEXT"], ["1", "a\nb"], ["2", "wide enough"]])
    assert capsys.readouterr().out.split("\n")[1:3] == ["1\ta          ", " \tb          "]


def test_tables_as_kubectl_prints_them():
    assert aligned([["NAME", "AGE"], ["a-long-name", "5s"]]) == "NAME          AGE\na-long-name   5s\n"
    columns = [{"name": "Name"}, {"name": "Wide", "priority": 1}, {"name": "Ready"}]
    table = {"columnDefinitions": columns, "rows": [{"cells": ["a", "x", None]}]}
    printer = TablePrinter()
    assert printer.text(table) == "NAME   READY\na      <none>\n"
    assert printer.text(table) == "a     <none>\n"


def test_lines_of_the_log(capsys):
    write_line("WARN", "two words", {"name": "x", "empty": "", "flag": True, "gvk": "/v1, Kind=A", "error": 'a "b"\nc'})
    assert capsys.readouterr().err == (
        r'level=WARN msg="two words" name=x empty="" flag=true gvk="/v1, Kind=A" error="a \"b\"\nc"' + "\n"
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    cluster = Cluster(Settings(epoch_ms=int(time.time()) * 1000))
    cluster.add_node(NodeSpec("node-1"))
    cluster.advance(5_000)
    found = Served(cluster, tmp_path_factory.mktemp("server"), speed=20.0)
    yield found
    found.stop()


@pytest.fixture
def helm(served, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "c" / "templates"
    folder.mkdir(parents=True)
    (tmp_path / "c" / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 1.2.3\n")
    (tmp_path / "c" / "values.yaml").write_text("color: red\n")
    (folder / "map.yaml").write_text(MAP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", str(served.kubeconfig))

    def run(*words):
        code = main(words)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_a_release_from_beginning_to_end(helm):
    code, out, _ = helm("install", "r", "c", "--set", "color=blue")
    assert (code, out.splitlines()[3:]) == (
        0, ["STATUS: deployed", "REVISION: 1", "DESCRIPTION: Install complete", "TEST SUITE: None"]
    )  # fmt: skip
    assert helm("upgrade", "r", "c", "--reset-values")[1].startswith('Release "r" has been upgraded. Happy Helming!\n')
    assert [one["description"] for one in json.loads(helm("history", "r", "-o", "json")[1])] == [
        "Install complete", "Upgrade complete",
    ]  # fmt: skip
    assert helm("rollback", "r") == (0, "Rollback was a success! Happy Helming!\n", "")
    assert helm("get", "values", "r") == (0, "USER-SUPPLIED VALUES:\ncolor: blue\n", "")
    assert json.loads(helm("list", "-o", "json")[1])[0]["revision"] == "3"
    assert "==> v1/ConfigMap\nNAME   DATA   AGE\nr-cm   1 " in helm("status", "r")[1]
    assert helm("uninstall", "r") == (0, 'release "r" uninstalled\n', "")
    assert helm("status", "r") == (1, "", "Error: release: not found\n")


def test_errors_reach_the_user_in_helms_words(helm, monkeypatch):
    assert helm("install", "r", "nope")[2].startswith("Error: INSTALLATION FAILED: non-absolute URLs should be in form")
    assert helm("install")[2].startswith('Error: "helm install" requires at least 1 argument\n\nUsage:  helm install')
    assert helm("get", "values")[2].startswith('Error: "helm get values" requires 1 argument')
    assert helm("list", "-f", "[")[2] == "Error: error parsing regexp: missing closing ]: `[`\n"
    assert helm("list", "-l", "(")[2] == "Error: found '(', expected: !, identifier, or 'end of string'\n"
    monkeypatch.setenv("KUBECONFIG", "/nonexistent")
    refused = 'kubernetes cluster unreachable: Get "http://localhost:8080/version": dial tcp 127.0.0.1:8080'
    assert helm("list")[2].startswith(f"Error: {refused}")


def test_cancelling(helm, tmp_path):
    (tmp_path / "c" / "templates" / "stuck.yaml").write_text(STUCK)
    threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT)).start()
    code, out, err = helm("install", "s", "c", "--wait")
    assert (code, out) == (1, "Release s has been cancelled.\n")
    assert err == "Error: INSTALLATION FAILED: context canceled\n"
    assert json.loads(helm("history", "s", "-o", "json")[1])[0]["description"] == 'Release "s" failed: context canceled'
    assert helm("uninstall", "s")[0] == 0


def test_a_post_renderer(helm, tmp_path, monkeypatch):
    folder = tmp_path / "plugins" / "green"
    folder.mkdir(parents=True)
    (folder / "plugin.yaml").write_text(
        "apiVersion: v1\ntype: postrenderer/v1\nname: green\nruntime: subprocess\nruntimeConfig:\n"
        "  platformCommand: [{command: sed, args: ['s/red/green/']}]\n"
    )
    monkeypatch.setenv("HELM_PLUGINS", str(tmp_path / "plugins"))
    code, out, _ = helm("install", "p", "c", "--dry-run=client", "--post-renderer", "green")
    assert code == 0
    assert "data: {color: green}" in out
    assert "postrender" not in out
    complaint = helm("install", "p", "c", "--post-renderer", "nope")[2]
    assert complaint.startswith('Error: invalid argument "nope" for "--post-renderer" flag: plugin: {Name:nope Type:')


def test_the_settings(helm, served):
    assert "KUBECONFIG" not in helm("env")[1]
    out = helm("env", "--kubeconfig", str(served.kubeconfig))[1]
    assert f'KUBECONFIG="{served.kubeconfig}"' in out
    assert 'HELM_NAMESPACE="default"\n' in out
    assert helm("env", "HELM_NAMESPACE", "-n", "x") == (0, "x\n", "")
