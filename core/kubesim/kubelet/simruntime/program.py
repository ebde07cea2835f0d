"""What one container runs: decided from the image's profile, the command and the surroundings, shared by all alike."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from kubesim.kubelet import runtime
from kubesim.kubelet.profile import Curve, Profile, cores, size
from kubesim.kubelet.simruntime import sh, shell
from kubesim.kubelet.simruntime.agnhost import roles
from kubesim.kubelet.simruntime.agnhost.tools import TOOLS
from kubesim.kubelet.simruntime.machine import Stdin, Surroundings
from kubesim.kubelet.simruntime.timeline import OUT, Event, Timeline, last_events
from kubesim.objects.connections import World
from kubesim.objects.wire import Tree

SHELLS = frozenset({"sh", "bash", "ash", "/bin/sh", "/bin/bash", "/bin/ash", "/usr/bin/bash", "/usr/bin/sh"})
ONE_SHOT_MS = 3_000
GROWTH_MS = 2_000
KEPT_ROUNDS = 500
WAIT_ROUNDS = 50
"""How many rounds of waiting a log keeps when the waiting is over."""
_START_ERROR = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    'unable to start container process: error during container init: exec: "{name}": executable file not found '
    "in $PATH: unknown"
)


class Asked(NamedTuple):
    """What a container asks for."""

    command: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    memory_limit: int = 0
    """Bytes; 0 for no limit."""
    one_shot: bool = False
    """Whether it is expected to end: an init container, or a pod that is not restarted always."""
    stdin: bool = False
    tty: bool = False


def asked_by(tree: Tree, memory_limit: int, *, one_shot: bool) -> Asked:
    """What a container of a spec asks for."""
    ports = tuple(port["containerPort"] for port in tree.get("ports") or () if port.get("protocol", "TCP") == "TCP")
    command, arguments = tuple(tree.get("command") or ()), tuple(tree.get("args") or ())
    stdin, tty = bool(tree.get("stdin")), bool(tree.get("tty"))
    return Asked(command, arguments, ports, memory_limit, one_shot, stdin, tty)


class Program:
    """A program as a function of its age. Times are milliseconds since the start."""

    __slots__ = (
        "argv", "around", "asked", "ends_ms", "exit_code", "exit_reason", "listens_ms", "ports", "profile",
        "start_error", "timeline",
    )  # fmt: skip

    def __init__(self, profile: Profile, timeline: Timeline, argv: tuple[str, ...], asked: Asked) -> None:
        self.profile = profile
        self.timeline = timeline
        self.argv = argv
        self.asked = asked
        self.around: Surroundings | None = None
        """Kept while the program waits for others or for input, to run it again."""
        self.start_error = ""
        """Why the container cannot even be started."""
        declared = () if profile.only_own_ports else asked.ports
        self.ports: tuple[int, ...] = tuple(dict.fromkeys((*profile.ports, *declared)))
        serves = timeline.serves_ms
        self.listens_ms = None if serves is None else serves + profile.start_ms
        """From then on the ports answer; None: never."""
        self.ends_ms, self.exit_code, self.exit_reason = _end(profile, timeline, asked)

    def describe_end(self, started: int) -> runtime.Ended | None:
        """How a run that began then ends, or None."""
        if self.ends_ms is None:
            return None
        return runtime.Ended(started + self.ends_ms, self.exit_code, self.exit_reason)


def _end(profile: Profile, timeline: Timeline, asked: Asked) -> tuple[int | None, int, str]:
    ends, code = timeline.end_ms, timeline.code
    if timeline.serves_ms is not None and profile.exit_after_ms is not None:
        ends, code = timeline.serves_ms + profile.exit_after_ms, profile.exit_code
    if asked.memory_limit:
        killed = profile.memory.crosses(asked.memory_limit)
        if killed is not None and (ends is None or killed < ends):
            return killed, runtime.KILLED, runtime.OOM_KILLED
    return ends, code, runtime.COMPLETED if not code else runtime.ERROR


def build(profile: Profile, asked: Asked, around: Surroundings) -> Program:
    """The program of a container."""
    argv = _argv(profile, asked)
    profile = _flagged(profile, argv)
    if profile.name == roles.IMAGE:
        profile = roles.profiled(profile, argv, around.env)
    if profile.needs is not None and not asked.command and not any(name in around.env for name in profile.needs.any_of):
        text = "".join(f"{line}\n" for line in profile.needs.lines)
        timeline = Timeline((Event(0, OUT, "", text),), 100, profile.needs.code)
        return Program(profile, timeline, argv, asked)
    is_tool = profile.name == roles.IMAGE and len(argv) > 1 and argv[1] in TOOLS
    if not asked.command and not is_tool and not _is_command(profile, asked, argv):
        shot = asked.one_shot and _is_unknown(profile) and not asked.ports
        timeline = Timeline((), ONE_SHOT_MS) if shot else Timeline(serves_ms=0)
        return Program(profile, timeline, argv, asked)
    around = around._replace(
        serves=not profile.only_shell and not (asked.one_shot and _is_unknown(profile) and not asked.ports),
        one_shot_ms=ONE_SHOT_MS if asked.one_shot and not profile.only_shell else 0,
        stdin=Stdin(tty=asked.tty) if asked.stdin else None,
    )
    timeline = sh.interpret(shell.literal(argv), around)
    program = Program(profile, timeline, argv, asked)
    if timeline.waits_for or timeline.reads_ms is not None:
        program.around = around
    if _cannot_start(profile, argv, timeline):
        program.start_error = _START_ERROR.format(name=argv[0])
    return program


def resumed(program: Program, age_ms: int) -> Program | None:
    """The program from when those answer that it waits for; None while they do not."""
    timeline, around = program.timeline, program.around
    loop = timeline.loop
    if around is None or around.world is None or loop is None:
        return None
    there = [wanted for wanted in timeline.waits_for if _answers(around.world, wanted)]
    bounded = timeline.end_ms is not None
    # A loop that asks for many names goes on with each of them; others wait for all.
    if not there or (not bounded and len(there) < len(timeline.waits_for)):
        return None
    fresh = sh.interpret(shell.literal(program.argv), around)
    # What it did before it had to wait is done already.
    begun = loop.begin_ms - loop.period_ms
    shift = age_ms - begun
    events = [*last_events(timeline, age_ms, WAIT_ROUNDS)]
    events += [event._replace(at_ms=event.at_ms + shift) for event in fresh.events if event.at_ms >= begun]
    later = fresh.loop
    merged = fresh._replace(
        events=tuple(events),
        end_ms=timeline.end_ms if bounded else None if fresh.end_ms is None else fresh.end_ms + shift,
        waits_for=tuple(wanted for wanted in fresh.waits_for if wanted not in there),
        serves_ms=None if fresh.serves_ms is None else fresh.serves_ms + shift,
        loop=None if later is None else later._replace(begin_ms=later.begin_ms + shift),
    )
    found = Program(program.profile, merged, program.argv, program.asked)
    found.around = around if merged.waits_for else None
    return found


def renewed(program: Program, fresh: Program, age_ms: int) -> Program:
    """The program that has done what ``program`` did up to now, and does what ``fresh`` does from now on."""
    before, after = program.timeline, fresh.timeline
    events = [*last_events(before, age_ms, KEPT_ROUNDS)]
    events += [event for event in after.events if event.at_ms > age_ms]
    loop = after.loop
    if loop is not None and loop.begin_ms <= age_ms:
        turn = (age_ms - loop.begin_ms) // loop.period_ms + 1
        loop = loop._replace(begin_ms=loop.begin_ms + turn * loop.period_ms, variables=loop.variables_at(turn))
    end = after.end_ms if after.end_ms is None else max(after.end_ms, age_ms)
    merged = after._replace(events=tuple(events), loop=loop, end_ms=end)
    return Program(fresh.profile, merged, fresh.argv, fresh.asked)


def _answers(world: World, wanted: str) -> bool:
    host, _, port = wanted.partition(":")
    return world.answers(host, int(port) if port else None)


def _argv(profile: Profile, asked: Asked) -> tuple[str, ...]:
    if asked.command:
        return (*asked.command, *asked.arguments)
    return (*profile.entrypoint, *(asked.arguments or profile.arguments))


def _is_unknown(profile: Profile) -> bool:
    """Whether the catalogue says nothing about what the image's program is."""
    return profile.name == "default" or (not profile.entrypoint and profile.arguments == ("sh",))


def _is_command(profile: Profile, asked: Asked, argv: tuple[str, ...]) -> bool:
    """Whether the arguments alone are a command: in images without an entrypoint, or when they name a shell."""
    if asked.arguments and (asked.arguments[0] in SHELLS or asked.arguments[0] == "sleep"):
        return True
    return bool(argv) and not profile.entrypoint and (profile.arguments == ("sh",) or profile.only_shell)


def _cannot_start(profile: Profile, argv: Sequence[str], timeline: Timeline) -> bool:
    if argv[0] in SHELLS:
        return not profile.shell
    return timeline.code == 127 and timeline.end_ms == 0 and len(timeline.events) == 1


def _flagged(profile: Profile, argv: tuple[str, ...]) -> Profile:
    """The profile with the amounts that arguments give."""
    memory = _value_of(profile.memory_flag, argv) if profile.memory_flag else ""
    cpu = _value_of(profile.cpu_flag, argv) if profile.cpu_flag else ""
    try:
        if memory:
            begin = profile.memory.amounts[0]
            profile = replace(profile, memory=Curve((0, GROWTH_MS), (begin, size(memory.replace("B", "")))))
        if cpu:
            profile = replace(profile, cpu=Curve((0,), (cores(cpu),)))
    except ValueError:
        return profile
    return profile


def _value_of(flag: str, argv: Sequence[str]) -> str:
    for position, word in enumerate(argv):
        if word == flag and position + 1 < len(argv):
            return argv[position + 1]
        if word.startswith(f"{flag}="):
            return word[len(flag) + 1 :]
    return ""
