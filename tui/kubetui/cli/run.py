"""``kubetui run SCENARIO``: plays a scenario without a screen, as fast as the machine can, and says how it went."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from kubesim.scenario.documents import ManifestError

if TYPE_CHECKING:
    from kubesim.cluster import Cluster
    from kubesim.scenario.play import Player, Result
    from kubesim.scenario.script import Script

EPILOG = """a scenario:
  cluster: hello                       # a sample, a path, or the fields of a cluster.yaml
  steps:
  - wait: 30s
  - scale: {deployment/default/hello: 5}
  - expect: [deployment/hello status.readyReplicas=5, no pods Pending]
    within: 60s
  - crash: node/wk-1
  - expect: event NodeNotReady node/wk-1
    within: 2m"""


def parser() -> argparse.ArgumentParser:
    """The arguments of the command."""
    found = argparse.ArgumentParser(
        prog="kubetui run",
        description="Play a scenario in a simulated cluster; the exit code is 0 when all that is expected came true.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    found.add_argument("scenario", metavar="SCENARIO", type=Path, help="a YAML file with steps")
    found.add_argument("--until", metavar="TIME", help="at the end let this much time pass, for instance 10m")
    found.add_argument(
        "--assert", dest="expected", action="append", default=[], metavar="TEXT", help="expect this at the very end"
    )
    found.add_argument("--seed", type=int, metavar="N", help="the seed of the cluster's chance")
    found.add_argument("--junit", type=Path, metavar="FILE", help="also write a report that CI systems read")
    found.add_argument("--quiet", action="store_true", help="print only what failed")
    return found


def main(arguments: Sequence[str]) -> int:
    """Play; returns the exit code: 0 all came true, 1 something did not, 2 the scenario cannot be used."""
    options = parser().parse_args(arguments)
    try:
        player, script = _prepared(options)
    except ManifestError as error:
        for line in str(error).splitlines()[:20]:
            print(f"error: {line}", file=sys.stderr)
        return 2
    results: list[Result] = []
    spent: list[float] = []
    started = time.perf_counter()
    for result in player.play():
        results.append(result)
        spent.append(time.perf_counter() - started - sum(spent))
        if result.problem or not options.quiet:
            print(_line(result), flush=True)
    failed = bool(results and results[-1].problem)
    left = len(script.steps) - len(results)
    if not options.quiet or failed:
        print(_summary(script.name, results, left, sum(spent)))
    if options.junit:
        try:
            options.junit.write_bytes(junit(script, results, spent))
        except OSError as error:
            print(f"error: {options.junit}: {error.strerror or error}", file=sys.stderr)
            return 2
    return int(failed)


def _prepared(options: argparse.Namespace) -> "tuple[Player, Script]":
    from kubesim.scenario.play import Player
    from kubesim.scenario.script import Step, read, span

    script = read(options.scenario)
    more: list[Step] = []
    if options.until:
        more.append(Step("wait", span(options.until, "--until"), f"wait {options.until}", "--until"))
    more += [Step("expect", [text], f"expect {text}", "--assert") for text in options.expected]
    script = script._replace(steps=(*script.steps, *more))
    player = Player(_cluster(script, options.seed), script)
    player.check()
    return player, script


def _cluster(script: "Script", seed: int | None) -> "Cluster":
    from kubesim.cluster import DEFAULT_EPOCH_MS
    from kubesim.scenario.description import parse, read
    from kubesim.scenario.loader import build, sample_folder

    wanted = script.cluster
    if isinstance(wanted, dict):
        description = parse(wanted, script.path)
    elif not wanted:
        description = parse({}, script.path)._replace(manifests=())
    else:
        path = script.path.parent / wanted
        sample = sample_folder() / wanted
        if not path.exists() and not (sample / "cluster.yaml").exists():
            msg = f"{script.path}: cluster: {wanted}: no such file, folder or sample cluster"
            raise ManifestError(msg)
        description = read(path if path.exists() else sample)
    chosen = seed if seed is not None else script.seed
    # The same instant every time, so that a scenario is the same story every time.
    return build(description, epoch_ms=DEFAULT_EPOCH_MS, seed=chosen)


def _line(result: "Result") -> str:
    from kubetui.model import clock

    mark = "FAIL" if result.problem else "ok  "
    took = result.ended - result.began
    after = f"  (after {took / 1000:g}s)" if took and result.step.verb == "expect" else ""
    text = f"{mark} {clock.elapsed(result.ended)}  {result.step.title}{after}"
    return f"{text}\n     {result.step.where}: {result.problem}" if result.problem else text


def _summary(name: str, results: "Sequence[Result]", left: int, wall: float) -> str:
    failed = sum(1 for result in results if result.problem)
    virtual = (results[-1].ended - results[0].began) / 1000 if results else 0
    rest = f", {left} not reached" if left else ""
    word = "failed" if failed else "passed"
    return f"{word}: {name}, {len(results) - failed} of {len(results) + left} steps{rest}, {virtual:g}s in {wall:.1f}s"


def junit(script: "Script", results: "Sequence[Result]", spent: Sequence[float]) -> bytes:
    """The report in the format of JUnit: one test case a step."""
    failures = sum(1 for result in results if result.problem)
    skipped = len(script.steps) - len(results)
    counts = {"tests": len(script.steps), "failures": failures, "errors": 0, "skipped": skipped}
    more = {"name": script.name, "time": f"{sum(spent):.3f}", **{key: str(value) for key, value in counts.items()}}
    root = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(root, "testsuite", more)
    for number, step in enumerate(script.steps):
        took = f"{spent[number]:.3f}" if number < len(spent) else "0"
        case = ElementTree.SubElement(suite, "testcase", classname=script.name, name=step.title, time=took)
        if number >= len(results):
            ElementTree.SubElement(case, "skipped")
        elif results[number].problem:
            failure = ElementTree.SubElement(case, "failure", message=results[number].problem)
            failure.text = f"{step.where}: {results[number].problem}"
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"
