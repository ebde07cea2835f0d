"""Scenarios without a screen: their steps, what is expected, how they fail, and the report for CI systems."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from kubesim.scenario.documents import ManifestError
from kubesim.scenario.script import parse, read
from kubetui.cli.run import main

HEAD = "cluster: {system: false, nodes: [{name: wk, count: 2}], manifests: [web.yaml]}\nsteps:\n"
WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: "nginx:1.29"}]}
"""
STORY = """
- wait: 20s
- expect: [deployment/web Available, 2 pods Ready, no pods Pending, service/kubernetes]
- scale: {deployment/web: 3}
- image: {deployment/web: nginx:1.30}
- expect: ["deployment/web status.updatedReplicas=3", "deployment/web object.status.availableReplicas == 3"]
  within: 2m
- patch: deployment/web
  with: {metadata: {labels: {a: b}}}
- expect: deployment/web metadata.labels.a=b
- apply: {apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80}]}}
- load: {service/web: 50}
- restart: deployment/web
- expect: deployment/web Available
  throughout: 20s
- drain: node/wk-1
- expect: [node/wk-1 spec.unschedulable=true]
- uncordon: node/wk-1
- crash: node/wk-2
- expect: event NodeNotReady node/wk-2
  within: 2m
- mend: all
- fault: NetworkPartition
  target: node/wk-2
- mend: node/wk-2
- expect: nodes Ready
  within: 2m
- delete: [deployment/web, service/web]
- expect: [deployment/web is gone, no event OOMKilling]
"""


@pytest.fixture
def run(tmp_path, capsys):
    (tmp_path / "web.yaml").write_text(WEB)

    def play(steps, *arguments, head=HEAD):
        (tmp_path / "story.yaml").write_text(head + steps)
        code = main([str(tmp_path / "story.yaml"), *arguments])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return play


def test_a_whole_story(run, tmp_path):
    code, text = run(STORY, "--junit", str(tmp_path / "report.xml"), "--until", "1m", "--assert", "no pods Ready")
    assert (code, "FAIL" in text) == (0, False), text
    suite = ElementTree.parse(tmp_path / "report.xml").getroot()[0]
    assert (suite.get("failures"), int(suite.get("tests"))) == ("0", text.count("\nok") + 1)


def test_the_same_story_twice_is_the_same(run):
    assert run(STORY)[1].rpartition("s in ")[0] == run(STORY)[1].rpartition("s in ")[0]


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("- expect: deployment/web status.readyReplicas=9\n  within: 30s\n", "readyReplicas=9: it is not so of web"),
        ("- expect: 7 pods\n", "7 pods: it is so of 0 of 0"),
        ("- wait: 20s\n- expect: no pods Ready\n", "it is so of web-"),
        ("- expect: event NoSuchReason\n", "there was no such event"),
        ("- expect: deployment/nosuch Available\n", "there is no such object"),
        ("- scale: {deployment/nosuch: 3}\n", 'deployments.apps "nosuch" not found'),
        ("- crash: node/wk-9\n", "wk-9"),
        ("- apply: nosuch.yaml\n", "nosuch.yaml: no such file or folder"),
        ("- mend: node/wk-1\n", "nothing is broken about node/wk-1"),
        ("- delete: web\n", "'web' is no object"),
    ],
)  # fmt: skip
def test_what_does_not_come_true_fails(run, steps, message):
    code, text = run(steps + "- wait: 1s\n")
    assert (code, message in text, "1 not reached" in text) == (1, True, True), text


def test_a_failure_is_in_the_report(run, tmp_path):
    code, _ = run("- expect: 7 pods\n- wait: 5s\n", "--junit", str(tmp_path / "report.xml"))
    suite = ElementTree.parse(tmp_path / "report.xml").getroot()[0]
    assert (code, suite.get("failures"), suite.get("skipped")) == (1, "1", "1")
    assert "7 pods" in suite[0].find("failure").get("message")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1\n", "must be a mapping with steps"),
        ("steps: []\n", "steps: must be a list of steps"),
        ("step: []\n", "step: unknown field"),
        ("steps:\n- wait: 5s\n- wait: 5x\n", ":3: steps[1].wait: '5x' is no duration"),
        ("steps:\n- wait: 5s\n  until: 3\n", ":2: steps[0].until: unknown field"),
        ("steps:\n- {}\n", "must have exactly one of wait"),
        ("steps:\n- wait: 1\n  apply: x\n", "must have exactly one of wait"),
        ("steps:\n- scale: web\n", "steps[0].scale: must map objects to values"),
        ("steps:\n- patch: a/b\n", "steps[0].with: must be set"),
        ("steps:\n- fault: NodeCrash\n", "steps[0].target: must be set"),
        ("steps:\n- expect: pods Ready\n  within: 1s\n  throughout: 1s\n", "exclude each other"),
        ("steps:\n- delete: 5\n", "must be a text or a list of texts"),
        ("cluster: nosuch\nsteps:\n- wait: 1\n", "cluster: nosuch: no such file, folder or sample cluster"),
        ("cluster: 5\nsteps:\n- wait: 1\n", "cluster: must be a sample's name"),
        ("seed: x\nsteps:\n- wait: 1\n", "seed: must be a whole number"),
        ("steps:\n- expect: pds Ready\n", ":2: steps[0].expect: nothing is called 'pds'"),
        ("steps:\n- expect: pods created\n", "is about a single write"),
        ("steps: [\n", ":2:1: "),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_runs(run, text, message):
    code, told = run(text, head="")
    assert (code, message in told) == (2, True), told


def test_a_missing_file(capsys):
    assert main(["/nosuch.yaml"]) == 2
    assert "/nosuch.yaml: No such file or directory" in capsys.readouterr().err


def test_lines_are_known(tmp_path):
    (tmp_path / "s.yaml").write_text("steps:\n- wait: 1\n\n- wait: 2\n")
    assert [step.where.rpartition("/")[2] for step in read(tmp_path / "s.yaml").steps] == [
        "s.yaml:2: steps[0]", "s.yaml:4: steps[1]",
    ]  # fmt: skip
    with pytest.raises(ManifestError, match="steps"):
        parse({"steps": 5}, tmp_path / "s.yaml")


def test_the_story_of_the_documents(tmp_path, capsys):
    text = (Path(__file__).parents[3] / "docs/scenarios.md").read_text()
    (tmp_path / "story.yaml").write_text(text.partition("```yaml\n")[2].partition("```")[0])
    assert main([str(tmp_path / "story.yaml")]) == 0, capsys.readouterr().out
