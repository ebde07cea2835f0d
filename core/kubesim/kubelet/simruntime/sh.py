"""The simulated shell as a whole: what a command line does, as a timeline."""

from collections.abc import Callable

from kubesim.kubelet.simruntime import commands
from kubesim.kubelet.simruntime.interpreter import Interpreter
from kubesim.kubelet.simruntime.lexer import ShellError
from kubesim.kubelet.simruntime.machine import BreakError, ContinueError, StopError, Surroundings
from kubesim.kubelet.simruntime.shell import Node
from kubesim.kubelet.simruntime.timeline import Event, Loop, Timeline


class Shell(Interpreter):
    """The interpreter with the commands that containers know."""

    def execute(self, argv: list[str]) -> None:
        """Run one command; sets ``status``."""
        commands.run(self, argv)

    def replay(self) -> Callable[[Loop, int], tuple[Event, ...]]:
        """The function that makes the events of one round of an endless loop."""
        return run_round


def run_round(loop: Loop, turn: int) -> tuple[Event, ...]:
    """The effects of one round of an endless loop."""
    machine = Shell(Surroundings({}, {}, loop.variables.get("HOSTNAME", "")), loop.variables_at(turn))
    machine.at_ms = loop.begin_ms + turn * loop.period_ms
    machine.replays = loop.calls
    machine.found = dict(loop.found)
    try:
        machine.run(loop.body)
    except (StopError, BreakError, ContinueError, ShellError):
        machine.status = 0
    return tuple(machine.events)


def _finish(machine: Shell, node: Node) -> int | None:
    """Run to the end; its time, or None when the program never ends."""
    try:
        machine.run(node)
    except StopError:
        return machine.at_ms if machine.ended else None
    except (BreakError, ContinueError):
        machine.status = 0
    except RecursionError:
        machine.complain("sh: maximum nesting exceeded\n")
        machine.status = 2
    except ShellError as error:
        machine.complain(f"{error}\n")
        machine.status = 2
    return machine.at_ms


def interpret(node: Node, surroundings: Surroundings) -> Timeline:
    """What a command does from its start on."""
    machine = Shell(surroundings)
    end = _finish(machine, node)
    waits = tuple(machine.waits_for) if end is None or machine.loop is not None else ()
    trap, trap_ms, trap_code = None, 0, 0
    if machine.trap is not None:
        handler = Shell(surroundings, machine.variables)
        trap_ms = _finish(handler, machine.trap) or 0
        trap, trap_code = tuple(handler.events), handler.status
    return Timeline(
        tuple(machine.events),
        end,
        machine.status if end is not None else 0,
        machine.serves_ms,
        machine.loop,
        trap,
        trap_ms,
        trap_code,
        waits,
        machine.asked,
        machine.at_ms if machine.hungry and end is None else None,
    )
